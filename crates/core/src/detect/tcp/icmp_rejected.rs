//! A SYN, or what an open connection sent, answered by an ICMP error.

use crate::detect::thresholds::{ANSWER_WAIT, INITIAL_TTL_LEAST};
use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{Connection, IcmpNote, timeline};
use crate::types::{Moment, Side};

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
    /// The same where the address answered other attempts.
    if_reached: Option<&'static Reached>,
    /// The same of a connection that was open.
    live: Live,
}

/// What an error says of a connection that was open until then.
#[derive(Debug)]
struct Live {
    kind: &'static str,
    says: &'static str,
    remedy: &'static str,
}

/// What an error says of an address that can be reached.
#[derive(Debug)]
struct Reached {
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

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::REJECTED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if let Some(rejection) = rejection(c) {
            tell_live_symptom(c, &rejection, exam);
            return;
        }
        exam.applies();
        let Some(syn) = c.opening.syn else { return };
        let opened = c.opening.is_answered() || c.opening.ack.is_some() || c.carried_payload();
        let Some(error) = c.icmp_error.filter(|error| !opened && error.at.packet > syn.packet) else { return };
        let Some(meaning) = meaning(&error) else { return };
        exam.symptom(CODE, meaning.kind, Severity::Error, Confidence::High, &[Some(syn), Some(error.at)])
            .span(Some(error.at.at.since(syn.at)))
            .count(c.traffic.client.ttl.map(u32::from))
            .quote("from", &error.from.to_string());
        if meaning.kind == OTHER {
            exam.quote("error", &timeline::icmp(&error));
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let attempts = MEANINGS.iter().filter_map(|meaning| tell_one(meaning, case, service));
        attempts.chain(MEANINGS.iter().filter_map(|meaning| tell_live(meaning, case, service))).collect()
    }
}

/// An error about what an open connection had sent, which was lost for good.
struct Rejection {
    error: IcmpNote,
    meaning: &'static Meaning,
    /// Whose packets it was about.
    writer: Side,
    /// The first packet that was lost, the last try, and how often it was tried again.
    first: Option<Moment>,
    last: Option<Moment>,
    tries: u32,
}

fn rejection(c: &Connection) -> Option<Rejection> {
    let error = c.icmp_error?;
    let writer = error.lost?;
    let meaning = meaning(&error)?;
    // Who had closed may be gone; and where the other end itself ended it, it had been reached.
    let closed = c.ending.first.is_some_and(|end| end.packet < error.at.packet);
    let reached = c.ending.reset.is_some_and(|reset| reset.by == writer.peer());
    let waited = c.last.at.since(error.at.at).plus(c.visibility.capture_went_on) >= ANSWER_WAIT;
    if closed || reached || !waited {
        return None;
    }
    let sent = &c.traffic[writer];
    let (first, last, tries) = match (sent.unanswered.as_deref(), sent.probes.as_deref()) {
        (Some(lost), _) => (Some(lost.first), Some(lost.last), lost.retransmissions),
        (None, Some(probes)) => (Some(probes.first), Some(probes.last), probes.count.saturating_sub(1)),
        (None, None) => (None, None, 0),
    };
    Some(Rejection { error, meaning, writer, first, last, tries })
}

fn tell_live_symptom(c: &Connection, rejection: &Rejection, exam: &mut Exam<'_>) {
    let &Rejection { error, meaning, writer, first, last, tries } = rejection;
    exam.symptom(CODE, meaning.live.kind, Severity::Error, Confidence::High, &[first, Some(error.at), last])
        .happened(error.at)
        .span(Some(error.at.at.since(c.first.at)))
        .count(Some(tries))
        .quote("from", &error.from.to_string())
        .quote("writer", writer.name());
    if meaning.kind == OTHER {
        exam.quote("error", &timeline::icmp(&error));
    }
}

