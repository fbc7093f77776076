//! What the detectors of HTTP/2 in clear ask alike: whether its frames were read, and which requests are told of.

use crate::detect::words::listed;
use crate::detect::{Exam, Group, Told, recapture};
use crate::http::Http2;
use crate::record::Connection;
use crate::types::Side;

/// Quoted: the path of the first request that is told of.
pub(super) const PATH: &str = "path";

/// The paths that were quoted, in words.
pub(super) fn paths(group: &Group, kind: &str, told: &mut Told) -> String {
    let quoted = group.quotes(kind, PATH);
    let paths = quoted.iter().filter(|(path, _)| !path.is_empty()).map(|(path, _)| format!("`{path}`"));
    let text = listed(paths, 3);
    if text.is_empty() {
        return text;
    }
    told.facts.add("paths", text.replace('`', ""));
    format!(" ({text})")
}

/// The frames of a connection that speaks HTTP/2 in clear.
pub(super) fn in_clear(c: &Connection) -> Option<&Http2> {
    c.http2.as_deref().filter(|http2| http2.in_clear && http2.answered_in_http1.is_none())
}

/// Whether frames are missing by which the answers would be known; says so.
pub(super) fn is_unread(c: &Connection, http2: &Http2, exam: &mut Exam<'_>) -> bool {
    let seen = &c.visibility;
    let missing = c.misses(Side::Server);
    let is_unread = http2.streams.incomplete || seen.one_way.is_some() || missing;
    if is_unread {
        exam.not_visible("frames of HTTP/2 are missing from the capture, or were cut", recapture::ALL_WHOLE);
    }
    is_unread
}
