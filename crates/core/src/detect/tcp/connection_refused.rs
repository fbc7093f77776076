//! A SYN answered by a RST.

use crate::detect::fallback::MadeGood;
use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Host, Scan, Service, Severity, Shape, Told};
use crate::record::{Connection, ResetKind};
use crate::types::Side;

/// Detector of `connection-refused`.
#[derive(Debug)]
pub(in crate::detect) struct ConnectionRefused;

const CODE: &str = "connection-refused";

impl Detector for ConnectionRefused {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("connection_refused.md")
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
        if c.opening.is_answered() || c.opening.ack.is_some() || c.opening.simultaneous || c.carried_payload() {
            return;
        }
        let Some(reset) = c.ending.reset.filter(|reset| reset.by == Side::Server) else { return };
        let (kind, confidence) = match reset.kind {
            ResetKind::ClosedPort => ("closed-port", Confidence::High),
            ResetKind::NoSuchConnection | ResetKind::Abort | ResetKind::FromThePath | ResetKind::Unclear => {
                ("other-shape", Confidence::Medium)
            }
        };
        exam.symptom(CODE, kind, Severity::Error, confidence, &[Some(syn), Some(reset.at)])
            .span(Some(reset.at.at.since(syn.at)))
            .count(Some(c.opening.syns_sent()));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let refused = case.group.count;
        let mut told = Told::default();
        let ttls = other_ttls(service, case.host);
        let from_elsewhere = ttls.is_some_and(|(usual, low, high)| !(low..=high).contains(&usual));
        let attempts = counted(case.group.applied, "attempt");
        let mut summary = if from_elsewhere {
            format!(
                "A RST in the name of {} answered the SYN: connection refused ({refused} of {attempts}).",
                service.address()
            )
        } else {
            format!("{} answered the SYN with a RST: connection refused ({refused} of {attempts}).", service.address())
        };
        if refused > 1 {
            summary += &format!(" The first and the last of them are {} apart.", case.group.duration());
        }
        told.facts.add("refused", refused);
        told.facts.add("accepted", service.answered);
        if let Some(spread) = case.group.spans.whole() {
            told.facts.add("answered_after_s", spread.middle());
        }
        let other_shape = case.group.of_kind("other-shape");
        if other_shape > 0 {
            told.facts.add("other_shape", other_shape);
            summary += &format!(
                " {} without the shape with which a host answers for a closed port (RST and ACK, sequence number 0, \
                 acknowledging the SYN).",
                counted(other_shape, "RST")
            );
        }
        if service.answered > 0 {
            summary += &format!(
                " The same address and port accepted {} in this capture.",
                counted(service.answered, "other attempt")
            );
        }
        if let Some(good) = case.load.fallbacks.of(service.key).filter(|good| good.attempts == refused) {
            return vec![made_good(told, summary, good)];
        }
        if let Some(scan) = case.host.scan.filter(|scan| service.asked_once_by() == Some(scan.client)) {
            return vec![scanned(told, &scan, service)];
        }
        match ttls {
            Some((usual, low, high)) => {
                told.facts.add("ttl_of_rsts", vec![low.to_string(), high.to_string()]);
                told.facts.add("ttl_of_other_packets", u32::from(usual));
                let ttls = if low == high { low.to_string() } else { format!("{low} to {high}") };
                summary += &format!(
                    " The RSTs carry TTL {ttls}, other packets from that address {usual}: a device on the path, or another \
                     host behind the address, may have sent them; or the application sets a TTL of its own (BGP: 255)."
                );
            }
            None if case.host.ttl.is_none() => {
                told.not_visible.push(
                    "whether the host or a device in front of it sent the RST: no other packet of that address was \
                     captured whose TTL could be compared; `tcpdump -i any -w FILE 'host CLIENT and tcp port PORT'` on the server shows whether it \
                     did"
                        .to_owned(),
                );
            }
            None => summary += " The RSTs carry the TTL of that address's other packets.",
        }
        if service.answered == 0 && case.host.answered_elsewhere > 0 {
            summary += &format!(
                " Other ports of the address answered {} in this capture.",
                counted(case.host.answered_elsewhere, "attempt")
            );
        }
        told.summary = summary;
        told.remedy = remedy(service, from_elsewhere);
        told.common.push(Common::of_host(service, "The SYN was answered with a RST in COUNT attempts"));
        told.common.extend(Common::of_client(case.group, "The SYN was answered with a RST in COUNT attempts"));
        vec![told]
    }
}

