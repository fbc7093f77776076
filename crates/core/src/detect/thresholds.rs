//! Every threshold, with its unit and its reason.

use crate::types::Span;

/// An unanswered packet counts as such when the capture went on at least this long after it: a SYN is repeated after 1 s,
/// and an answer near the end of a file may only have been missed.
pub(super) const ANSWER_WAIT: Span = Span::from_secs(3);

/// A server is called silent after a ClientHello when it sent no byte for this long: ten times what a slow handshake over
/// a satellite link takes.
pub(super) const SILENT_AFTER_HELLO: Span = Span::from_secs(2);
