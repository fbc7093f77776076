//! A whole ClientHello that was not answered by a ServerHello.

use super::hello_summary::{self, Answer};
use crate::detect::service::NameSplit;
use crate::detect::words::{counted, listed};
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, ResetKind};

/// Detector of `no-server-hello`.
#[derive(Debug)]
pub(in crate::detect) struct NoServerHello;

const CODE: &str = "no-server-hello";

impl Detector for NoServerHello {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("no_server_hello.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &[
            "missing-sni",
            "sni-ip-literal",
            "sni-malformed",
            "large-client-hello-dropped",
            "encrypted-client-hello",
            "proxy-protocol-mismatch",
            "tls-alert",
            "injected-reset",
        ]
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else { return };
        let answer = hello_summary::answer(c, tls);
        let (kind, confidence) = match answer {
            // tls-to-plaintext tells of other bytes, handshake-abandoned of answers that are not whole.
            Answer::ServerHello | Answer::Alert | Answer::OtherProtocol | Answer::Begun => {
                exam.applies();
                return;
            }
            Answer::GivenUp => return,
            Answer::NotVisible(reason, instead) => {
                exam.not_visible(reason, instead);
                return;
            }
            Answer::Fin => ("fin", Confidence::High),
            Answer::Reset(ResetKind::Abort) => ("reset-abort", Confidence::High),
            Answer::Reset(ResetKind::NoSuchConnection) => ("reset-bare", Confidence::High),
            Answer::Reset(ResetKind::ClosedPort | ResetKind::FromThePath | ResetKind::Unclear) => {
                ("reset-other", Confidence::High)
            }
            // The client gave up: whatever came later came too late. At the capture's end it may still have come.
            Answer::Silence(_) if c.ending.kind == CloseKind::Open => ("silent", Confidence::Medium),
            Answer::Silence(_) => ("silent", Confidence::High),
            Answer::Unacknowledged(_) => ("unacknowledged", Confidence::High),
        };
        let silence = match answer {
            Answer::Silence(span) | Answer::Unacknowledged(span) => Some(span),
            _ => c.ending.first.map(|end| end.at.since(hello.completed.at)),
        };
        let repeated = c.traffic.client.unanswered.as_ref().map(|segment| segment.last);
        let repeated = repeated.filter(|_| kind == "unacknowledged");
        let evidence = [Some(hello.begun), Some(hello.completed), repeated, c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence)
            .happened(hello.completed)
            .span(silence)
            .count(Some(hello.segments));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let mut told = Told::default();
        let mut kinds: Vec<(&'static str, u64)> = group.kinds.clone();
        kinds.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let answered = service.with_name_answered + service.without_name_answered;
        let ways: Vec<String> = match kinds.as_slice() {
            [(kind, _)] => vec![what_happened(kind).to_owned()],
            kinds => kinds.iter().map(|(kind, count)| format!("{} ({count})", what_happened(kind))).collect(),
        };
        let mut summary = format!(
            "{} got no ServerHello from {} ({} of {}): {}.",
            counted(group.count, "ClientHello"),
            service.address(),
            group.count,
            group.applied,
            ways.join("; "),
        );
        told.facts.add("unanswered_hellos", group.count);
        told.facts.add("answered_hellos", answered);
        for (kind, count) in &kinds {
            told.facts.add(fact_name(kind), *count);
        }
        if let Some(spans) = group.spans.whole() {
            told.facts.add("longest_wait_s", spans.longest());
        }
        if answered > 0 {
            summary += &format!(" The same address and port answered {}.", counted(answered, "other ClientHello"));
        }
        let split = service.split_by_name();
        if let Some(split) = &split {
            summary += &by_name(split, &mut told);
        }
        if let Some(segments) = group.counts.whole() {
            told.facts.add("hello_segments_min", u64::try_from(segments.smallest).unwrap_or_default());
            if segments.smallest > 1 {
                summary += " Each of these hellos spans more than one segment, as hellos with post-quantum key shares do: a device \
                            that reads only the first segment drops them.";
            }
        }
        told.example_kind = kinds.first().map(|(kind, _)| *kind);
        told.summary = summary;
        told.remedy = remedy(&kinds, service, group.counts.whole().is_some_and(|segments| segments.smallest > 1));
        if let Some(split) = &split {
            told.remedy.insert(0, decides_by_name(split));
        }
        vec![told]
    }
}

/// Names that are listed of each kind.
const NAMES: usize = 4;

