//! What the findings about unusual server names share: how such a handshake went, and what follows from all of them together.

use super::fault;
use super::hello_summary::{self, Answer};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Exam, Group, Severity, Told};
use crate::record::Connection;
use crate::tls::Tls;
use crate::types::Side;

const WORKED: &str = "worked";
const LEFT: [&str; 5] = ["alert", "fin", "reset", "silent", "certificate"];

/// Attaches the symptom of a hello with this name, by how the handshake went; nothing where it ended over something else.
pub(super) fn examine(code: &'static str, c: &Connection, tls: &Tls, name: &str, why: &str, exam: &mut Exam<'_>) {
    let Some(hello) = &tls.client_hello else { return };
    exam.applies();
    let alert = hello_summary::deciding_alert(c, tls);
    let refused = alert
        .is_some_and(|alert| alert.by == Side::Server && matches!(alert.description, 10 | 40 | 47 | 50 | 80 | 112));
    let about_certificate = matches!(fault::told_by(c, tls), Some("sni-mismatch" | "certificate-rejected"));
    let (kind, severity, confidence) = match hello_summary::answer(c, tls) {
        Answer::ServerHello if about_certificate => ("certificate", Severity::Warning, Confidence::Medium),
        Answer::ServerHello => (WORKED, Severity::Info, Confidence::High),
        Answer::Alert if refused => ("alert", Severity::Error, Confidence::Medium),
        Answer::Fin => ("fin", Severity::Error, Confidence::Medium),
        Answer::Reset(_) => ("reset", Severity::Error, Confidence::Medium),
        Answer::Silence(_) => ("silent", Severity::Warning, Confidence::Low),
        Answer::Alert
        | Answer::Unacknowledged(_)
        | Answer::OtherProtocol
        | Answer::Begun
        | Answer::GivenUp
        | Answer::NotVisible(..) => return,
    };
    let answer = tls.server_hello.as_ref().map(|hello| hello.completed);
    let end = (kind != WORKED).then(|| alert.map(|alert| alert.at).or(c.ending.first)).flatten();
    exam.symptom(code, kind, severity, confidence, &[Some(hello.completed), answer, end]);
    exam.happened(hello.completed).quote("server_name", name).quote("why", why);
}

/// Tells what it means; `is` follows "a server name that".
pub(super) fn tell(case: &Case<'_>, is: &str, remedy: &[&str]) -> Vec<Told> {
    let Some(service) = case.service else { return Vec::new() };
    let group = case.group;
    let worked = group.of_kind(WORKED);
    let failed = group.count - worked;
    let mut told =
        Told { affected: Some(if failed > 0 { failed } else { worked }), of: Some(group.count), ..Told::default() };
    let kind = LEFT.iter().copied().find(|kind| group.of_kind(kind) > 0);
    told.example_kind = kind;
    let name = quoted(group, kind.unwrap_or(WORKED), "server_name");
    let why = quoted(group, kind.unwrap_or(WORKED), "why");
    told.facts.add("server_name", name.clone());
    told.facts.add("failed", failed);
    told.facts.add("worked", worked);
    told.summary = format!("The ClientHello to {} carries a server name that {is}: {name} ({why})", service.address());
    if failed == 0 {
        told.severity = Some(Severity::Info);
        told.summary += &format!(". The server answered ({}): information only.", counted(worked, "hello"));
        return vec![told];
    }
    let ways: Vec<String> = group
        .kinds
        .iter()
        .filter(|(kind, _)| *kind != WORKED)
        .map(|(kind, count)| format!("{} ({count})", what_happened(kind)))
        .collect();
    told.summary += &format!("; the handshake failed: {}.", ways.join(", "));
    if worked > 0 {
        told.severity = Some(Severity::Info);
        told.confidence = Some(Confidence::Low);
        told.summary +=
            &format!(" The same server answered other hellos like it ({worked}): the name alone is not the cause.");
        return vec![told];
    }
    told.summary += " Servers may refuse such a name; whether it was the reason here, another name would show.";
    let answered = service.with_name_answered;
    if answered > 0 {
        told.summary += &format!(" Hellos with other names to the same address were answered ({answered}).");
    }
    told.remedy = remedy.iter().map(|line| (*line).to_owned()).collect();
    vec![told]
}

fn quoted(group: &Group, kind: &str, name: &str) -> String {
    let quotes = group.quotes(kind, name);
    quotes.iter().take(3).map(|(text, _)| *text).collect::<Vec<_>>().join(", ")
}

fn what_happened(kind: &str) -> &'static str {
    match kind {
        "alert" => "the server refused with an alert",
        "fin" => "the server closed with a FIN and without a byte",
        "reset" => "it was reset",
        "silent" => "the server sent no byte for 2 s or longer",
        _ => "the client did not accept the server's certificate",
    }
}
