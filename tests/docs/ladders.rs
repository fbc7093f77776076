//! Every finding's page is its test: each ladder on it is played into a capture, the capture is analysed, and the report
//! is held against the ladder's `expect` lines. The language is described in `crates/testkit/README.md`.
//!
//! While writing a page: `HANDSHARK_PAGE=missing-sni cargo test -p handshark --test ladders` runs that page alone.

mod analysis;
mod page;
mod verdict;

use std::fmt::Write;

use handshark_testkit::ladders;

use analysis::Analysis;

/// The pages under test: code and Markdown.
fn pages() -> Vec<(&'static str, &'static str)> {
    handshark::detect::DETECTORS.iter().map(|detector| (detector.code(), detector.page())).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an author may run one page by hand; the library reads no environment")]
fn every_page_proves_itself() {
    let only = std::env::var("HANDSHARK_PAGE").ok();
    let chosen: Vec<_> =
        pages().into_iter().filter(|(code, _)| only.as_deref().is_none_or(|only| only == *code)).collect();
    assert!(!chosen.is_empty(), "no finding has the code {only:?}");
    let complaints: Vec<String> = chosen.iter().flat_map(|(code, markdown)| complaints(code, markdown)).collect();
    assert!(complaints.is_empty(), "\n\n{}\n\n{} complaints", complaints.join("\n\n"), complaints.len());
}

/// What four incidents asked of which no recorded capture is at hand: see `tests/lab/README.md`.
#[test]
fn the_scenarios_are_told_as_they_were_asked() {
    let complaints = told_otherwise("a scenario", include_str!("acceptance.md"));
    assert!(complaints.is_empty(), "\n\n{}\n\n{} complaints", complaints.join("\n\n"), complaints.len());
}

#[test]
fn codes_are_unique_and_kebab_case() {
    let mut codes: Vec<_> = pages().into_iter().map(|(code, _)| code).collect();
    for code in &codes {
        assert!(page::is_kebab_case(code), "{code} is not kebab-case");
    }
    codes.sort_unstable();
    let doubled: Vec<_> = codes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    assert!(doubled.is_empty(), "codes that are used twice: {doubled:?}");
}

/// Every finding has its line in the table that compares thresholds with the catalogue's.
#[test]
fn every_finding_is_in_the_table_of_thresholds() {
    let table = include_str!("../conformance/thresholds.md");
    let told: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    for (code, _) in pages() {
        assert_eq!(told.iter().filter(|told| **told == code).count(), 1, "{code}");
    }
    assert_eq!(told.len(), pages().len(), "the table has findings that are none");
}

#[test]
fn a_report_does_not_depend_on_how_the_bytes_are_split() {
    for (code, markdown) in pages() {
        let Ok(ladders) = ladders(markdown) else { continue }; // told by the test above
        for ladder in ladders {
            let capture = ladder.capture();
            let whole = Analysis::of(&[&capture]).expect("a capture");
            let pieces: Vec<_> = capture.chunks(61).collect();
            let split = Analysis::of(&pieces).expect("a capture");
            assert_eq!(whole.report, split.report, "{code}, line {}", ladder.line());
        }
    }
}

/// Everything that is wrong with a page, each told so that it can be mended.
fn complaints(code: &str, markdown: &str) -> Vec<String> {
    let form = page::complaints(code, markdown).into_iter().map(|complaint| format!("{code}: {complaint}"));
    form.chain(told_otherwise(code, markdown)).collect()
}

/// The ladders of a page of which something else is told than they expect.
fn told_otherwise(code: &str, markdown: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let ladders = match ladders(markdown) {
        Ok(ladders) => ladders,
        Err(error) => {
            complaints.push(format!("{code}: a ladder can not be read: {error}"));
            return complaints;
        }
    };
    for ladder in &ladders {
        let failures = match Analysis::of(&[&ladder.capture()]) {
            Err(why) => vec![why],
            Ok(analysis) => {
                let failures: Vec<String> = ladder
                    .expectations()
                    .iter()
                    .filter_map(|expectation| {
                        let why = verdict::complaint(code, &expectation.expected, &analysis)?;
                        Some(format!("line {}: {why}", expectation.line))
                    })
                    .collect();
                if failures.is_empty() {
                    continue;
                }
                [failures, vec![format!("what came out:\n{}", analysis.told())]].concat()
            }
        };
        let mut text = format!("{code}: the ladder at line {}, under \"{}\"\n", ladder.line(), ladder.heading());
        for failure in failures {
            writeln!(text, "  {failure}").expect("a String takes all");
        }
        write!(text, "  its packets:\n{}", ladder.listing()).expect("a String takes all");
        complaints.push(text);
    }
    complaints
}