/// Which names went unanswered, and which did not.
fn by_name(split: &NameSplit, told: &mut Told) -> String {
    let names = |names: &[(String, u64)]| listed(names.iter().map(|(name, count)| format!("{name} ({count})")), NAMES);
    let (unanswered, answered) = (names(&split.unanswered), names(&split.answered));
    let few = is_chance(&split.unanswered, &split.answered);
    let begin = if few || split.in_turn { "By server name" } else { "It goes by the server name" };
    let mut text = format!(" {begin}: no hello for {unanswered} was answered, each for {answered} was.");
    if few {
        text += " So few may be chance.";
    }
    if split.in_turn {
        text += " All of one kind came before all of the other: what changed in between may be the cause instead.";
    }
    told.facts.add("names_unanswered", unanswered);
    told.facts.add("names_answered", answered);
    text
}

/// Whether as many failures could fall on the names that have them by chance, in one of 20 cases or more.
fn is_chance(unanswered: &[(String, u64)], answered: &[(String, u64)]) -> bool {
    let sum = |names: &[(String, u64)]| names.iter().map(|(_, count)| *count).sum::<u64>();
    let (failed, worked) = (sum(unanswered), sum(answered));
    // In how many ways so many failures can be chosen from all.
    let mut ways = 1;
    for place in 1..=failed.min(worked) {
        ways = ways * failed.max(worked).saturating_add(place) / place;
        if ways > 20 {
            return false;
        }
    }
    true
}

fn decides_by_name(split: &NameSplit) -> String {
    let first = |names: &[(String, u64)]| names.first().map(|(name, _)| name.clone()).unwrap_or_default();
    format!(
        "Look first at what decides by server name between the client and the server: a router or ingress without a route or a living backend for \
         {name} (HAProxy `req.ssl_sni`, nginx `ssl_preread`, Envoy `filter_chain_match.server_names`, Istio Gateway hosts, Traefik \
         HostSNI), or a firewall, proxy or policy that filters by name. Compare it with {other}.",
        name = first(&split.unanswered),
        other = first(&split.answered),
    )
}

fn what_happened(kind: &str) -> &'static str {
    match kind {
        "fin" => "the server closed with a FIN and without a byte of an answer",
        "reset-abort" => "the server reset it in the way of a live application that aborts (RST and ACK, real window)",
        "reset-bare" => {
            "it was reset in the way of a host that does not know the connection (RST without ACK, window 0)"
        }
        "reset-other" => "it was reset by a RST whose header does not tell its author",
        "silent" => "the server sent no byte of an answer for 2 s or longer",
        _ => "the ClientHello was repeated and never acknowledged",
    }
}

fn fact_name(kind: &str) -> &'static str {
    match kind {
        "fin" => "closed_by_fin",
        "reset-abort" => "reset_by_abort",
        "reset-bare" => "reset_bare",
        "reset-other" => "reset_other",
        "silent" => "silent",
        _ => "unacknowledged",
    }
}

fn remedy(kinds: &[(&'static str, u64)], service: &Service, large: bool) -> Vec<String> {
    let name = service.main_name().unwrap_or_else(|| "NAME".to_owned());
    let mut remedy = vec![format!(
        "Try it by hand: `openssl s_client -connect ADDRESS:PORT -servername {name}`, from the client's network and from the server \
         itself."
    )];
    for (kind, _) in kinds {
        let text = match *kind {
            "fin" | "reset-abort" => {
                "The application behind the port ended it: its log at this time says why. Usual causes: no certificate or virtual \
                 host for the name, a limit of connections, a proxy that expects the PROXY protocol first (nginx `listen ... \
                 proxy_protocol`, HAProxy `accept-proxy`, AWS NLB proxy_protocol_v2.enabled), a TCP load balancer without a \
                 healthy backend."
            }
            "reset-bare" | "reset-other" => {
                "Something on the path ended it: compare the RST's TTL with the server's other packets; ask for firewall, IPS and \
                 policy logs (filters by server name act just here); Cilium: `cilium monitor --type drop`."
            }
            "silent" => {
                "The server took the connection and says nothing: an overloaded or blocked process, a backend that waits (HSM, OCSP, \
                 LDAP), a service that does not speak TLS and waits for its own protocol."
            }
            _ if service.hellos.longest_answered >= service.hellos.longest_unanswered => {
                "Packets with payload do not get through although the handshake did. It is not the MTU of the path, a ClientHello as \
                 long was answered: a firewall that inspects the payload, or state lost on the path."
            }
            _ => {
                "Packets with payload do not get through although the handshake did: MTU of the path (`ping -M do -s 1472`, clamp the \
                 MSS, `net.ipv4.tcp_mtu_probing=1`), a firewall that inspects the payload, or state lost on the path."
            }
        };
        if !remedy.iter().any(|known| known == text) {
            remedy.push(text.to_owned());
        }
    }
    if large {
        remedy.push(
            "Large hellos: try without post-quantum shares (OpenSSL `-groups X25519`, Go `GODEBUG=tlsmlkem=0`, Chrome policy \
             PostQuantumKeyAgreementEnabled); if that works, the device that reads single segments needs an update."
                .to_owned(),
        );
    }
    remedy
}
