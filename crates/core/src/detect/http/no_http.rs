//! HTTP in clear that is answered by something else: the port is that of another protocol. A kind of `server-error-message`.

use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::http::OtherAnswer;
use crate::record::Connection;
use crate::types::{Side, escaped};

/// The kind.
pub(super) const KIND: &str = "no-http";

/// Quoted: how the answer begins.
const BEGINS: &str = "answer_begins";
/// Quoted: what speaks so.
const SPEAKS: &str = "speaks";

/// How protocols begin to answer a line that they do not understand.
const KNOWN: [(&[u8], &str); 14] = [
    (b"SSH-", "SSH"),
    (b"Invalid SSH identification", "SSH"),
    (b"AMQP", "AMQP (RabbitMQ, ActiveMQ)"),
    (b"220", "SMTP or FTP"),
    (b"500 ", "SMTP or FTP"),
    (b"421 ", "SMTP or FTP"),
    (b"-ERR wrong number", "Redis"),
    (b"-ERR unknown command", "Redis"),
    (b"-ERR 'Unknown Protocol", "NATS"),
    (b"-ERR", "POP3 or Redis"),
    (b"* BAD", "IMAP"),
    (b"ERROR\r\n", "memcached"),
    (b"RFB ", "VNC"),
    (b"\x05\xff", "SOCKS"),
];

/// An answer that is no HTTP. What begins like a page is HTTP before it had a status line, which some devices still speak.
pub(super) fn answer(c: &Connection) -> Option<&OtherAnswer> {
    // Behind a hole nobody knows what a server's bytes are the beginning of.
    let is_first = c.opening.syn_ack.is_some() && !c.misses(Side::Server);
    let answer = c.http.as_deref().filter(|_| is_first)?.other_answer.as_deref()?;
    (!answer.begins.starts_with(b"<") && !answer.begins.starts_with(b"ICY ")).then_some(answer)
}

pub(super) fn examine(c: &Connection, answer: &OtherAnswer, code: &'static str, exam: &mut Exam<'_>) {
    exam.applies();
    let asked = c.http.as_deref().and_then(|http| http.last_request);
    let known = KNOWN.iter().find(|(words, _)| answer.begins.starts_with(words));
    exam.symptom(code, KIND, Severity::Error, Confidence::High, &[asked, Some(answer.at)])
        .happened(answer.at)
        .quote(BEGINS, &words(answer));
    if let Some((_, name)) = known {
        exam.quote(SPEAKS, name);
    }
}

/// The first bytes as far as they are one line.
fn words(answer: &OtherAnswer) -> String {
    let text = String::from_utf8_lossy(&answer.begins);
    text.lines().next().unwrap_or_default().to_owned()
}

pub(super) fn tell(count: u64, address: &str, group: &Group) -> Told {
    let mut told = Told { affected: Some(count), example_kind: Some(KIND), ..Told::default() };
    let first = |name: &str| group.quotes(KIND, name).first().map(|(text, _)| (*text).to_owned());
    let begins = first(BEGINS).unwrap_or_default();
    told.summary = format!(
        "{address} answered HTTP by something else on {} ({count} of {}): `{}`.",
        counted(count, "connection"),
        group.applied,
        escaped(&begins)
    );
    told.facts.add(BEGINS, begins);
    if let Some(name) = first(SPEAKS) {
        told.summary += &format!(" So speaks {name}.");
        told.facts.add(SPEAKS, name);
    }
    told.summary += " The client, or a check, asks the wrong port.";
    told.remedy = vec![
        "Compare the port in the client's address with what listens there: `ss -ltnp 'sport = :PORT'` on the server. In Kubernetes: `targetPort` of the \
         Service, the `port` of an HTTP probe, an Ingress that points at a port of another protocol."
            .to_owned(),
        "A load balancer whose health check is HTTP marks such a service as down: let it check by TCP, or in the protocol (HAProxy `option mysql-check`, \
         `redis-check`, `smtpchk`)."
            .to_owned(),
    ];
    told
}
