//! One line of a ladder as words with their columns, and the error that names a place.

use std::fmt;
use std::str::FromStr;

/// A ladder that can not be read or played: where, what stands there, what should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LadderError {
    /// Line of the page, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What would be right.
    pub expected: String,
    /// What stands there; empty at the end of the line.
    pub found: String,
}

impl fmt::Display for LadderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: expected {}, found ", self.line, self.column, self.expected)?;
        if self.found.is_empty() { f.write_str("the end of the line") } else { write!(f, "`{}`", self.found) }
    }
}

impl std::error::Error for LadderError {}

/// Where something was said, for errors that show up later.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: String,
}

impl Place {
    pub(super) fn error(&self, expected: impl Into<String>) -> LadderError {
        LadderError { line: self.line, column: self.column, expected: expected.into(), found: self.text.clone() }
    }
}

/// One word: `key`, `key=value` or a quoted text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) place: Place,
    /// The word without quotes, escapes resolved.
    pub(super) raw: String,
    /// Where `raw` has its first `=` outside quotes.
    equals: Option<usize>,
}

impl Word {
    pub(super) fn key(&self) -> &str {
        self.equals.map_or(self.raw.as_str(), |at| &self.raw[..at])
    }

    pub(super) fn value(&self) -> Option<&str> {
        self.equals.map(|at| &self.raw[at + 1..])
    }

    /// The text after `=`, which must be there.
    pub(super) fn text(&self) -> Result<&str, LadderError> {
        self.value().ok_or_else(|| self.place.error(format!("`{}=` and a value", self.key())))
    }

    /// The value as a number or the like.
    pub(super) fn parsed<T: FromStr>(&self, expected: &str) -> Result<T, LadderError> {
        let wrong = || self.place.error(format!("`{}=` and {expected}", self.key()));
        self.value().ok_or_else(wrong)?.parse().map_err(|_| wrong())
    }

    /// The values of a list with commas, each read by `read`.
    pub(super) fn list<T>(&self, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, LadderError> {
        let wrong = || self.place.error(format!("`{}=` and {expected}", self.key()));
        self.value().ok_or_else(wrong)?.split(',').map(|part| read(part).ok_or_else(wrong)).collect()
    }

    /// A switch has no value.
    pub(super) fn switch(&self) -> Result<bool, LadderError> {
        match self.value() {
            None => Ok(true),
            Some(_) => Err(self.place.error(format!("`{}` without a value", self.key()))),
        }
    }
}

/// The words of a line, taken from left to right.
#[derive(Debug)]
pub(super) struct Words {
    words: Vec<Word>,
    next: usize,
    end: Place,
}

impl Words {
    /// Splits a line at white space; `#` at the start of a word begins a comment.
    pub(super) fn of(line_number: usize, line: &str) -> Result<Self, LadderError> {
        let mut words = Vec::new();
        let mut chars = line.chars().zip(1..).peekable();
        let mut last_column = 0;
        while let Some((first, column)) = chars.peek().copied() {
            if first.is_whitespace() {
                chars.next();
                continue;
            }
            if first == '#' {
                break;
            }
            let (mut raw, mut source, mut equals, mut quoted) = (String::new(), String::new(), None, false);
            while let Some((character, at)) = chars.next_if(|(character, _)| quoted || !character.is_whitespace()) {
                source.push(character);
                last_column = at;
                match character {
                    '"' => quoted = !quoted,
                    '\\' if quoted => {
                        let place = Place { line: line_number, column: at, text: "\\".to_owned() };
                        raw.push(escape(&mut || chars.next().map(|(next, _)| next), &place)?);
                    }
                    '=' if !quoted && equals.is_none() && !raw.is_empty() => {
                        equals = Some(raw.len());
                        raw.push('=');
                    }
                    other => raw.push(other),
                }
            }
            let place = Place { line: line_number, column, text: source };
            if quoted {
                return Err(place.error("a closing quotation mark"));
            }
            words.push(Word { place, raw, equals });
        }
        let end = Place { line: line_number, column: last_column + 1, text: String::new() };
        Ok(Self { words, next: 0, end })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(super) fn peek(&self) -> Option<&Word> {
        self.words.get(self.next)
    }

    /// The word after the next one.
    pub(super) fn peek_second(&self) -> Option<&Word> {
        self.words.get(self.next + 1)
    }

    pub(super) fn take(&mut self) -> Option<Word> {
        let word = self.words.get(self.next).cloned();
        self.next += 1;
        word
    }

    /// The next word, which must be there.
    pub(super) fn must(&mut self, expected: &str) -> Result<Word, LadderError> {
        self.take().ok_or_else(|| self.end.error(expected))
    }

    /// Takes the next word if it is this one.
    pub(super) fn take_if(&mut self, raw: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.raw == raw);
        self.next += usize::from(found);
        found
    }

    /// The next word as a number or the like.
    pub(super) fn parsed<T: FromStr>(&mut self, expected: &str) -> Result<T, LadderError> {
        let word = self.must(expected)?;
        word.raw.parse().map_err(|_| word.place.error(expected))
    }

    /// A duration or time in seconds, as nanoseconds.
    pub(super) fn seconds(&mut self, expected: &str) -> Result<i64, LadderError> {
        let word = self.must(expected)?;
        nanoseconds(&word.raw).ok_or_else(|| word.place.error(expected))
    }

    /// Nothing may be left.
    pub(super) fn finish(&self) -> Result<(), LadderError> {
        self.peek().map_or(Ok(()), |word| Err(word.place.error("the end of the line")))
    }
}

fn escape(next: &mut dyn FnMut() -> Option<char>, place: &Place) -> Result<char, LadderError> {
    let wrong = || place.error(r#"one of \r \n \t \" \\ \xNN"#);
    match next().ok_or_else(wrong)? {
        'r' => Ok('\r'),
        'n' => Ok('\n'),
        't' => Ok('\t'),
        '"' => Ok('"'),
        '\\' => Ok('\\'),
        'x' => {
            let digits = [next(), next()].map(|digit| digit.and_then(|digit| digit.to_digit(16)));
            let [Some(high), Some(low)] = digits else { return Err(wrong()) };
            char::from_u32(high * 16 + low).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// `1.25` as nanoseconds; at most nine decimals, never negative.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_columns_and_quotes() {
        let words = Words::of(7, r##"  0.5  S text "a b\r\n" x="p=q" # text "##).unwrap();
        let seen: Vec<_> = words.words.iter().map(|word| (word.place.column, word.raw.as_str())).collect();
        assert_eq!(seen, [(3, "0.5"), (8, "S"), (10, "text"), (15, "a b\r\n"), (25, "x=p=q")]);
        assert_eq!(words.words[4].value(), Some("p=q"));
    }

    #[test]
    fn an_open_quote_is_an_error_with_its_place() {
        let error = Words::of(3, "text \"abc").unwrap_err();
        assert_eq!(error.to_string(), "line 3, column 6: expected a closing quotation mark, found `\"abc`");
    }

    #[test]
    fn seconds_have_up_to_nine_decimals() {
        assert_eq!(nanoseconds("1.000000001"), Some(1_000_000_001));
        assert_eq!(nanoseconds("0.5"), Some(500_000_000));
        assert_eq!(nanoseconds("3"), Some(3_000_000_000));
        for wrong in ["", ".5", "-1", "1.0000000001", "1e3", "a"] {
            assert_eq!(nanoseconds(wrong), None, "{wrong}");
        }
    }
}