fn tell_live(meaning: &Meaning, case: &Case<'_>, service: &Service) -> Option<Told> {
    let group = case.group;
    let Live { kind, says: means, remedy } = meaning.live;
    let count = group.of_kind(kind);
    let first = |name| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
    let (from, writer) = (first("from")?, first("writer")?);
    let says = first("error").unwrap_or_else(|| meaning.says.to_owned());
    let (own_address, server) = (service.key.address.to_string(), service.address());
    let by_client = writer == Side::Client.name();
    let (sender, packets, unreached) = if by_client {
        ("client", format!("packets to {server}"), own_address.clone())
    } else {
        let client = group.only_client().map_or_else(|| "the client".to_owned(), |client| client.to_string());
        ("server", format!("packets from {server}"), client)
    };
    let who = if from == unreached { "The host itself" } else { from.as_str() };
    let tries = group.spread(kind)?.counts.whole()?.largest;
    let again = if tries > 0 { format!(", though sent again up to {tries} times") } else { String::new() };
    let lived = group.spread(kind)?.spans.whole()?;
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(kind),
        summary: format!(
            "{who} answered {packets} on connections that were open with the ICMP error \"{says}\" ({count} of {}): {means}. What the {sender} \
             sent was never acknowledged after that{again}.",
            counted(group.applied, "connection"),
        ),
        remedy: vec![remedy.replace("FROM", &from).replace("ADDRESS", &unreached)],
        ..Told::default()
    };
    told.facts.add("icmp_from", from);
    told.facts.add("icmp_error", says);
    told.facts.add("writer", writer);
    told.facts.add("open_before_s", lived.longest());
    told.facts.add("retransmissions_most", u64::try_from(tries).unwrap_or_default());
    Some(told)
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
    let says = group.quotes(meaning.kind, "error").first().map_or(meaning.says, |(error, _)| *error).to_owned();
    // Who answers on other ports, or at other times, can be reached.
    let is_reached = service.answered + case.host.answered_elsewhere > 0;
    let from_afar = meaning.if_reached.filter(|_| is_reached).map_or(meaning.from_afar, |reached| reached.from_afar);
    let mut remedy = vec![meaning.if_reached.filter(|_| is_reached).map_or(meaning.remedy, |reached| reached.remedy)];
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(meaning.kind),
        summary: format!(
            "{} answered the SYN to {} with the ICMP error \"{}\" ({count} of {}): {}.",
            if own { "The host itself".to_owned() } else { format!("{first}{others}") },
            service.address(),
            says,
            counted(group.applied, "attempt"),
            if own { "a rule on it refuses the port" } else { from_afar },
        ),
        ..Told::default()
    };
    let ttl = group.spread(meaning.kind).and_then(|spread| spread.counts.whole()).filter(|_| meaning.kind == EXPIRED);
    if let Some(ttl) = ttl {
        let range = if ttl.smallest == ttl.largest {
            ttl.smallest.to_string()
        } else {
            format!("{} to {}", ttl.smallest, ttl.largest)
        };
        told.summary +=
            &format!(" The SYN had TTL {range} when it was captured, and was thrown away that many hops further on.");
        told.facts.add("ttl_of_syn", range);
        remedy = vec![if ttl.smallest < INITIAL_TTL_LEAST { LOW_TTL } else { meaning.remedy }];
    }
    let fill = |text: &str| text.replace("FROM", first).replace("ADDRESS", &service.key.address.to_string());
    told.remedy = remedy.into_iter().map(fill).collect();
    if service.answered > 0 {
        told.summary += &format!(
            " The same address and port answered {} in this capture.",
            counted(service.answered, "other attempt")
        );
    } else if case.host.answered_elsewhere > 0 {
        told.summary += &format!(
            " Other ports of the address answered {} in this capture.",
            counted(case.host.answered_elsewhere, "attempt")
        );
    }
    if others.is_empty() && !own {
        told.common.push(Common {
            key: format!("{first} {}", meaning.kind),
            least: 2,
            sentence: format!(
                "{first} answered the SYN to SERVICES services with the ICMP error \"{says}\" in COUNT attempts: {from_afar}."
            ),
            advice: None,
        });
    }
    told.facts.add("icmp_from", first.to_owned());
    told.facts.add("icmp_error", says);
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
        (false, 3, 2) => PROTOCOL,
        (false, 3, 1 | 7) | (true, 1, 3) => HOST,
        (false, 3, 0 | 6) | (true, 1, 0 | 2) => ROUTE,
        (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => PROHIBITED,
        (false, 11, 0) | (true, 3, 0) => EXPIRED,
        _ => OTHER,
    };
    MEANINGS.iter().find(|meaning| meaning.kind == kind)
}

