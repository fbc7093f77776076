//! Lines of text, as they come in segments.

use crate::types::Moment;

/// The line that is being read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    at: Option<Moment>,
    /// It is longer than is kept.
    cut: bool,
}

/// Bytes of a line that are kept: a reply of SMTP has 512 at most (RFC 5321 section 4.5.3.1.5).
const KEPT: usize = 600;

/// One line, without its end.
pub(super) struct Line<'a> {
    /// Where it begins.
    pub(super) at: Moment,
    pub(super) bytes: &'a [u8],
    pub(super) cut: bool,
}

impl Lines {
    /// The next bytes: `give` gets each line that ends in them.
    pub(super) fn read(&mut self, bytes: &[u8], at: Moment, mut give: impl FnMut(&Line<'_>)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.keep(line, at);
            let text = self.begun.strip_suffix(b"\r").unwrap_or(&self.begun);
            give(&Line { at: self.at.unwrap_or(at), bytes: text, cut: self.cut });
            self.forget();
        }
        if !rest.is_empty() {
            self.keep(rest, at);
        }
    }

    /// Nothing more will come: `give` gets what stands without an end.
    pub(super) fn end(&mut self, give: impl FnOnce(&Line<'_>)) {
        if let Some(at) = self.at.filter(|_| !self.begun.is_empty()) {
            give(&Line { at, bytes: &self.begun, cut: true });
        }
        self.forget();
    }

    /// What was read of a line means nothing: some is missing.
    pub(super) fn forget(&mut self) {
        self.begun.clear();
        (self.at, self.cut) = (None, false);
    }

    fn keep(&mut self, bytes: &[u8], at: Moment) {
        let room = KEPT.saturating_sub(self.begun.len());
        self.cut |= bytes.len() > room;
        self.begun.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.at.get_or_insert(at);
    }
}
