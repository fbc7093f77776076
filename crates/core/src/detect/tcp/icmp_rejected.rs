//! A SYN answered by an ICMP error.

use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{Connection, IcmpNote};

/// Detector of `icmp-rejected`.
#[derive(Debug)]
pub(in crate::detect) struct IcmpRejected;

const CODE: &str = "icmp-rejected";

/// What an error says: also the kind of the symptom.
#[derive(Debug)]
struct Meaning {
    kind: &'static str,
    says: &'static str,
    /// What follows where another than the server's host said so.
    from_afar: &'static str,
    remedy: &'static str,
}

impl Detector for IcmpRejected {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("icmp_rejected.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::ANY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(syn) = c.opening.syn else { return };
        exam.applies();
        let opened = c.opening.is_answered() || c.opening.ack.is_some() || c.carried_payload();
        let Some(error) = c.icmp_error.filter(|error| !opened && error.at.packet > syn.packet) else { return };
        let Some(meaning) = meaning(&error) else { return };
        exam.symptom(CODE, meaning.kind, Severity::Error, Confidence::High, &[Some(syn), Some(error.at)])
            .span(Some(error.at.at.since(syn.at)))
            .quote("from", &error.from.to_string());
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        MEANINGS.iter().filter_map(|meaning| tell_one(meaning, case, service)).collect()
    }
}

fn tell_one(meaning: &Meaning, case: &Case<'_>, service: &Service) -> Option<Told> {
    let group = case.group;
    let count = group.of_kind(meaning.kind);
    let from: Vec<&str> = group.quotes(meaning.kind, "from").into_iter().map(|(from, _)| from).collect();
    let first = *from.first()?;
    let own = first == service.key.address.to_string();
    let others = if from.len() > 1 {
        format!(" and {}", counted(from.len() as u64 - 1, "other address"))
    } else {
        String::new()
    };
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(meaning.kind),
        summary: format!(
            "{} answered the SYN to {} with the ICMP error \"{}\" ({count} of {}): {}.",
            if own { "The host itself".to_owned() } else { format!("{first}{others}") },
            service.address(),
            meaning.says,
            counted(group.applied, "attempt"),
            if own { "a rule on it refuses the port" } else { meaning.from_afar },
        ),
        remedy: vec![meaning.remedy.replace("FROM", first).replace("ADDRESS", &service.key.address.to_string())],
        ..Told::default()
    };
    if service.answered > 0 {
        told.summary += &format!(
            " The same address and port answered {} in this capture.",
            counted(service.answered, "other attempt")
        );
    }
    if others.is_empty() && !own {
        told.common.push(Common {
            key: format!("{first} {}", meaning.kind),
            least: 2,
            sentence: format!(
                "{first} answered the SYN to SERVICES services with the ICMP error \"{}\" in COUNT attempts: {}.",
                meaning.says, meaning.from_afar
            ),
            advice: None,
        });
    }
    told.facts.add("icmp_from", first.to_owned());
    told.facts.add("icmp_error", meaning.says);
    if let Some(after) = group.spread(meaning.kind).and_then(|spread| spread.spans.whole()) {
        told.facts.add("answered_after_s", after.middle());
    }
    Some(told)
}

/// What an error means for the SYN that it quotes; `None` for those that refuse nothing (path MTU).
fn meaning(error: &IcmpNote) -> Option<&'static Meaning> {
    let kind = match (error.v6, error.kind, error.code) {
        (false, 3, 4) | (true, 2, _) => return None,
        (false, 3, 3) | (true, 1, 4) => PORT,
        (false, 3, 1 | 7) | (true, 1, 3) => HOST,
        (false, 3, 0 | 6) | (true, 1, 0 | 2) => ROUTE,
        (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => PROHIBITED,
        (false, 11, _) | (true, 3, _) => EXPIRED,
        _ => OTHER,
    };
    MEANINGS.iter().find(|meaning| meaning.kind == kind)
}

const PORT: &str = "port-unreachable";
const HOST: &str = "host-unreachable";
const ROUTE: &str = "no-route";
const PROHIBITED: &str = "prohibited";
const EXPIRED: &str = "hop-limit";
const OTHER: &str = "other";

/// RFC 792 and RFC 1812 section 5.2.7.1 for ICMP, RFC 4443 section 3 for ICMPv6.
const MEANINGS: &[Meaning] = &[
    Meaning {
        kind: PORT,
        says: "port unreachable",
        from_afar: "a device on the way refused it, not the server",
        remedy: "A host without a listener answers a SYN with a RST, so this is a rule: `iptables -j REJECT` without \
                 `--reject-with tcp-reset`, nftables `reject`; in Kubernetes kube-proxy for a Service without ready endpoints \
                 (`kubectl get endpointslices`). Look on FROM: `iptables-save | grep REJECT`, `nft list ruleset`.",
    },
    Meaning {
        kind: HOST,
        says: "host unreachable",
        from_afar: "the last router found no host with that address",
        remedy: "FROM found nobody with that address on its last network (no answer to ARP or neighbour solicitation, which takes \
                 about 3 s): is ADDRESS the right address, is that host up? `ip neigh show ADDRESS` on FROM.",
    },
    Meaning {
        kind: ROUTE,
        says: "no route to destination",
        from_afar: "that router has no way to the address",
        remedy: "FROM has no route to ADDRESS: `ip route get ADDRESS` there. For IPv6: no default route, or an address that is \
                 announced but not routed.",
    },
    Meaning {
        kind: PROHIBITED,
        says: "administratively prohibited",
        from_afar: "a router or firewall on the way refused it, not the server",
        remedy: "A firewall at FROM refuses it: firewalld and `REJECT --reject-with icmp-admin-prohibited`, a router's access list, \
                 a reject route, a network policy. Ask who runs FROM.",
    },
    Meaning {
        kind: EXPIRED,
        says: "hop limit exceeded",
        from_afar: "the SYN never arrived",
        remedy: "The packet went in circles: a routing loop near FROM, seen with `traceroute -T -p PORT ADDRESS`.",
    },
    Meaning {
        kind: OTHER,
        says: "destination unreachable",
        from_afar: "a device on the way refused it, not the server",
        remedy: "Look at the packet of the error: its code names the reason.",
    },
];
