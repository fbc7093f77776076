//! Whether one expectation holds, and if not, why.

use handshark::report::{Fact, Finding};
use handshark_testkit::{Expected, FindingExpected};

use crate::analysis::Analysis;

/// Why this expectation of the page with this code does not hold; `None` if it does.
pub(crate) fn complaint(page: &str, expected: &Expected, analysis: &Analysis) -> Option<String> {
    match expected {
        Expected::None => absent(page, analysis),
        Expected::Absent(code) => absent(code, analysis),
        Expected::NotAssessed(code) => {
            let told = analysis.report.not_assessed.iter().any(|missed| missed.code == code);
            (!told).then(|| format!("expected {code} to be not assessed, and it is not said so"))
        }
        Expected::Finding(expected) => finding(expected, analysis),
    }
}

fn absent(code: &str, analysis: &Analysis) -> Option<String> {
    let found = analysis.findings(code).next().is_some() || quality(code, analysis).is_some();
    found.then(|| format!("expected no {code}, and it was found"))
}

fn quality<'a>(code: &str, analysis: &'a Analysis) -> Option<&'a handshark::Quality> {
    analysis.report.capture.quality.iter().find(|quality| quality.code == code)
}

/// One of the findings with the code must have all that is asked for; else the nearest one's faults are told.
fn finding(expected: &FindingExpected, analysis: &Analysis) -> Option<String> {
    let faults = analysis.findings(&expected.code).map(|finding| faults(expected, finding, analysis));
    let nearest = faults.min_by_key(Vec::len);
    let faults = match (nearest, quality(&expected.code, analysis)) {
        (Some(faults), _) => faults,
        (None, Some(quality)) => quality_faults(expected, quality),
        (None, None) => return Some(format!("expected {}, and it was not found", expected.code)),
    };
    (!faults.is_empty()).then(|| format!("expected of {}: {}", expected.code, faults.join("; ")))
}

fn faults(expected: &FindingExpected, finding: &Finding, analysis: &Analysis) -> Vec<String> {
    let mut faults = Vec::new();
    let mut differs = |what: &str, expected: &str, found: &str| {
        if expected != found {
            faults.push(format!("{what} {expected}, it is {found}"));
        }
    };
    if let Some(affected) = expected.affected {
        differs("affected", &affected.to_string(), &finding.affected.to_string());
    }
    if let Some(of) = expected.of {
        differs("of", &of.to_string(), &finding.of.to_string());
    }
    if let Some(severity) = &expected.severity {
        differs("severity", severity, finding.severity.name());
    }
    if let Some(confidence) = &expected.confidence {
        differs("confidence", confidence, finding.confidence.name());
    }
    if let Some(packets) = &expected.evidence {
        let examples = finding.evidence.iter();
        let examples: Vec<Vec<u64>> =
            examples.map(|example| example.packets.iter().map(|packet| packet.number()).collect()).collect();
        if !examples.iter().any(|example| names_in_order(example, packets)) {
            faults.push(format!("evidence {packets:?}, its examples have {examples:?}"));
        }
    }
    if let Some(kind) = &expected.kind {
        let on_connection = analysis.symptoms.iter().any(|seen| seen.code == expected.code && seen.kind == kind);
        let as_fact =
            finding.facts.0.iter().any(|(name, fact)| matches!(*name, "kind" | "kinds") && fact_is(fact, kind));
        if !on_connection && !as_fact {
            faults.push(format!("kind={kind}, no symptom with that kind"));
        }
    }
    for words in expected.summary.iter().filter(|words| !finding.summary.contains(words.as_str())) {
        faults.push(format!("{words:?} in the summary, it is {:?}", finding.summary));
    }
    for (name, value) in &expected.facts {
        match finding.facts.0.iter().find(|(known, _)| known == name) {
            None => faults.push(format!("a fact {name}, there is none")),
            Some((_, fact)) if !fact_is(fact, value) => faults.push(format!("fact {name}={value}, it is {fact:?}")),
            Some(_) => {}
        }
    }
    for words in &expected.candidates {
        if !finding.candidates.iter().any(|candidate| candidate.component.contains(words.as_str())) {
            let named: Vec<_> = finding.candidates.iter().map(|candidate| candidate.component).collect();
            faults.push(format!("a candidate {words:?}, there are {named:?}"));
        }
    }
    for (what, expected, told) in
        [("to change", &expected.remedy, &finding.remedy), ("not visible", &expected.not_visible, &finding.not_visible)]
    {
        for words in expected.iter().filter(|words| !told.iter().any(|text| text.contains(words.as_str()))) {
            faults.push(format!("{words:?} in what is {what}, that is {told:#?}"));
        }
    }
    faults
}

/// An entry of the capture's quality has a count and a note, and nothing else.
fn quality_faults(expected: &FindingExpected, quality: &handshark::Quality) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(affected) = expected.affected.filter(|affected| *affected != quality.count) {
        faults.push(format!("affected {affected}, its count is {}", quality.count));
    }
    for words in expected.summary.iter().filter(|words| !quality.note.contains(words.as_str())) {
        faults.push(format!("{words:?} in its note, it is {:?}", quality.note));
    }
    let FindingExpected {
        code: _,
        affected: _,
        summary: _,
        evidence,
        of,
        severity,
        confidence,
        kind,
        facts,
        candidates,
        remedy,
        not_visible,
    } = expected;
    let plain = evidence.is_none() && of.is_none() && severity.is_none() && confidence.is_none() && kind.is_none();
    let asks = [candidates, remedy, not_visible];
    if !plain || !facts.is_empty() || asks.iter().any(|texts| !texts.is_empty()) {
        faults.push("more than `affected` and `summary`, it is an entry of the capture's quality".to_owned());
    }
    faults
}

