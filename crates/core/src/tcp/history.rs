//! Zeek's `history` string, without an allocation for each connection.

use std::fmt;

/// A short string of letters, one for each kind of event: upper case from the client, lower case from the server.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    letters: [u8; 23],
    len: u8,
}

impl History {
    /// Adds a letter; a full history takes no more.
    #[inline]
    pub fn push(&mut self, letter: u8) {
        if let Some(place) = self.letters.get_mut(usize::from(self.len)) {
            *place = letter;
            self.len += 1;
        }
    }

    /// Whether there was nothing yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
    }

    /// For roles that turned out the other way round: with the cases exchanged, and with the `^` at the beginning, which
    /// says that the first packet came from the server, taken away or put there.
    #[must_use]
    pub fn swapped(self) -> Self {
        let letters = self.as_str();
        let mut swapped = Self::default();
        if !letters.is_empty() && !letters.starts_with('^') {
            swapped.push(b'^');
        }
        for letter in letters.bytes().filter(|letter| *letter != b'^') {
            swapped.push(if letter.is_ascii_uppercase() {
                letter.to_ascii_lowercase()
            } else {
                letter.to_ascii_uppercase()
            });
        }
        swapped
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
