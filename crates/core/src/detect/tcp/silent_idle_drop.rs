//! A connection that was quiet for long, and of which nobody knows any more when it is used again.

use crate::detect::recapture;
use crate::detect::thresholds::{QUIET_LIMIT, SILENT_DROP_RETRANSMISSIONS, SILENT_DROP_SAMPLES};
use crate::detect::timeouts::path_candidates;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, ResetKind};
use crate::types::{Moment, Side, Span};

/// Detector of `silent-idle-drop`.
#[derive(Debug)]
pub(in crate::detect) struct SilentIdleDrop;

const CODE: &str = "silent-idle-drop";
/// What was written after the silence was answered by a RST.
const RESET: &str = "reset";
/// What was written after the silence was not answered.
const DROPPED: &str = "dropped";

impl Detector for SilentIdleDrop {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("silent_idle_drop.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["icmp-rejected"]
    }

    fn needs(&self) -> Shape {
        Shape::BOTH_SPOKE
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SPOKE, Shape::RESET | Shape::UNANSWERED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if c.traffic.client.first_payload.is_none() || c.traffic.server.first_payload.is_none() {
            return;
        }
        exam.applies();
        let Some(Failure { before, write, kind, proof }) = failure(c) else { return };
        let silence = write.at.since(before.at);
        if silence < QUIET_LIMIT {
            return;
        }
        if c.misses(Side::Client) || c.misses(Side::Server) {
            exam.not_visible(
                "packets are missing from the capture: it may not have been silent",
                recapture::ALL_HEADERS,
            );
            return;
        }
        exam.symptom(CODE, kind, Severity::Error, Confidence::Medium, &[Some(before), Some(write), Some(proof)])
            .happened(write)
            .span(Some(silence));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let Some(silences) = group.spans.whole() else { return Vec::new() };
        let (reset, dropped) = (group.of_kind(RESET), group.of_kind(DROPPED));
        let how = match (reset, dropped) {
            (_, 0) => "answered by a RST of a kind that says: no such connection",
            (0, _) => "never answered, though sent again and again",
            _ => "answered by a RST, or not at all",
        };
        let mut told = Told {
            summary: format!(
                "On {} to {} nothing was sent for {}, and the next packet of the client was {how} ({} of {}). Nobody had closed: \
                 something on the way, or the other end, had forgotten the connection meanwhile.",
                counted(group.count, "connection"),
                service.address(),
                if group.count == 1 { silences.longest().to_string() } else { silences.to_string() },
                group.count,
                group.applied,
            ),
            remedy: remedy(silences.shortest()),
            ..Told::default()
        };
        told.facts.add("silence_shortest_s", silences.shortest());
        told.facts.add("silence_longest_s", silences.longest());
        told.facts.add("reset", reset);
        told.facts.add("dropped", dropped);
        let survived = service.longest_survived.filter(|survived| *survived > Span::ZERO);
        if let Some(survived) = survived {
            told.facts.add("longest_survived_s", survived);
        }
        match survived {
            Some(survived) if survived >= silences.shortest() => {
                told.confidence = Some(Confidence::Low);
                told.summary += &format!(
                    " But another connection to it survived {survived} of silence: a fixed idle limit does not explain it; a restart, \
                     a failover or a full table may."
                );
            }
            Some(survived) => {
                told.summary +=
                    &format!(" The longest silence that was survived is {survived}: the limit lies between.");
            }
            None => {}
        }
        let bracketed = survived.is_none_or(|survived| survived < silences.shortest());
        if bracketed {
            told.candidates = path_candidates(survived, silences.shortest());
            if group.count >= SILENT_DROP_SAMPLES {
                told.confidence = Some(Confidence::High);
            }
        }
        told.not_visible.push(
            "who forgot it: a second capture at the server shows whether the packet after the silence arrived there, and who sent \
             the RST: `tcpdump -i any -s 128 -w FILE 'host CLIENT and tcp port PORT'` there, at the same time, and `handshark correlate` with both"
                .to_owned(),
        );
        vec![told]
    }
}

/// What the client wrote after a silence, and what became of it.
struct Failure {
    /// The last payload before the silence.
    before: Moment,
    write: Moment,
    kind: &'static str,
    /// The RST, or the last retransmission.
    proof: Moment,
}

fn failure(c: &Connection) -> Option<Failure> {
    let (write, None) = c.last_exchange? else { return None };
    let before = c.before_last_exchange?;
    // Probes keep it alive on the way, and a close tells everybody.
    let closed = [c.ending.fin.client, c.ending.fin.server].iter().flatten().any(|fin| fin.at.packet < write.packet);
    // A server that acknowledged the write still knew the connection.
    let heard = c.traffic.server.last_packet;
    if c.was_probed() || closed || c.visibility.one_way.is_some() {
        return None;
    }
    if let Some(reset) = c.ending.reset.filter(|_| c.ending.kind == CloseKind::Reset) {
        let forgotten = !matches!(reset.kind, ResetKind::Abort | ResetKind::ClosedPort);
        let answers = reset.by == Side::Server && reset.at.packet > write.packet && heard == Some(reset.at);
        return (forgotten && answers).then_some(Failure { before, write, kind: RESET, proof: reset.at });
    }
    let unanswered = c.traffic.client.unanswered.as_deref()?;
    let dead = unanswered.retransmissions >= SILENT_DROP_RETRANSMISSIONS && unanswered.first == write;
    let silent = heard.is_none_or(|heard| heard.at <= write.at);
    (dead && silent).then_some(Failure { before, write, kind: DROPPED, proof: unanswered.last })
}

fn remedy(died: Span) -> Vec<String> {
    let half = (died.as_secs_f64() / 2.0).floor().max(10.0);
    vec![
        format!(
            "Send keep-alive probes well before it: a first probe after at most {half:.0} s. Linux: `SO_KEEPALIVE` with \
             `net.ipv4.tcp_keepalive_time` or `TCP_KEEPIDLE`; nginx `proxy_socket_keepalive on` and `so_keepalive`; Envoy \
             `upstream_connection_options.tcp_keepalive` and Istio `connectionPool.tcp.tcpKeepalive`; HAProxy `option tcpka`; Go \
             `net.Dialer.KeepAlive`; Java `SO_KEEPALIVE` with `TCP_KEEPIDLE`; node `socket.setKeepAlive(true, ms)`."
        ),
        format!(
            "Or let pools close idle connections before it: an idle timeout below {:.0} s in the client's pool, the proxy's upstream \
             pool or the database driver.",
            died.as_secs_f64() * 0.8
        ),
        "Or raise the limit of the device, or let it say that it has forgotten: AWS NLB `tcp.idle_timeout.seconds`, Azure Load \
         Balancer `idleTimeoutInMinutes` and `enableTcpReset`, GCP Cloud NAT `tcpEstablishedIdleTimeoutSec`, Linux \
         `nf_conntrack_tcp_timeout_established`, IPVS `ipvsadm --set`, Cilium `bpf-ct-timeout-regular-tcp`."
            .to_owned(),
    ]
}