/// Whether `example` holds all of `packets` in this order, perhaps with others between them.
pub(crate) fn names_in_order(example: &[u64], packets: &[u64]) -> bool {
    let mut rest = example.iter();
    packets.iter().all(|packet| rest.any(|named| named == packet))
}

/// Whether a fact has this value: a text, a number, or a range of numbers `low..high` with both ends.
pub(crate) fn fact_is(fact: &Fact, value: &str) -> bool {
    let number = |found: f64| match value.split_once("..") {
        Some((low, high)) => match (low.parse::<f64>(), high.parse::<f64>()) {
            (Ok(low), Ok(high)) => (low..=high).contains(&found),
            _ => false,
        },
        None => value.parse::<f64>().is_ok_and(|value| (value - found).abs() < 1e-9),
    };
    match fact {
        Fact::Count(count) => number(*count as f64),
        Fact::Number(found) => number(*found),
        Fact::Seconds(span) => number(span.as_secs_f64()),
        Fact::Text(text) => text == value,
        Fact::Texts(texts) => texts.iter().any(|text| text == value),
        Fact::Counts(counts) => counts.iter().any(|count| number(*count as f64)),
    }
}

mod tests {
    use handshark::Inspector;
    use handshark::Limits;
    use handshark::detect::{Confidence, Severity};
    use handshark::types::{Endpoint, PacketNo, Span};
    use handshark_testkit::Ladder;

    use super::{Analysis, Fact, Finding, complaint, fact_is, names_in_order};
    use crate::analysis::SymptomSeen;

    #[test]
    fn evidence_keeps_its_order_and_may_have_more() {
        assert!(names_in_order(&[1, 4, 6, 9], &[4, 9]));
        assert!(!names_in_order(&[1, 4, 6], &[6, 4]));
        assert!(!names_in_order(&[1, 4], &[4, 4]));
    }

    #[test]
    fn a_fact_is_a_text_a_number_or_within_a_range() {
        assert!(fact_is(&Fact::Seconds(Span::from_millis(6_070)), "6.0..6.1"));
        assert!(!fact_is(&Fact::Seconds(Span::from_millis(6_170)), "6.0..6.1"));
        assert!(fact_is(&Fact::Count(3), "3"));
        assert!(!fact_is(&Fact::Count(3), "three"));
        assert!(fact_is(&Fact::from("payload"), "payload"));
    }

    /// An analysis with one finding `stale-reuse`, made by hand.
    fn by_hand() -> Analysis {
        let mut inspector = Inspector::new(Limits::default());
        let capture = Ladder::from_text("0.0 end of capture\nexpect none").expect("a ladder").capture();
        inspector.push(&capture).expect("a capture");
        let (mut report, ()) = inspector.finish().expect("a capture");
        report.findings = vec![Finding {
            code: "stale-reuse",
            severity: Severity::Error,
            confidence: Confidence::High,
            service: None,
            also_at: Vec::new(),
            affected: 3,
            of: 12,
            first: None,
            last: None,
            summary: "3 requests were not noticed".to_owned(),
            facts: Default::default(),
            candidates: Vec::new(),
            remedy: Vec::new(),
            evidence: vec![handshark::report::Evidence {
                connection: 0,
                client: Endpoint::new([10, 0, 0, 9].into(), 40_001),
                server: Endpoint::new([10, 0, 0, 5].into(), 443),
                packets: [2, 5].into_iter().filter_map(PacketNo::new).collect(),
                filter: String::new(),
                ladder: Vec::new(),
            }],
            not_visible: Vec::new(),
        }];
        let symptoms = vec![SymptomSeen { code: "stale-reuse", kind: "unaware" }];
        Analysis { report, symptoms, connections: Vec::new() }
    }

    fn judged(expect: &str) -> Option<String> {
        let ladder = Ladder::from_text(&format!("0.0 C SYN\n{expect}")).expect("a ladder");
        complaint("stale-reuse", &ladder.expectations()[0].expected, &by_hand())
    }

    #[test]
    fn what_was_found_holds() {
        let all = "expect stale-reuse kind=unaware affected 3 of 12 severity error confidence high evidence 2,5 summary \"not noticed\"";
        assert_eq!(judged(all), None);
        assert_eq!(judged("expect no missing-sni"), None);
    }

    #[test]
    fn what_was_not_found_is_told() {
        let told = |expect: &str, words: &str| {
            let complaint = judged(expect).unwrap_or_default();
            assert!(complaint.contains(words), "{expect}: {complaint}");
        };
        told("expect none", "expected no stale-reuse");
        told("expect no stale-reuse", "expected no stale-reuse");
        told("expect missing-sni", "was not found");
        told("expect not-assessed missing-sni", "not assessed");
        told("expect stale-reuse affected 4", "affected 4, it is 3");
        told("expect stale-reuse of 4", "of 4, it is 12");
        told("expect stale-reuse severity info", "severity info, it is error");
        told("expect stale-reuse confidence low", "confidence low, it is high");
        told("expect stale-reuse kind=crossed", "kind=crossed");
        told("expect stale-reuse evidence 5,2", "evidence [5, 2]");
        told("expect stale-reuse summary \"all is well\"", "in the summary");
        told("expect stale-reuse fact idle_s=5..6", "a fact idle_s, there is none");
        told("expect stale-reuse candidate nginx", "a candidate \"nginx\"");
        told("expect stale-reuse remedy \"auto_sni\"", "in what is to change");
        told("expect stale-reuse not-visible \"the log\"", "in what is not visible");
    }
}
