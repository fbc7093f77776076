//! One analysis of a ladder's capture, and what came out of it in words.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use handshark::capture::Interfaces;
use handshark::record::Connection;
use handshark::report::{Finding, Report};
use handshark::{Inspector, Limits, Sink};

/// A report, and what the connections had on them.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) report: Report,
    pub(crate) symptoms: Vec<SymptomSeen>,
    pub(crate) connections: Vec<String>,
}

/// A symptom on a connection.
#[derive(Debug)]
pub(crate) struct SymptomSeen {
    pub(crate) code: &'static str,
    pub(crate) kind: &'static str,
}

#[derive(Debug, Default)]
struct Collected {
    symptoms: Vec<SymptomSeen>,
    connections: Vec<String>,
}

impl Sink for Collected {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        let found = connection.symptoms.iter().map(|symptom| SymptomSeen { code: symptom.code, kind: symptom.kind });
        self.symptoms.extend(found);
        let mut line = format!("connection {}: {}", connection.number, connection.outcome().name());
        for symptom in &connection.symptoms {
            let (evidence, confidence) = (&symptom.evidence, symptom.confidence.name());
            write!(line, "; {} kind={} {confidence} evidence {evidence:?}", symptom.code, symptom.kind)
                .expect("a String takes all");
        }
        self.connections.push(line);
    }
}

impl Analysis {
    /// Analyses a capture that comes in these pieces; the error is a sentence.
    pub(crate) fn of(pieces: &[&[u8]]) -> Result<Self, String> {
        let analysed = catch_unwind(AssertUnwindSafe(|| {
            let mut inspector = Inspector::with_sink(Limits::default(), Collected::default());
            for piece in pieces {
                inspector.push(piece)?;
            }
            inspector.finish()
        }));
        match analysed {
            Err(_) => Err("the analysis panicked (see above)".to_owned()),
            Ok(Err(error)) => Err(format!("the analysis says: {error}")),
            Ok(Ok((report, Collected { symptoms, connections }))) => Ok(Self { report, symptoms, connections }),
        }
    }

    /// The findings with this code.
    pub(crate) fn findings(&self, code: &str) -> impl Iterator<Item = &Finding> {
        self.report.findings.iter().filter(move |finding| finding.code == code)
    }

    /// Findings, connections, quality and what was not assessed, for people.
    pub(crate) fn told(&self) -> String {
        let mut text = String::new();
        for finding in &self.report.findings {
            let Finding { code, affected, of, summary, facts, .. } = finding;
            let (severity, confidence) = (finding.severity.name(), finding.confidence.name());
            let evidence: Vec<_> = finding.evidence.iter().map(|example| &example.packets).collect();
            writeln!(text, "    finding {code}: {severity}, confidence {confidence}, affected {affected} of {of}")
                .expect("a String takes all");
            writeln!(text, "      {summary}").expect("a String takes all");
            writeln!(text, "      evidence {evidence:?}").expect("a String takes all");
            for (name, fact) in &facts.0 {
                writeln!(text, "      fact {name} = {fact:?}").expect("a String takes all");
            }
        }
        let quality = self.report.capture.quality.iter();
        let quality = quality.map(|quality| format!("quality {} ({}): {}", quality.code, quality.count, quality.note));
        let missed = self.report.not_assessed.iter();
        let missed =
            missed.map(|missed| format!("not assessed {} ({}): {}", missed.code, missed.connections, missed.reason));
        for line in self.connections.iter().take(12).cloned().chain(quality).chain(missed) {
            writeln!(text, "    {line}").expect("a String takes all");
        }
        if self.connections.len() > 12 {
            writeln!(text, "    ... {} connections in all", self.connections.len()).expect("a String takes all");
        }
        if text.is_empty() { "    nothing at all\n".to_owned() } else { text }
    }
}
