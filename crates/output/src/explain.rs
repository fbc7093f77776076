//! A finding's manual page on a terminal.
//!
//! In: Markdown as the pages use it: headings, paragraphs, lists, fenced blocks, tables, links, `code` and **strong**. Out:
//! wrapped text. Blocks and tables keep their lines; what is no known mark stays as it is.

use std::io::{self, Write};

use crate::paint::{CODE, Paint};
use crate::sheet::{Align, Sheet, columns, padded};
use crate::text::Style;

/// Writes one page.
///
/// # Errors
/// The writer refuses.
pub fn write_page(out: &mut dyn Write, page: &str, style: Style) -> io::Result<()> {
    let mut sheet = Sheet::new(style.width, Paint { color: style.color });
    let mut block = Block::default();
    let mut fenced = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            block.write(&mut sheet);
            fenced = !fenced;
            sheet.gap();
        } else if fenced {
            let painted = sheet.paint.with(CODE, line);
            sheet.line(4, &painted);
        } else if line.trim().is_empty() {
            block.write(&mut sheet);
            sheet.gap();
        } else if line.starts_with('|') {
            block.write(&mut sheet);
            sheet.line(2, line);
        } else if let Some(heading) = heading(line) {
            block.write(&mut sheet);
            sheet.gap();
            sheet.heading(0, &inline(heading));
        } else if let Some((mark, text)) = list_item(line) {
            block.write(&mut sheet);
            block = Block { mark, text: text.to_owned() };
        } else {
            block.add(line.trim());
        }
    }
    block.write(&mut sheet);
    out.write_all(sheet.into_text().trim_end().as_bytes())?;
    writeln!(out)
}

/// Writes a list of pages: code and title.
///
/// # Errors
/// The writer refuses.
pub fn write_list<'a>(
    out: &mut dyn Write,
    pages: impl Iterator<Item = (&'a str, &'a str)>,
    style: Style,
) -> io::Result<()> {
    let pages: Vec<(&str, String)> = pages.map(|(code, page)| (code, title(code, page))).collect();
    let width = pages.iter().map(|(code, _)| columns(code)).max().unwrap_or(0);
    let mut sheet = Sheet::new(style.width, Paint { color: style.color });
    for (code, title) in &pages {
        sheet.paragraph(0, &format!("{}  ", padded(code, width, Align::Left)), title);
    }
    out.write_all(sheet.into_text().as_bytes())
}

/// What follows the code in the first heading: `# missing-sni: the ClientHello names no server`.
fn title(code: &str, page: &str) -> String {
    let first = page.lines().find_map(heading).unwrap_or_default();
    let rest = first.strip_prefix(code).unwrap_or(first);
    inline(rest.trim_start_matches([':', ' ']))
}

/// A paragraph or list item, gathered until it ends.
#[derive(Debug, Default)]
struct Block {
    mark: String,
    text: String,
}

impl Block {
    fn add(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(line);
    }

    fn write(&mut self, sheet: &mut Sheet) {
        let block = std::mem::take(self);
        if !block.text.is_empty() {
            sheet.paragraph(2, &block.mark, &inline(&block.text));
        }
    }
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len()).then_some(text)?.strip_prefix(' ').map(str::trim)
}

/// `- text` and `1. text`.
fn list_item(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start();
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("- ".to_owned(), text));
    }
    let (number, text) = line.split_once(". ")?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| (format!("{number}. "), text))
}

/// Without the marks of emphasis; `[text](address)` becomes `text (address)`. Code keeps its backticks: it is to be copied,
/// and colour may be missing.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, piece) in text.split('`').enumerate() {
        if i % 2 == 1 {
            out.push_str(&format!("`{piece}`"));
        } else {
            out.push_str(&plain_links(&piece.replace("**", "")));
        }
    }
    out
}

fn plain_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let parts = link.split_once("](").and_then(|(label, tail)| Some((label, tail.split_once(')')?)));
        out.push_str(before);
        match parts {
            Some((label, (address, after))) if !label.contains(['[', ']']) => {
                out.push_str(&format!("{label} ({address})"));
                rest = after;
            }
            Some(_) | None => {
                out.push('[');
                rest = link;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> String {
        let mut out = Vec::new();
        write_page(&mut out, text, Style { width: 60, color: false }).expect("a Vec takes all");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn a_page_is_wrapped_and_its_ladder_is_not() {
        let text = "# a-code: what\n\n## Wire signature\n\nA server that is **shared** by many names, see [RFC \
                    6066](https://rfc.example/6066).\n\n```ladder\n0.000  C SYN\nexpect none\n```\n\n- one\n  and more\n- \
                    two [x]\n";
        let expected = "a-code: what\n\nWire signature\n\n  A server that is shared by many names, see RFC 6066\n  \
                        (https://rfc.example/6066).\n\n    0.000  C SYN\n    expect none\n\n  - one and more\n  - two [x]\n";
        assert_eq!(page(text), expected);
    }

    #[test]
    fn every_page_of_the_core_is_shown() {
        for detector in handshark::detect::DETECTORS {
            let text = page(detector.page());
            assert!(text.starts_with(detector.code()), "{text}");
            assert!(!text.contains("```") && !text.contains("\n#"), "{text}");
        }
    }

    #[test]
    fn the_list_has_code_and_title() {
        let mut out = Vec::new();
        let pages = [("a-code", "# a-code: what it is\n"), ("b", "# b\n\ntext")];
        write_list(&mut out, pages.into_iter(), Style::default()).expect("a Vec takes all");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), "a-code  what it is\nb\n");
    }
}
