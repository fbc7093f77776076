//! HTTP, or another protocol, in clear to a port that speaks TLS.

use crate::detect::http::asked::first_words;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Group, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Protocol, Speaks};
use crate::types::{Moment, Side};

/// Detector of `plaintext-to-tls`.
#[derive(Debug)]
pub(in crate::detect) struct PlaintextToTls;

const CODE: &str = "plaintext-to-tls";
/// The server said so in words.
const TOLD: &str = "told";
/// The server answered with an alert of TLS.
const ALERT: &str = "alert";

impl Detector for PlaintextToTls {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("plaintext_to_tls.md")
    }

    fn needs(&self) -> Shape {
        Shape::CLIENT_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        // Where the roles could only be guessed, it can be the "server" that asks.
        if c.traffic.client.first_payload.is_none() {
            return;
        }
        let (request, refused) = match (&c.http, c.protocol) {
            (Some(http), Protocol::Http1) if http.requests == 1 => {
                let status = http.last_response.filter(|response| response.status == 400 && http.responses == 1);
                (http.last_request, http.wants_tls.or_else(|| status.map(|response| response.at)))
            }
            (None, Protocol::Http2) => (c.traffic.client.first_payload, None),
            (None, Protocol::Other) if expects_an_answer(c) => (first_words(c), alert_of(c)),
            _ => return,
        };
        exam.applies();
        let told = c.http.as_ref().filter(|http| http.wants_tls.is_some());
        let told = told.map(|http| if http.responses == 0 { ALERT } else { TOLD });
        let told = told.or_else(|| alert_of(c).map(|_| ALERT));
        let end = c.ending.first;
        let answered = c.traffic.server.payload_bytes > 0 || c.traffic.server.stream_bytes.unwrap_or(0) > 0;
        let closed =
            c.ending.closed_by == Some(Side::Server) && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
        let whole = c.visibility.one_way.is_none() && !c.misses(Side::Server);
        let kind = match (told, refused) {
            (Some(told), _) => told,
            (None, Some(_)) => "status-400",
            (None, None) if !answered && closed && whole && request.is_some() => "closed",
            (None, None) => return,
        };
        exam.symptom(
            CODE,
            kind,
            Severity::Error,
            Confidence::High,
            &[request, refused, end.filter(|_| kind == "closed")],
        );
        if let Some(at) = refused.or(end) {
            exam.happened(at);
        }
        exam.quote("spoke", spoken(c));
        if let Some(host) = c.http.as_ref().and_then(|http| http.host.as_deref()) {
            exam.quote("host", host);
        }
        // Alone the other kinds prove nothing: `tell` wants TLS on the same port.
        if told.is_none() {
            exam.quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tls = service.speaks_tls_at_once;
        let told_so = group.of_kind(TOLD) + group.of_kind(ALERT);
        let affected = if tls > 0 { group.count } else { told_so };
        if affected == 0 {
            return Vec::new();
        }
        let mut ways = Vec::new();
        for (kind, count) in &group.kinds {
            match *kind {
                TOLD => ways.push(("it answered that this port speaks TLS", *count)),
                ALERT => ways.push(("it answered with an alert of TLS", *count)),
                "status-400" if tls > 0 => ways.push(("it answered with status 400", *count)),
                "closed" if tls > 0 => ways.push(("it closed without a byte", *count)),
                _ => {}
            }
        }
        let ways: Vec<String> = match ways.as_slice() {
            [(only, _)] => vec![(*only).to_owned()],
            several => several.iter().map(|(way, count)| format!("{way} ({count})")).collect(),
        };
        let mut told = Told { affected: Some(affected), ..Told::default() };
        told.summary = format!(
            "The client spoke {} to {}, which speaks TLS; {} ({affected} of {} in clear).",
            in_clear(group),
            service.address(),
            ways.join(", "),
            counted(group.applied, "connection"),
        );
        if tls > 0 {
            told.summary +=
                &format!(" The same address and port completed a TLS hello on {}.", counted(tls, "other connection"));
            told.facts.add("tls_connections", tls);
        }
        if told_so > 0 {
            told.example_kind = Some(if group.of_kind(TOLD) > 0 { TOLD } else { ALERT });
        }
        if let Some((host, _)) = group.kinds.iter().find_map(|(kind, _)| group.quotes(kind, "host").first().copied()) {
            told.facts.add("host", host.to_owned());
        }
        let http =
            group.kinds.iter().any(|(kind, _)| group.quotes(kind, "spoke").iter().any(|(name, _)| *name == HTTP));
        told.remedy = if http { FOR_HTTP.map(str::to_owned).to_vec() } else { vec![FOR_OTHERS.to_owned()] };
        if !http && group.of_kind(ALERT) > 0 {
            told.remedy.push(TAKEN_FOR_A_SIZE.to_owned());
        }
        vec![told]
    }
}

const HTTP: &str = "HTTP";
/// A protocol that is not known.
const UNKNOWN: &str = "";

/// What the client spoke.
fn spoken(c: &Connection) -> &'static str {
    match &c.dialogue {
        _ if c.protocol != Protocol::Other => HTTP,
        Some(dialogue) if dialogue.protocol != Speaks::TlsAlert => dialogue.protocol.name(),
        _ => UNKNOWN,
    }
}

/// Whether the client spoke first, and has not left by its first words.
fn expects_an_answer(c: &Connection) -> bool {
    first_words(c).is_some() && !c.dialogue.as_ref().is_some_and(|dialogue| dialogue.client_left)
}

/// The alert by which the server answered another protocol than HTTP.
fn alert_of(c: &Connection) -> Option<Moment> {
    let dialogue = c.dialogue.as_ref().filter(|dialogue| dialogue.protocol == Speaks::TlsAlert)?;
    dialogue.said.as_ref().map(|said| said.at)
}

/// `HTTP in clear`, `SSH and Redis in clear`; `in clear` where it is not known what.
fn in_clear(group: &Group) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (kind, _) in &group.kinds {
        for (name, _) in group.quotes(kind, "spoke") {
            if name != UNKNOWN && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() { "in clear".to_owned() } else { format!("{} in clear", names.join(" and ")) }
}

const FOR_HTTP: [&str; 2] = [
    "Use https:// in the client, or TLS in the proxy before the server: nginx `proxy_pass https://`, HAProxy `server ... ssl`, Envoy cluster \
     with a TLS transport_socket, Istio DestinationRule `tls.mode: SIMPLE` and a port named https, Ingress `backend-protocol: HTTPS`, \
     Kubernetes probe `scheme: HTTPS`.",
    "Or let the port take both: nginx `error_page 497 =301 https://$host$request_uri`.",
];
const FOR_OTHERS: &str = "Turn TLS on in the client: `rediss://`, PostgreSQL `sslmode=require`, `mqtts://`, `amqps://`, Kafka `security.protocol=SSL`, `ldaps://`, \
                          SMTP and IMAP with implicit TLS. Or use the port that speaks it in clear.";
const TAKEN_FOR_A_SIZE: &str = "A client that takes the alert for an answer of its own protocol reports a size of 352518912 (Kafka: `Invalid receive`): its first four \
                                bytes.";
