//! Lines of text within a width.

use unicode_width::UnicodeWidthStr;

use crate::paint::{Paint, STRONG};

/// A text that grows line by line; nothing in it ends in a space.
#[derive(Debug)]
pub(crate) struct Sheet {
    text: String,
    width: usize,
    pub(crate) paint: Paint,
}

impl Sheet {
    pub(crate) fn new(width: usize, paint: Paint) -> Self {
        Self { text: String::new(), width: width.max(40), paint }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// An empty line, unless there is one already or nothing stands above.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line as it is, however long.
    pub(crate) fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// A section's heading.
    pub(crate) fn heading(&mut self, indent: usize, text: &str) {
        let painted = self.paint.with(STRONG, text);
        self.line(indent, &painted);
    }

    /// A paragraph: `first` stands at `indent`, and all lines of the text behind it at the same column.
    pub(crate) fn paragraph(&mut self, indent: usize, first: &str, text: &str) {
        let column = indent + columns(first);
        let mut lines = wrapped(text, self.width.saturating_sub(column)).into_iter();
        let top = lines.next().unwrap_or_default();
        self.line(indent, &format!("{first}{top}"));
        lines.for_each(|line| self.line(column, &line));
    }

    /// Texts side by side, two spaces between; those that do not fit go on the next line. Each comes plain, for its width,
    /// and painted.
    pub(crate) fn cells(&mut self, cells: &[(String, String)]) {
        let Some(((plain, painted), rest)) = cells.split_first() else { return };
        let (mut line, mut used) = (painted.clone(), columns(plain));
        for (plain, painted) in rest.iter().filter(|(plain, _)| !plain.is_empty()) {
            if used + 2 + columns(plain) > self.width {
                self.line(0, &line);
                line.clear();
                used = 0;
            }
            line.push_str("  ");
            line.push_str(painted);
            used += 2 + columns(plain);
        }
        self.line(0, &line);
    }
}

/// Columns that a text takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `width` columns, with a mark where something was cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        let longer = format!("{kept}{c}");
        if columns(&longer) + 1 > width {
            break;
        }
        kept = longer;
    }
    kept.push('…');
    kept
}

/// Padded with spaces to a width; longer texts stay as they are.
pub(crate) fn padded(text: &str, width: usize, side: Align) -> String {
    let spaces = " ".repeat(width.saturating_sub(columns(text)));
    match side {
        Align::Left => format!("{text}{spaces}"),
        Align::Right => format!("{spaces}{text}"),
    }
}

/// Where a cell's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Lines of at most `width` columns, broken at spaces; a word that is wider stands alone on its line. A number and its unit
/// stay together.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        if word.ends_with(|c: char| c.is_ascii_digit())
            && let Some(unit) = words.next_if(|unit| is_unit(unit))
        {
            word = format!("{word} {unit}");
        }
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}

fn is_unit(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', ')']);
    ["us", "ms", "s", "min", "h", "days", "bytes", "%"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_by_its_width_on_screen() {
        assert_eq!(wrapped("漢字 漢字 ab", 9), ["漢字 漢字", "ab"]);
        assert_eq!(wrapped("a-very-long-word of two", 6), ["a-very-long-word", "of two"]);
        assert_eq!(wrapped("", 6), Vec::<String>::new());
        assert_eq!(wrapped("closes at 5 s, then", 11), ["closes at", "5 s, then"]);
    }

    #[test]
    fn a_cut_text_says_so_and_fits() {
        assert_eq!(cut("10.0.0.5:3000", 13), "10.0.0.5:3000");
        assert_eq!(cut("10.0.0.5:3000", 8), "10.0.0.…");
        assert_eq!(columns(&cut("漢字漢字", 5)), 5);
    }

    #[test]
    fn a_paragraph_hangs_behind_its_mark() {
        let mut sheet = Sheet::new(40, Paint { color: false });
        sheet.paragraph(2, "1. ", "Raise the server's idle timeout above the proxy's.");
        assert_eq!(sheet.into_text(), "  1. Raise the server's idle timeout\n     above the proxy's.\n");
    }
}
