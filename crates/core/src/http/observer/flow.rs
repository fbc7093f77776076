//! Where the reading of one direction stands, and what a head brings with it.

use crate::http::Reason;
use crate::http::chunked::Chunked;
use crate::http::head::Fields;
use crate::types::Moment;

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) reading: Reading,
    /// A head of which only a part is there.
    pub(super) head: Vec<u8>,
    /// The packet with that head's first byte.
    pub(super) head_begun: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Reading {
    /// At the beginning of a message, or in its head.
    #[default]
    Head,
    /// In a body: bytes that are still to come.
    Body(u64),
    /// In one whose words are kept: the same.
    Words(u64),
    Chunked(Chunked),
    /// Somewhere: a piece that begins like a head is taken as one.
    Lost,
    /// Nothing more to be learned: a body that ends with the connection, or no HTTP any more.
    Done,
}

/// Whether a head is there to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    /// Some of its fields are missing.
    Cut,
}

impl Whole {
    /// Whether the sender announces to close. Of a cut head only what it says counts, not what it leaves out.
    pub(super) const fn closes(self, fields: &Fields<'_>) -> bool {
        match self {
            Self::Yes => fields.closes(),
            Self::Cut => fields.says_close(),
        }
    }
}

/// What the head of an answer that refuses says of its reason.
pub(super) fn reason(fields: &Fields<'_>, at: Moment) -> Reason {
    let (field, words) = fields.reason.unzip();
    let mut reason = Reason { at, field, words: Vec::new() };
    keep_words(&mut reason, words.unwrap_or_default());
    reason
}

/// Bytes that are kept of a reason: Apache's comes after 300 bytes of markup.
const MOST_WORDS: usize = 512;

/// Keeps what there is room for; `false` where no more is wanted: it is full, or a field has said it.
pub(super) fn keep_words(reason: &mut Reason, words: &[u8]) -> bool {
    let room = MOST_WORDS.saturating_sub(reason.words.len());
    let is_said = reason.field.is_some() && !reason.words.is_empty();
    if !is_said {
        reason.words.extend_from_slice(words.get(..room.min(words.len())).unwrap_or_default());
    }
    !is_said && reason.words.len() < MOST_WORDS
}
