//! What a ladder asks of the report.

use super::words::{LadderError, Words};

/// One `expect` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Line of the page, from 1.
    pub line: usize,
    /// What must hold.
    pub expected: Expected,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// No finding with the code of this page.
    None,
    /// No finding with this code.
    Absent(String),
    /// The report says that the check with this code could not be made.
    NotAssessed(String),
    /// A finding.
    Finding(Box<FindingExpected>),
}

/// A finding, and what is asked of it beyond its code; `None` and empty lists ask nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingExpected {
    /// Its code.
    pub code: String,
    /// Packets that one of its examples names, in this order.
    pub evidence: Option<Vec<u64>>,
    /// Connections that it hit.
    pub affected: Option<u64>,
    /// Connections that it could have hit.
    pub of: Option<u64>,
    /// `info`, `warning`, `error`.
    pub severity: Option<String>,
    /// `low`, `medium`, `high`.
    pub confidence: Option<String>,
    /// The kind of a connection's symptom with this code.
    pub kind: Option<String>,
    /// Words of its summary.
    pub summary: Vec<String>,
    /// Facts by name; the value is a text, a number or a range `low..high`.
    pub facts: Vec<(String, String)>,
    /// Words of a candidate's component.
    pub candidates: Vec<String>,
    /// Words of one of the things to change.
    pub remedy: Vec<String>,
    /// Words of one of the things that the capture could not show.
    pub not_visible: Vec<String>,
}

impl Expectation {
    /// Reads the rest of a line that began with `expect`.
    pub(super) fn read(line: usize, words: &mut Words) -> Result<Self, LadderError> {
        let first = words.must("a finding's code, `none`, `no CODE` or `not-assessed CODE`")?;
        let expected = match first.raw.as_str() {
            "none" => Expected::None,
            "no" => Expected::Absent(code(words)?),
            "not-assessed" => Expected::NotAssessed(code(words)?),
            _ if is_code(&first.raw) => Expected::Finding(Box::new(finding(first.raw, words)?)),
            _ => return Err(first.place.error("a finding's code in kebab-case")),
        };
        words.finish()?;
        Ok(Self { line, expected })
    }
}

fn finding(code: String, words: &mut Words) -> Result<FindingExpected, LadderError> {
    let mut expected = FindingExpected { code, ..FindingExpected::default() };
    while let Some(word) = words.take() {
        match word.key() {
            "evidence" => {
                let list = words.must("packet numbers such as 1,2,3")?;
                let numbers: Result<Vec<u64>, _> = list.raw.split(',').map(str::parse).collect();
                let numbers = numbers.map_err(|_| list.place.error("packet numbers such as 1,2,3"))?;
                if numbers.contains(&0) {
                    return Err(list.place.error("packet numbers from 1"));
                }
                expected.evidence = Some(numbers);
            }
            "affected" => expected.affected = Some(words.parsed("a number of connections")?),
            "of" => expected.of = Some(words.parsed("a number of connections")?),
            "severity" => expected.severity = Some(one_of(words, &["info", "warning", "error"])?),
            "confidence" => expected.confidence = Some(one_of(words, &["low", "medium", "high"])?),
            "kind" => expected.kind = Some(word.text()?.to_owned()),
            "summary" => expected.summary.push(words.must("words of the summary")?.raw),
            "remedy" => expected.remedy.push(words.must("words of what to change")?.raw),
            "not-visible" => expected.not_visible.push(words.must("words of what could not be seen")?.raw),
            "candidate" => expected.candidates.push(words.must("words of a component's name")?.raw),
            "fact" => {
                let fact = words.must("a fact as name=value")?;
                let value = fact.value().ok_or_else(|| fact.place.error("a fact as name=value"))?;
                expected.facts.push((fact.key().to_owned(), value.to_owned()));
            }
            _ => {
                return Err(word
                    .place
                    .error("evidence, affected, of, severity, confidence, kind=, summary, fact, candidate, remedy or not-visible"));
            }
        }
    }
    Ok(expected)
}

fn code(words: &mut Words) -> Result<String, LadderError> {
    let word = words.must("a finding's code")?;
    if is_code(&word.raw) { Ok(word.raw) } else { Err(word.place.error("a finding's code in kebab-case")) }
}

fn one_of(words: &mut Words, allowed: &[&str]) -> Result<String, LadderError> {
    let expected = allowed.join(" or ");
    let word = words.must(&expected)?;
    if allowed.contains(&word.raw.as_str()) { Ok(word.raw) } else { Err(word.place.error(expected)) }
}

/// Lower case, digits and single hyphens, from a letter to a letter or digit.
pub(super) fn is_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}
