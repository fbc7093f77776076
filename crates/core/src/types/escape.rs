//! Text from the wire, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control, format, bidirectional and line-breaking character written as an escape.
///
/// What comes from a packet or a file name may hold terminal sequences or characters that reorder a line. C0, C1 and DEL
/// become `\x1b`, format and bidi characters become `\u{202e}`, and a backslash becomes `\\` so that nothing can be faked.
///
/// ```
/// assert_eq!(handshark::types::escaped("a\u{1b}[31m"), r"a\x1b[31m");
/// assert_eq!(handshark::types::escaped("example.org"), "example.org");
/// ```
pub fn escaped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => drop(write!(out, "\\x{:02x}", c as u32)),
            c if reorders_or_hides(c) => drop(write!(out, "\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Unicode characters without a glyph of their own: format (Cf), line and paragraph separators, tags, and fillers.
fn reorders_or_hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a shell reads it as the name, or the name and port, that it is.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    !name.starts_with('-') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_moves_the_cursor_or_the_eye_is_spelled_out() {
        assert_eq!(escaped("\r\n\t\u{7f}\u{9b}"), r"\x0d\x0a\x09\x7f\x9b");
        assert_eq!(escaped("a\u{202e}b\u{200b}"), r"a\u{202e}b\u{200b}");
        assert_eq!(escaped(r"\x1b"), r"\\x1b");
        assert_eq!(escaped("bücher.example"), "bücher.example");
    }
}
