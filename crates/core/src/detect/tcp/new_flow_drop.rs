//! New connections fail to many servers at once when many are made, and those that exist go on.

use crate::detect::load::Stretch;
use crate::detect::openings::{self, LATE, NEVER};
use crate::detect::thresholds::{
    BUSY_ATTEMPTS, BUSY_MISSED_SHARE, CALM_MISSED_SHARE, PLATEAU_SPREAD, POWER_OF_TWO_NEAR, SERVERS_HIT, SERVERS_MOST,
};
use crate::detect::trouble::{self, Fared, OfAddress};
use crate::detect::words::{counted, is_share, listed};
use crate::detect::{Case, Detector, Exam, Scope, Shape, Told};
use crate::record::Connection;
use crate::types::{Side, Span};

/// Detector of `new-flow-drop`.
#[derive(Debug)]
pub(in crate::detect) struct NewFlowDrop;

const CODE: &str = "new-flow-drop";

impl Detector for NewFlowDrop {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("new_flow_drop.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    /// Those that opened at a later SYN did not fail.
    fn explains_failures(&self) -> bool {
        false
    }

    fn needs(&self) -> Shape {
        Shape::SYN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::SYN_REPEATED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if openings::examine(c, exam, CODE) {
            exam.quote("server", &c.server.address.to_string());
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (servers, most) = servers_hit(case);
        if servers < SERVERS_HIT || is_share(most, case.group.count, SERVERS_MOST) {
            return Vec::new();
        }
        let Some((held, found)) = at_its_size(case) else { return Vec::new() };
        let per_second = |attempts: u32| f64::from(attempts) / case.load.resolution().as_secs_f64();
        let mut told = Told::default();
        told.facts.add("servers_hit", servers as u64);
        told.facts.add("missed_share_when_busy", found.busy.share());
        told.facts.add("missed_share_when_calm", found.calm.share());
        told.facts.add("attempts_per_second_when_busy", per_second(found.busy_from));
        told.facts.add("attempts_per_second_when_calm", per_second(found.calm_to));
        told.facts.add("tracked_when_busy_least", found.tracked.0);
        told.facts.add("tracked_when_busy_most", found.tracked.1);
        told.summary = format!(
            "New connections go unanswered when many are made, to {} or more servers at once: {:.1} % of first SYNs at {:.0} attempts a \
             second and more, {:.1} % at {:.0} and fewer. No one server explains that; something that all of these pass does: a full \
             connection-tracking table, or a limit of new connections.",
            servers,
            found.busy.share() * 100.0,
            per_second(found.busy_from),
            found.calm.share() * 100.0,
            per_second(found.calm_to),
        );
        if let Some((client, count)) = case.group.clients.iter().max_by_key(|(_, count)| *count) {
            told.facts.add("most_from", client.to_string());
            if case.load.trouble.contrast(Side::Client).is_none() {
                told.summary += &match case.group.only_client() {
                    Some(_) => format!(" All of them are from {client}."),
                    None => format!(" {count} of the {} are from {client}.", counted(case.group.count, "such attempt")),
                };
            }
        }
        if let Some(size) = found.plateau() {
            told.facts.add("plateau_near", size);
            told.facts.add("plateau_with_closed_within_s", held);
            told.summary += &format!(
                " Open connections, and those closed within {held}, stay at {} to {} in the seconds with loss, near {size}: a usual size of \
                 such a table.",
                found.tracked.0, found.tracked.1
            );
        }
        told.remedy = remedy();
        tell_who(&mut told, case, Side::Client);
        tell_who(&mut told, case, Side::Server);
        // Who opened late did not fail.
        let (late, never) = (case.group.of_kind(LATE), case.group.of_kind(NEVER));
        if never > 0 {
            told.affected = Some(never);
            told.example_kind = Some(NEVER);
            told.facts.add("opened_by_a_retry", late);
            if late > 0 {
                told.summary += &format!(" {never} never opened, {late} when the client had sent its SYN again.");
            }
        }
        told.not_visible
            .push("the table: `conntrack -C` against `sysctl net.netfilter.nf_conntrack_max` on each node".to_owned());
        vec![told]
    }
}

/// Servers with unanswered SYNs (as many as are told apart), and the most of them at one.
fn servers_hit(case: &Case<'_>) -> (usize, u64) {
    let mut servers: Vec<(&str, u64)> = Vec::new();
    for (server, count) in [LATE, NEVER].into_iter().flat_map(|kind| case.group.quotes(kind, "server")) {
        match servers.iter_mut().find(|(known, _)| *known == server) {
            Some((_, sum)) => *sum += count,
            None => servers.push((server, count)),
        }
    }
    (servers.len(), servers.iter().map(|(_, count)| *count).max().unwrap_or(0))
}

/// How long a closed connection is held in a table: Cilium 10 s, Linux 120 s (TIME_WAIT).
const HELD: [Span; 2] = [Span::from_secs(10), Span::from_secs(120)];

/// The contrast of busy and calm times, with the number of connections that a table would hold: as such a table counts, where that number
/// stands still at a usual size of one.
fn at_its_size(case: &Case<'_>) -> Option<(Span, Contrast)> {
    let found = |held: Span| Some((held, Contrast::of(&case.load.stretches(held))?));
    let full = HELD.into_iter().filter_map(found).find(|(_, found)| found.plateau().is_some());
    full.or_else(|| HELD.first().copied().and_then(found))
}

/// Says which clients, or servers, are hit and which are not while that lasts.
fn tell_who(told: &mut Told, case: &Case<'_>, side: Side) {
    let Some(trouble::Contrast { hit, spared }) = case.load.trouble.contrast(side) else { return };
    let of = |(address, fared): &OfAddress| format!("{address} {:.1} % of {}", fared.share() * 100.0, fared.attempts);
    let texts = |all: &[OfAddress]| all.iter().map(of).collect::<Vec<_>>();
    let list = |all: &[OfAddress]| listed(texts(all).into_iter(), 3);
    let names = |all: &[OfAddress]| listed(all.iter().map(|(address, _)| address.to_string()), 3);
    let (who, keys, what) = match side {
        Side::Client => ("clients", ["clients_hit", "clients_spared"], "their node, NAT or uplink"),
        Side::Server => {
            ("servers", ["servers_hit_most", "servers_spared"], "a node, firewall or NAT gateway on the way")
        }
    };
    told.summary += &format!(
        " In the same seconds some {who} are hit and others are not (first SYNs without an answer): {}; {}. What the former pass and the \
         latter do not is where to look: {what}.",
        list(&hit),
        list(&spared),
    );
    told.remedy.insert(
        0,
        format!(
            "Compare what is on the way of {} with what is on the way of {}: there lies the difference.",
            names(&hit),
            names(&spared)
        ),
    );
    told.facts.add(keys[0], texts(&hit));
    told.facts.add(keys[1], texts(&spared));
}

/// How attempts fared when many were made, and when few were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Contrast {
    busy: Fared,
    calm: Fared,
    /// Attempts in the least busy of the busy spans, and in the busiest of the calm ones.
    busy_from: u32,
    calm_to: u32,
    /// The fewest and the most connections that were tracked in busy spans with loss.
    tracked: (u32, u32),
    /// Busy spans with loss.
    lossy: usize,
}

impl Contrast {
    fn of(stretches: &[Stretch]) -> Option<Self> {
        let peak = stretches.iter().map(|stretch| stretch.attempts).max()?;
        let (busy_from, calm_to) = (peak / 2, peak / 4);
        let (mut busy, mut calm) = (Fared::default(), Fared::default());
        let (mut tracked, mut lossy) = ((u32::MAX, 0), 0);
        for stretch in stretches {
            if stretch.attempts >= busy_from {
                busy.add(stretch.attempts.into(), stretch.missed.into());
                if stretch.missed > 0 {
                    lossy += 1;
                    tracked = (tracked.0.min(stretch.tracked), tracked.1.max(stretch.tracked));
                }
            } else if stretch.attempts <= calm_to {
                calm.add(stretch.attempts.into(), stretch.missed.into());
            }
        }
        let enough = busy.attempts >= BUSY_ATTEMPTS && calm.attempts >= BUSY_ATTEMPTS / 4;
        let differ = busy.share() >= BUSY_MISSED_SHARE && calm.share() <= busy.share() * CALM_MISSED_SHARE;
        (enough && differ).then_some(Self { busy, calm, busy_from, calm_to, tracked, lossy })
    }

