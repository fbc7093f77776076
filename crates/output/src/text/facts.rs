//! Why we think so: the numbers behind a finding, and the software whose known limits fit.

use handshark::report::{Candidate, Fact, Facts, Finding};
use handshark::types::Span;

use crate::sheet::{Align, Sheet, columns, padded};

/// Candidates that are told; the JSON report has all.
const MAX_CANDIDATES: usize = 5;

/// Writes the facts as a list, then the candidates.
pub(super) fn write(sheet: &mut Sheet, indent: usize, finding: &Finding, before: &[Finding]) {
    if !finding.facts.0.is_empty() {
        sheet.gap();
        sheet.heading(indent, "Why we think so");
        let lines = lines(&finding.facts);
        let width = lines.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
        for (label, value) in &lines {
            sheet.paragraph(indent + 2, &format!("{}  ", padded(label, width, Align::Left)), value);
        }
    }
    if !finding.candidates.is_empty() {
        sheet.gap();
        sheet.heading(indent, "Known limits that fit");
        if let Some(earlier) = before.iter().position(|earlier| earlier.candidates == finding.candidates) {
            sheet.line(indent + 2, &format!("as in finding {}", earlier + 1));
            return;
        }
        for candidate in finding.candidates.iter().take(MAX_CANDIDATES) {
            sheet.paragraph(indent + 2, "- ", &describe(candidate));
            sheet.paragraph(indent + 4, "source: ", candidate.source);
        }
        if let Some(more) = finding.candidates.len().checked_sub(MAX_CANDIDATES).filter(|more| *more > 0) {
            sheet.line(indent + 2, &format!("and {more} more: --format json has all"));
        }
    }
}

/// The facts without those that say the same once more: a shortest and a longest that are the value itself, the number of
/// an alert whose name stands there with its number.
pub(crate) fn lines(facts: &Facts) -> Vec<(String, String)> {
    let lines: Vec<(String, String)> = facts.0.iter().map(|(key, fact)| line(key, fact)).collect();
    let value = |wanted: &str| lines.iter().find(|(label, _)| label == wanted).map(|(_, value)| value.as_str());
    let says_no_more = |label: &str, said: &str| {
        let bound = [" shortest", " longest", " fewest", " most"].iter().find_map(|bound| label.strip_suffix(bound));
        let of_code = label.strip_suffix(" code").and_then(value);
        bound.is_some_and(|base| value(base) == Some(said))
            || of_code.is_some_and(|name| name.contains(&format!("({said})")))
    };
    let mut kept = lines.clone();
    // One bound that differs says little without the other.
    kept.retain(|(label, said)| {
        let other = [(" shortest", " longest"), (" longest", " shortest"), (" fewest", " most"), (" most", " fewest")];
        let pair = other.iter().find_map(|(end, other)| Some(format!("{}{other}", label.strip_suffix(end)?)));
        let pair_differs = pair.and_then(|pair| value(&pair).map(|other| other != said));
        !says_no_more(label, said) || pair_differs == Some(true)
    });
    kept
}

/// `idle_before_close_s` and 6.001 become `idle before close` and `6.00 s`.
fn line(key: &str, fact: &Fact) -> (String, String) {
    let (name, unit) = match (key.strip_suffix("_s"), key.strip_suffix("_bytes")) {
        (Some(name), _) => (name, " s"),
        (None, Some(name)) => (name, " bytes"),
        (None, None) => (key, ""),
    };
    let value = match fact {
        Fact::Count(count) => format!("{count}{unit}"),
        Fact::Number(seconds) if unit == " s" => Span::from_secs_f64(*seconds).to_string(),
        Fact::Number(number) => format!("{}{unit}", short(*number)),
        Fact::Seconds(span) => span.to_string(),
        Fact::Text(text) => text.clone().into_owned(),
        Fact::Texts(texts) => texts.join(", "),
        Fact::Counts(counts) => {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            format!("{}{unit}", counts.join(", "))
        }
    };
    (name.replace('_', " "), value)
}

/// At most three digits behind the point.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(crate) fn describe(candidate: &Candidate) -> String {
    let mut text = format!("{}, {} ({})", candidate.component, candidate.setting, candidate.versions);
    match (candidate.value_s, candidate.value_count) {
        (Some(value), _) => text += &format!(": documented {} s", short(value)),
        (None, Some(count)) => text += &format!(": documented {count}"),
        (None, None) => {}
    }
    if let Some((low, high)) = candidate.observed_band_s {
        text += &format!(", expected on the wire {} s to {} s", short(low), short(high));
    }
    text.push('.');
    if let Some(because) = &candidate.because {
        text += &format!(" Speaks for it: {because}.");
    }
    if let Some(note) = candidate.note {
        text += &format!(" {note}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_said_once() {
        let labels = |facts: &[(&'static str, Fact)]| {
            let labels = lines(&Facts(facts.to_vec())).into_iter().map(|(label, _)| label);
            labels.collect::<Vec<String>>().join(", ")
        };
        let idle = |shortest: i64, longest: i64| {
            [
                ("idle_s", Span::from_millis(6_000).into()),
                ("idle_shortest_s", Span::from_millis(shortest).into()),
                ("idle_longest_s", Span::from_millis(longest).into()),
            ]
        };
        assert_eq!(labels(&idle(6_001, 6_002)), "idle");
        assert_eq!(labels(&idle(6_000, 6_100)), "idle, idle shortest, idle longest");
        assert_eq!(labels(&idle(5_000, 6_100)), "idle, idle shortest, idle longest");
        assert_eq!(labels(&idle(6_000, 6_000)[1..]), "idle shortest, idle longest");
        let alert = |code| [("alert", "fatal alert unknown_ca (48)".into()), ("alert_code", Fact::Count(code))];
        assert_eq!(labels(&alert(48)), "alert");
        assert_eq!(labels(&alert(40)), "alert, alert code");
    }

    #[test]
    fn a_key_gives_its_unit_to_the_value() {
        let text = |key, fact: Fact| {
            let (label, value) = line(key, &fact);
            format!("{label}: {value}")
        };
        assert_eq!(text("idle_before_close_s", Span::from_millis(6_001).into()), "idle before close: 6.00 s");
        assert_eq!(text("announced_s", 5.0.into()), "announced: 5.00 s");
        assert_eq!(text("client_hello_bytes", 1_822_u64.into()), "client hello: 1822 bytes");
        assert_eq!(text("rate_per_second", 12.5.into()), "rate per second: 12.5");
        assert_eq!(text("requests", Fact::Counts(vec![100, 101])), "requests: 100, 101");
    }
}
