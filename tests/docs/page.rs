//! The form of a finding's page: title, fixed headings in order, a ladder that fires and one that stays silent.

use handshark_testkit::ladder::headings;
use handshark_testkit::{Expected, ladders};

/// The headings of every page, in this order.
const HEADINGS: [&str; 7] = [
    "What it says",
    "Wire signature",
    "What looks the same and is not",
    "When it can not be judged",
    "Thresholds",
    "What to do",
    "References",
];

/// What is wrong with the form of the page.
pub(crate) fn complaints(code: &str, markdown: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let all = headings(markdown);
    let title = all.first().filter(|heading| heading.level == 1).map(|heading| heading.text.as_str());
    if title.and_then(|title| title.strip_prefix(code)).is_none_or(|rest| !rest.starts_with(": ")) {
        complaints.push(format!("the page begins with `# {code}: ` and a title, not with {title:?}"));
    }
    let second: Vec<_> = all.iter().filter(|heading| heading.level == 2).map(|heading| heading.text.as_str()).collect();
    if second != HEADINGS {
        complaints.push(format!(
            "the headings are\n    {}\n  and must be\n    {}",
            second.join(" / "),
            HEADINGS.join(" / ")
        ));
    }
    let Ok(ladders) = ladders(markdown) else { return complaints };
    let expects = |wanted: &dyn Fn(&Expected) -> bool| {
        ladders.iter().any(|ladder| ladder.expectations().iter().any(|expectation| wanted(&expectation.expected)))
    };
    if !expects(&|expected| matches!(expected, Expected::Finding(finding) if finding.code == code)) {
        complaints.push(format!("no ladder expects {code}"));
    }
    let silent = |expected: &Expected| match expected {
        Expected::None => true,
        Expected::Absent(absent) => absent == code,
        Expected::NotAssessed(_) | Expected::Finding(_) => false,
    };
    if !expects(&silent) {
        complaints.push("no ladder has `expect none`".to_owned());
    }
    complaints
}

/// Lower case words of letters and digits with single hyphens between them.
pub(crate) fn is_kebab_case(code: &str) -> bool {
    code.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

mod tests {
    use super::{HEADINGS, complaints, is_kebab_case};

    const LADDERS: &str = "```ladder\n0.0 C SYN\nexpect a-code\n```\n```ladder\n0.0 C SYN\nexpect none\n```\n";

    fn page(headings: &[&str], ladders: &str) -> String {
        let headings: Vec<_> = headings.iter().map(|heading| format!("## {heading}\n")).collect();
        format!("# a-code: what it is\n{}{ladders}", headings.concat())
    }

    #[test]
    fn a_whole_page_has_no_complaints() {
        assert_eq!(complaints("a-code", &page(&HEADINGS, LADDERS)), [""; 0]);
    }

    #[test]
    fn each_missing_part_is_told() {
        let told = |code: &str, page: &str, words: &str| {
            let complaints = complaints(code, page).concat();
            assert!(complaints.contains(words), "{complaints}");
        };
        told("b-code", &page(&HEADINGS, LADDERS), "# b-code: ");
        told("b-code", &page(&HEADINGS, LADDERS), "no ladder expects b-code");
        told("a-code", &page(&HEADINGS[1..], LADDERS), "and must be");
        let swapped = [HEADINGS[1], HEADINGS[0]];
        told("a-code", &page(&[&swapped, &HEADINGS[2..]].concat(), LADDERS), "and must be");
        told("a-code", &page(&HEADINGS, "```ladder\n0.0 C SYN\nexpect a-code\n```\n"), "expect none");
    }

    #[test]
    fn kebab_case() {
        assert!(is_kebab_case("tls-alert"));
        for wrong in ["Tls", "a--b", "-a", "a_b", ""] {
            assert!(!is_kebab_case(wrong), "{wrong}");
        }
    }
}