const PORT: &str = "port-unreachable";
const PROTOCOL: &str = "protocol-unreachable";
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
        if_reached: None,
        live: Live {
            kind: "live-port-unreachable",
            says: "a rule refuses by now what it had let through",
            remedy: RULES_CHANGED,
        },
    },
    Meaning {
        kind: PROTOCOL,
        says: "protocol unreachable",
        from_afar: "a device on the way refused it, not the server",
        remedy: "Every host knows TCP, so this is a rule: `iptables -j REJECT --reject-with icmp-proto-unreachable`, nftables `reject with icmp \
                 prot-unreachable`. Look on FROM: `iptables-save | grep REJECT`, `nft list ruleset`.",
        if_reached: None,
        live: Live {
            kind: "live-protocol-unreachable",
            says: "a rule refuses by now what it had let through",
            remedy: RULES_CHANGED,
        },
    },
    Meaning {
        kind: HOST,
        says: "host unreachable",
        from_afar: "the last router found no host with that address",
        remedy: "FROM found nobody with that address on its last network (no answer to ARP or neighbour solicitation, which takes \
                 about 3 s): is ADDRESS the right address, is that host up? `ip neigh show ADDRESS` on FROM.",
        if_reached: Some(&RULE),
        live: Live {
            kind: "live-host-unreachable",
            says: "it says that it finds no host with that address any more",
            remedy: "FROM had reached ADDRESS until then, and got no answer to ARP or neighbour solicitation any more: see whether the host, virtual machine or \
                     container stopped or lost its link at that time; `ip neigh show ADDRESS` on FROM and its log. If both are well, a rule on FROM answers so.",
        },
    },
    Meaning {
        kind: ROUTE,
        says: "no route to destination",
        from_afar: "that router has no way to the address",
        remedy: "FROM has no route to ADDRESS: `ip route get ADDRESS` there. For IPv6: no default route, or an address that is \
                 announced but not routed.",
        if_reached: Some(&RULE),
        live: Live {
            kind: "live-no-route",
            says: "it says that it has no way to that address any more",
            remedy: "Look at what changed on FROM at that time: `ip route get ADDRESS` there, the log of its routing daemon and of its interfaces, a VPN that went \
                     down. If the way is there, a rule on FROM answers so: `nft list ruleset`.",
        },
    },
    Meaning {
        kind: PROHIBITED,
        says: "administratively prohibited",
        from_afar: "a router or firewall on the way refused it, not the server",
        remedy: "A firewall at FROM refuses it: firewalld and `REJECT --reject-with icmp-admin-prohibited`, a router's access list, \
                 a reject route, a network policy. Ask who runs FROM.",
        if_reached: None,
        live: Live {
            kind: "live-prohibited",
            says: "a rule on it refuses by now what it had let through",
            remedy: RULES_CHANGED,
        },
    },
    Meaning {
        kind: EXPIRED,
        says: "hop limit exceeded",
        from_afar: "the SYN never arrived",
        remedy: "No way is so long: look for a routing loop near FROM with `traceroute -T -p PORT ADDRESS`.",
        if_reached: None,
        live: Live {
            kind: "live-hop-limit",
            says: "they ran out of hops on the way",
            remedy: "Look at the TTL of the packets that the errors quote (`ip.ttl`): 64 or more when they left says that there is a routing loop near FROM now \
                     (`traceroute -T -p PORT ADDRESS`); a low one was set by the sender (IP_TTL).",
        },
    },
    Meaning {
        kind: OTHER,
        says: "an error without a name",
        from_afar: "a device on the way refused it, not the server",
        remedy: "What the type and code mean stands in RFC 792 and RFC 4443, and in IANA's lists of ICMP parameters; why it was sent is known on FROM.",
        if_reached: None,
        live: Live {
            kind: "live-other",
            says: "a device on the way throws them away",
            remedy: "What the type and code mean stands in RFC 792 and RFC 4443, and in IANA's lists of ICMP parameters; why it was sent is known on FROM.",
        },
    },
];

/// Of rules that refuse what they had let through.
const RULES_CHANGED: &str = "Look at what changed on FROM at that time: rules that were loaded anew (`nft list ruleset`, `iptables-save`, firewalld, a network policy, \
                             a security group) or a connection that they forgot. A rule before the others that lets open connections pass (`ct state \
                             established,related accept`) keeps them alive.";

/// Of host unreachable and no route.
const RULE: Reached = Reached {
    from_afar: "yet there is a way, as the address answered other attempts: a rule answers so, or the way was missing for a time",
    remedy: "On FROM look for a rule that rejects with this error: `nft list ruleset`, `iptables-save | grep REJECT`. If there is none, look \
             for what changed its way to ADDRESS at that time: `ip route get ADDRESS`, `ip neigh show ADDRESS`, its log.",
};

/// Hop limit exceeded, by a SYN that had few hops left.
const LOW_TTL: &str = "Systems begin with TTL 64, 128 or 255. Captured at the client, a low one was set there: traceroute, the socket option \
                       IP_TTL, BGP without ebgp-multihop, `net.ipv4.ip_default_ttl`. Captured far from it, the hops before here used it up: a \
                       very long way, or a routing loop before this point (`traceroute -T -p PORT ADDRESS` from the client).";
