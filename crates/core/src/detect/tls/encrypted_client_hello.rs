//! A handshake that failed with encrypted_client_hello in its hello.

use super::{fault, hello_summary};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::Sni;

use super::hello_summary::Answer;

/// Detector of `encrypted-client-hello`.
#[derive(Debug)]
pub(in crate::detect) struct EncryptedClientHello;

const CODE: &str = "encrypted-client-hello";
const REQUIRED: &str = "ech-required";

impl Detector for EncryptedClientHello {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("encrypted_client_hello.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = tls.client_hello.as_ref().filter(|hello| hello.ech) else { return };
        let alert = hello_summary::deciding_alert(c, tls).filter(|_| fault::told_by(c, tls) == Some(CODE));
        let (kind, confidence, at) = match (alert, hello_summary::answer(c, tls)) {
            (Some(alert), _) => (REQUIRED, Confidence::High, Some(alert.at)),
            (None, Answer::Fin) => ("fin", Confidence::Medium, c.ending.first),
            (None, Answer::Reset(_)) => ("reset", Confidence::Medium, c.ending.first),
            (None, Answer::Silence(_)) => ("silent", Confidence::Low, c.ending.first),
            (None, Answer::ServerHello | Answer::Begun | Answer::Alert) => {
                exam.applies();
                return;
            }
            (None, Answer::Unacknowledged(_) | Answer::OtherProtocol | Answer::GivenUp | Answer::NotVisible(..)) => {
                return;
            }
        };
        let answer = tls.server_hello.as_ref().map(|hello| hello.completed);
        exam.symptom(CODE, kind, Severity::Error, confidence, &[Some(hello.begun), Some(hello.completed), answer, at]);
        exam.happened(at.unwrap_or(hello.completed));
        if let Sni::Present(name) = &hello.sni {
            exam.quote("outer_name", name);
        }
        // Alone the other kinds prove nothing: `tell` wants a contrast.
        if kind != REQUIRED {
            exam.quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (with, without) = (service.hellos.ech_answered, service.hellos.plain_answered);
        let required = group.of_kind(REQUIRED);
        let unanswered = group.count - required;
        let outer = |kind: &str| group.quotes(kind, "outer_name").first().map(|(name, _)| (*name).to_owned());
        let mut findings = Vec::new();
        if required > 0 {
            let mut told = Told { affected: Some(required), example_kind: Some(REQUIRED), ..Told::default() };
            told.summary = format!(
                "The client sent its real hello encrypted (Encrypted ClientHello), {} did not decrypt it, and the client ended the handshake \
                 with the alert ech_required (121) ({required} of {}).",
                service.address(),
                counted(group.applied, "hello with this extension"),
            );
            if let Some(name) = outer(REQUIRED) {
                told.summary += &format!(" The name in clear, {name}, is the provider's, not the one that is wanted.");
                told.facts.add("outer_name", name);
            }
            told.remedy = REMEDY.map(str::to_owned).to_vec();
            findings.push(told);
        }
        if unanswered > 0 && with == 0 && without > 0 {
            let kind = group.kinds.iter().map(|(kind, _)| *kind).find(|kind| *kind != REQUIRED);
            let mut told = Told { affected: Some(unanswered), example_kind: kind, ..Told::default() };
            told.confidence = Some(Confidence::Medium);
            told.summary = format!(
                "None of the hellos to {} with the extension encrypted_client_hello was answered ({unanswered}), those without it were \
                 ({without}): the server, or something before it, drops or closes such connections. Whether a real name was hidden or the \
                 extension was GREASE can not be seen.",
                service.address()
            );
            if let Some(name) = kind.and_then(outer) {
                told.facts.add("outer_name", name);
            }
            told.not_visible.push("the real server name: it is encrypted, if there was one".to_owned());
            told.remedy = REMEDY.map(str::to_owned).to_vec();
            findings.push(told);
        }
        findings
    }
}

const REMEDY: [&str; 2] = [
    "The HTTPS record of the name in DNS announces a key (`dig NAME HTTPS`, the parameter `ech=`): correct or remove it where the traffic \
     goes to another server than the one that holds the key.",
    "A device that filters by server name may drop what it can not read: let it pass, or switch the extension off by policy in the client \
     (Chrome EncryptedClientHelloEnabled, Firefox network.dns.echconfig.enabled).",
];