/// Each was followed by an attempt in the other address family that was answered.
fn made_good(mut told: Told, mut summary: String, good: MadeGood) -> Told {
    told.severity = Some(Severity::Info);
    told.facts.add("made_good_by", good.by.to_string());
    told.facts.add("made_good_within_s", good.longest);
    told.facts.add("made_good_in_packet", good.proof.packet.number());
    summary += &format!(
        " The same host then reached {}, within {} of the refusal (SYN-ACK in packet {}): a client that tries every address of a name, \
         and a server that listens on one of them. Nothing was lost by it.",
        good.by, good.longest, good.proof.packet,
    );
    told.summary = summary;
    told.remedy = vec![
        "Nothing has to change. To save the first attempt let the server listen on both (`[::]` with IPV6_V6ONLY off, or two listeners), or \
         give clients the address (`127.0.0.1`) instead of `localhost`."
            .to_owned(),
    ];
    told
}

/// One of very many ports that one client asked once each.
fn scanned(mut told: Told, scan: &Scan, service: &Service) -> Told {
    let (client, address) = (scan.client, service.key.address);
    told.severity = Some(Severity::Warning);
    told.facts.add("client", client.to_string());
    told.facts.add("ports_refused_once", scan.refused);
    told.facts.add("ports_that_answered", scan.answered);
    let what = |ports: &str, times: &str| {
        format!(
            "{client} asked {ports} ports of {address} once each and was refused {times}, {} answered: that looks like a port scan, not like \
             services that are down.",
            match scan.answered {
                0 => "no port".to_owned(),
                answered => counted(answered, "port"),
            }
        )
    };
    told.summary = what(&scan.refused.to_string(), "each time");
    told.remedy = vec![
        format!(
            "Nothing has to change on {address} if the scan is meant (nmap, a vulnerability scanner): ask who runs {client}."
        ),
        format!(
            "If it is not, look on {client} for the program that does it: `ss -tnp dst {address}` while it runs; keep it out with a rule at \
             {address}."
        ),
    ];
    told.common.push(Common {
        key: format!("scan of {address} by {client}"),
        least: 2,
        sentence: what("SERVICES", "COUNT times"),
        advice: None,
    });
    told
}

/// The usual time to live of the host, and those of its refusals where they differ from it.
fn other_ttls(service: &Service, host: Host) -> Option<(u8, u8, u8)> {
    let usual = host.ttl?;
    let (low, high) = service.refusal_ttls?;
    (low != usual || high != usual).then_some((usual, low, high))
}

/// `from_elsewhere`: no RST has the time to live of the address's other packets.
fn remedy(service: &Service, from_elsewhere: bool) -> Vec<String> {
    let port = service.key.port;
    let mut remedy = Vec::new();
    if from_elsewhere {
        remedy.push(format!(
            "Look on the routers and firewalls between the two first, the nearest at the hop count that the TTL of the RSTs shows: a rule \
             that rejects with a RST (nftables `reject with tcp reset`, iptables `-j REJECT --reject-with tcp-reset`), a limit of \
             connections, an IPS. `tcpdump -ni any 'tcp port {port}'` on {} shows whether the SYN arrives at all.",
            service.key.address
        ));
    }
    remedy.push(format!(
        "On {}: `ss -ltnp 'sport = :{port}'` shows whether a process listens, and where: one that listens on 127.0.0.1 \
         alone refuses all others (bind 0.0.0.0 or [::]).",
        service.key.address
    ));
    if service.answered > 0 && !from_elsewhere {
        remedy.push(
            "It listens at other times: around a restart or a deployment take the server out of rotation first \
             (Kubernetes `readinessProbe`, preStop sleep, graceful drain; HAProxy and nginx health checks)."
                .to_owned(),
        );
    }
    remedy.push(
        "Kubernetes: compare `targetPort` of the Service with the port of the process (`containerPort` opens nothing). A Service \
         without ready endpoints is mostly refused with ICMP; a RST comes from kube-proxy in IPVS mode, or from the pod itself."
            .to_owned(),
    );
    if !from_elsewhere {
        remedy.push(
            "A firewall rule that rejects with a RST looks the same: iptables `-j REJECT --reject-with tcp-reset`, nftables \
             `reject with tcp reset`."
                .to_owned(),
        );
    }
    remedy
}
