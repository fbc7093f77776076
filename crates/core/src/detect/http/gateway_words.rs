//! What a gateway says itself of why it failed, quoted and explained: for each kind of `server-error-message` in which one answers.

use super::gateway_causes::{Cause, cause};
use crate::detect::words::counted;
use crate::detect::{Exam, Group, Told};
use crate::http::{Http, Reason};

/// Quoted: its words, the field that they stand in, and the program's name for itself.
const WORDS: &str = "reason";
const FIELD: &str = "reason_field";
const PROGRAM: &str = "server";

/// What follows is another in each answer (Varnish).
const AFTERWORDS: [&str; 1] = ["Guru Meditation"];

/// What it means by the answer that was last, where its words are known.
pub(super) fn meant(http: &Http) -> Option<&'static Cause> {
    cause(&text(http.reason.as_deref()?))
}

/// Adds the words to the symptom. A page of which nothing is understood says no more than its status.
pub(super) fn quote(http: &Http, exam: &mut Exam<'_>) {
    if let Some(program) = &http.server_software {
        exam.quote(PROGRAM, program);
    }
    let Some(reason) = http.reason.as_deref() else { return };
    let words = text(reason);
    if words.is_empty() || is_markup(reason) && cause(&words).is_none() {
        return;
    }
    exam.quote(WORDS, &words);
    if let Some(field) = reason.field {
        exam.quote(FIELD, field);
    }
}

/// What the words of a kind add to a finding: a quote for its summary, what they mean, and what to do, before what is said in any case.
pub(super) fn explain(kind: &str, group: &Group, told: &mut Told) {
    let first = |name: &str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
    if let Some(program) = first(PROGRAM) {
        told.summary += &format!(" By its own name it is `{program}`.");
        told.facts.add(PROGRAM, program);
    }
    let all = group.quotes(kind, WORDS);
    let Some((words, _)) = all.first() else { return };
    let field = first(FIELD).map_or_else(String::new, |field| format!(" in `{field}`"));
    let others = match all.len() {
        1 => String::new(),
        many => format!(" (and {})", counted(many as u64 - 1, "other text")),
    };
    told.summary += &format!(" It says why{field}: `{words}`{others}.");
    told.facts.add(WORDS, (*words).to_owned());
    if let Some(cause) = cause(words) {
        told.summary += &format!(" {}", cause.says);
        told.facts.add("cause", cause.name);
        told.remedy.insert(0, cause.remedy.to_owned());
    }
}

/// The words without markup, in one line.
fn text(reason: &Reason) -> String {
    let words = String::from_utf8_lossy(&reason.words);
    let bare = if is_markup(reason) { without_markup(&words) } else { words.into_owned() };
    let bare =
        AFTERWORDS.iter().filter_map(|after| bare.find(after)).min().and_then(|end| bare.get(..end)).unwrap_or(&bare);
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_markup(reason: &Reason) -> bool {
    reason.words.trim_ascii_start().starts_with(b"<")
}

/// What stands between the tags, after the head of the page.
fn without_markup(page: &str) -> String {
    let body = page.find("</head>").and_then(|head| page.get(head..)).unwrap_or(page);
    let mut text = String::new();
    for piece in body.split('<') {
        let after = piece.split_once('>').map_or(piece, |(_, after)| after);
        text.push(' ');
        text.push_str(after);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::http::Reason;
    use crate::types::{Moment, PacketNo, Timestamp};

    #[test]
    fn of_a_page_its_words_are_shown() {
        let text_of = |words: &[u8]| {
            let packet = PacketNo::new(1).expect("the first");
            let at = Moment { packet, at: Timestamp::from_nanos(0) };
            text(&Reason { at, field: None, words: words.to_vec() })
        };
        let haproxy = b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n";
        assert_eq!(text_of(haproxy), "503 Service Unavailable No server is available to handle this request.");
        let apache = b"<html><head>\n<title>502 Proxy Error</title>\n</head><body>\n<h1>Proxy Error</h1>\n<p>Reason: <strong>Error reading from";
        assert_eq!(text_of(apache), "Proxy Error Reason: Error reading from");
        assert_eq!(text_of(b"no healthy upstream"), "no healthy upstream");
    }
}
