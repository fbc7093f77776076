//! One client uses up nearly all of its ports towards one address and port within the minute for which each is kept.

use crate::detect::minute::Minute;
use crate::detect::shape::is_sample;
use crate::detect::thresholds::{
    IANA_PORTS, LINUX_PORTS, OWN_PORTS_LEAST, OWN_PORTS_SHARE, OWN_PORTS_TIMES, PORTS_SHARE,
};
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;

/// Detector of `ephemeral-port-exhaustion`.
#[derive(Debug)]
pub(in crate::detect) struct EphemeralPortExhaustion;

const CODE: &str = "ephemeral-port-exhaustion";

/// The first port that Windows, macOS and the BSDs give out.
const IANA_FIRST: u16 = 49_152;

impl Detector for EphemeralPortExhaustion {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("ephemeral_port_exhaustion.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::SYN_ACK | Shape::ENDED | Shape::SAMPLE
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let (Some(syn), Some(_), Some(end)) = (c.opening.syn, c.opening.syn_ack, c.ending.first) else { return };
        if !is_sample(c) {
            return;
        }
        // Every connection takes a port: what counts is how many do within a minute, and the service knows that.
        exam.symptom(CODE, "port", Severity::Warning, Confidence::Medium, &[Some(syn), Some(end)]).quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let near =
            service.minutes().filter_map(|(client, minute)| Some((client, minute, Range::near_its_end(minute)?)));
        let Some((client, minute, range)) = near.max_by_key(|(_, minute, _)| minute.most()) else { return Vec::new() };
        let (low, high) = minute.ports();
        let most = minute.most();
        let mut told = Told { affected: Some(u64::from(most)), of: Some(service.connections), ..Told::default() };
        told.facts.add("client", client.to_string());
        told.facts.add("connections_within_a_minute", most);
        match range {
            Range::Default(ports) => told.facts.add("ports_by_default", ports),
            Range::Own(ports) => told.facts.add("ports_of_its_own", ports),
        }
        told.facts.add("lowest_port", u32::from(low));
        told.facts.add("highest_port", u32::from(high));
        let of_them = |ports: u32| f64::from(most) * 100.0 / f64::from(ports);
        told.summary = format!(
            "{client} opened {most} connections to {} within one minute and closed them first, so that each port stays taken for that \
             long: {}. When none is left, connecting fails on the client (EADDRNOTAVAIL, \"cannot assign requested address\") without a \
             packet.",
            service.address(),
            match range {
                Range::Default(ports) => format!(
                    "{:.0} % of the {ports} ports that a host has by default (ports {low} to {high} were used)",
                    of_them(ports)
                ),
                Range::Own(ports) => format!(
                    "{:.0} % of ports {low} to {high}, and of its {} connections none came from another port: these {ports} are all it has",
                    of_them(ports),
                    minute.total(),
                ),
            },
        );
        told.not_visible = vec![
            "attempts that failed for want of a port: they send no packet; look for EADDRNOTAVAIL in the client's log".to_owned(),
            "the client's own range of ports: `sysctl net.ipv4.ip_local_port_range` there, or the ports of its NAT gateway".to_owned(),
        ];
        told.remedy = remedy();
        vec![told]
    }
}

/// A range of ports, by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// What a host has by default.
    Default(u32),
    /// Less than that, as its use shows: each port is used again, and no other one.
    Own(u32),
}

impl Range {
    /// The range that is nearly used up. Who needs far more than there are does not wait for ports to become free.
    fn near_its_end(minute: &Minute) -> Option<Self> {
        let (low, high) = minute.ports();
        let share_of = |ports: u32| f64::from(minute.most()) / f64::from(ports);
        let ports = if low >= IANA_FIRST { IANA_PORTS } else { LINUX_PORTS };
        if (PORTS_SHARE..1.0 + (1.0 - PORTS_SHARE) / 2.0).contains(&share_of(ports)) {
            return Some(Self::Default(ports));
        }
        let own = u32::from(high.checked_sub(low)?) + 1;
        let again = f64::from(minute.total()) >= f64::from(own) * OWN_PORTS_TIMES;
        let all = (OWN_PORTS_SHARE..=1.0).contains(&share_of(own));
        (own >= OWN_PORTS_LEAST && own < ports && again && all).then_some(Self::Own(own))
    }
}

fn remedy() -> Vec<String> {
    [
        "Reuse connections: one client object with a pool for the life of the process (Go `MaxIdleConnsPerHost`, Python `Session`, \
         nginx `keepalive` in the upstream block with HTTP/1.1, HAProxy `http-reuse`, Envoy without `max_requests_per_connection: 1`).",
        "More ports on the client: `net.ipv4.ip_local_port_range=\"1024 65535\"`, `net.ipv4.tcp_tw_reuse=1` (it needs timestamps), \
         several source addresses, several destination addresses or ports. Programs that bind before connecting: \
         `IP_BIND_ADDRESS_NO_PORT` (Envoy, nginx `proxy_bind`, HAProxy `source` set it).",
        "Behind NAT the gateway's ports count: AWS NAT gateway (55,000 for each destination; metric ErrorPortAllocation), Azure \
         (SnatConnectionCount, `allocatedOutboundPorts`, NAT gateway), GCP Cloud NAT (`minPortsPerVm`, 64 by default).",
        "Let the server close first where it may: then the port is free on the client at once.",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    fn used(count: u32, from: u16) -> Minute {
        let mut minute = Minute::default();
        for n in 0..count {
            minute.count(Timestamp::from_nanos(i64::from(n)), from.saturating_add((n % 16_000) as u16));
        }
        minute
    }

    #[test]
    fn near_the_end_of_the_default_range() {
        let range = |count, from| Range::near_its_end(&used(count, from));
        assert_eq!(range(22_600, 32_768), Some(Range::Default(LINUX_PORTS)));
        assert_eq!(range(13_200, 49_152), Some(Range::Default(IANA_PORTS)));
        assert_eq!(range(13_200, 32_768), None);
        assert_eq!(range(60_000, 32_768), None, "its range is larger, or ports come back at once");
    }

    /// Connections one after the other from a range of ports, so many each minute.
    fn in_turn(count: u32, ports: u16, a_minute: i64) -> Minute {
        let mut minute = Minute::default();
        for n in 0..count {
            let at = i64::from(n) * 60_000_000_000 / a_minute;
            minute.count(Timestamp::from_nanos(at), 40_000 + (n % u32::from(ports)) as u16);
        }
        minute
    }

    #[test]
    fn near_the_end_of_a_range_of_its_own() {
        let range = |count, ports, a_minute| Range::near_its_end(&in_turn(count, ports, a_minute));
        assert_eq!(range(200, 100, 100), Some(Range::Own(100)));
        assert_eq!(range(100, 100, 100), None, "no port was used again: there may be more");
        assert_eq!(range(300, 100, 90), None, "ports are left");
        assert_eq!(range(300, 100, 150), None, "ports come back sooner");
        assert_eq!(range(60, 30, 30), None, "so few are a choice of the program");
    }
}