    /// The power of two at which the number of tracked connections stands still.
    fn plateau(&self) -> Option<u32> {
        let (least, most) = self.tracked;
        let still = self.lossy >= 3 && f64::from(most - least.min(most)) <= f64::from(most) * PLATEAU_SPREAD;
        let near = |size: &u32| f64::from(most.abs_diff(*size)) <= f64::from(*size) * POWER_OF_TWO_NEAR;
        (10..=22).map(|power| 1_u32 << power).find(near).filter(|_| still)
    }
}

fn remedy() -> Vec<String> {
    [
        "Compare the table with its size on every node that the connections pass: `conntrack -C` and `sysctl \
         net.netfilter.nf_conntrack_max`, `dmesg | grep 'table full'`, `conntrack -S` (drop, early_drop); Cilium: `cilium bpf ct list \
         global | wc -l` and `cilium monitor --type drop` (\"CT: Map insertion failed\").",
        "Make it larger: `nf_conntrack_max` with `nf_conntrack_buckets` (kube-proxy `conntrack.maxPerCore`); Cilium \
         `bpf-ct-global-tcp-max` or `bpf-map-dynamic-size-ratio`.",
        "Fill it slower: keep-alive and pools (see connection-churn), shorter `nf_conntrack_tcp_timeout_time_wait` (120 s) and \
         `_syn_sent` (120 s), Cilium `bpf-ct-timeout-regular-tcp-fin`.",
        "Cloud limits act alike: AWS `ethtool -S eth0 | grep conntrack_allowance_exceeded` and ErrorPortAllocation of NAT gateways, \
         Azure limits of flows for each VM, GCP Cloud NAT dropped_sent_packets_count.",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(attempts: u32, missed: u32, tracked: u32) -> Stretch {
        Stretch { attempts, missed, tracked }
    }

    #[test]
    fn a_table_that_is_full_stands_still_at_its_size() {
        let calm = (0..20).map(|n| second(3_000, 0, 30_000 + n * 11_600));
        let full = (0..5).map(|n| second(9_400, 1_100, 262_100 - n));
        let found = Contrast::of(&calm.chain(full).collect::<Vec<_>>());
        assert_eq!(found, None, "3,000 is more than a quarter of 9,400: not calm");
        let calm = (0..20).map(|n| second(2_000, 0, 30_000 + n * 11_600));
        let full = (0..5).map(|n| second(9_400, 1_100, 262_100 - n));
        let found = Contrast::of(&calm.chain(full).collect::<Vec<_>>()).expect("loss when busy alone");
        assert_eq!(found.plateau(), Some(262_144));
        assert!((found.busy.share() - 0.117).abs() < 0.001 && found.calm.missed == 0);
    }

    #[test]
    fn loss_at_all_times_is_no_full_table() {
        let all: Vec<_> = (0..20)
            .map(|n| second(if n % 2 == 0 { 1_000 } else { 100 }, if n % 2 == 0 { 100 } else { 9 }, 0))
            .collect();
        assert_eq!(Contrast::of(&all), None);
    }

    #[test]
    fn numbers_that_grow_are_no_plateau() {
        let calm = (0..20).map(|_| second(100, 0, 0));
        let busy = (0..5).map(|n| second(1_000, 100, 2_000 * (n + 1)));
        let found = Contrast::of(&calm.chain(busy).collect::<Vec<_>>()).expect("loss when busy alone");
        assert_eq!(found.plateau(), None);
    }
}
