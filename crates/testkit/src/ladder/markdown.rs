//! Where the ladders stand in a page.

/// A heading of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Line of the page, from 1.
    pub line: usize,
    /// 1 for `#`, 2 for `##` ...
    pub level: usize,
    /// Its text.
    pub text: String,
}

/// The headings of a page, in order; `#` within fenced blocks is none.
pub fn headings(markdown: &str) -> Vec<Heading> {
    let mut fence = None;
    let mut headings = Vec::new();
    for (line, text) in (1..).zip(markdown.lines()) {
        if toggled(&mut fence, text) || fence.is_some() {
            continue;
        }
        headings.extend(heading(line, text));
    }
    headings
}

/// A fenced block with the language `ladder`.
pub(super) struct Fence {
    pub(super) heading: String,
    /// The line of its opening.
    pub(super) line: usize,
    pub(super) text: String,
}

/// The ladders of a page.
pub(super) fn fences(markdown: &str) -> impl Iterator<Item = Fence> {
    let mut open: Option<usize> = None;
    let mut current: Option<Fence> = None;
    let mut under = String::new();
    let mut found = Vec::new();
    for (line, text) in (1..).zip(markdown.lines()) {
        if toggled(&mut open, text) {
            if open.is_some() {
                let language = text.trim_start().trim_start_matches('`').trim();
                if language == "ladder" {
                    current = Some(Fence { heading: under.clone(), line, text: String::new() });
                }
            } else {
                found.extend(current.take());
            }
        } else if let Some(fence) = &mut current {
            fence.text.push_str(text);
            fence.text.push('\n');
        } else if open.is_none() {
            under = heading(line, text).map_or(under, |heading| heading.text);
        }
    }
    found.extend(current);
    found.into_iter()
}

/// Whether this line opens or closes a fence; `open` holds the number of its backticks.
fn toggled(open: &mut Option<usize>, line: &str) -> bool {
    let trimmed = line.trim_start();
    let ticks = trimmed.len() - trimmed.trim_start_matches('`').len();
    if ticks < 3 {
        return false;
    }
    match *open {
        None => *open = Some(ticks),
        // CommonMark: a closing fence is at least as long, and bare.
        Some(length) if ticks >= length && trimmed.trim_end().len() == ticks => *open = None,
        Some(_) => return false,
    }
    true
}

fn heading(line: usize, text: &str) -> Option<Heading> {
    let level = text.len() - text.trim_start_matches('#').len();
    let rest = text.get(level..)?.strip_prefix(' ')?;
    (level > 0).then(|| Heading { line, level, text: rest.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "# Page\n\n## One\n```ladder\n# no heading\nA\n```\n```text\nladder\n```\n## Two\n````ladder\nB\n```\n````\n";

    #[test]
    fn ladders_know_their_heading_and_line() {
        let found: Vec<_> = fences(PAGE).map(|fence| (fence.heading, fence.line, fence.text)).collect();
        let one = ("One".to_owned(), 4, "# no heading\nA\n".to_owned());
        let two = ("Two".to_owned(), 12, "B\n```\n".to_owned());
        assert_eq!(found, [one, two]);
    }

    #[test]
    fn headings_within_fences_are_none() {
        let found: Vec<_> = headings(PAGE).into_iter().map(|heading| (heading.level, heading.text)).collect();
        assert_eq!(found, [(1, "Page".to_owned()), (2, "One".to_owned()), (2, "Two".to_owned())]);
    }
}
