//! Connections that the server ended right after the TLS handshake, before anything was answered: what is behind TLS is gone, mostly.

use crate::detect::{Exam, Group, Told};
use crate::record::Connection;
use crate::types::{Moment, Side, Span};

/// Quoted of each.
const AFTER_HANDSHAKE: &str = "after_handshake";
/// What comes later is no consequence of the handshake.
const RIGHT_AFTER: Span = Span::from_secs(1);

/// Notes it, where the server's end was at this time.
pub(super) fn quote(c: &Connection, end: Moment, exam: &mut Exam<'_>) {
    if is_so(c, end) {
        exam.quote(AFTER_HANDSHAKE, "yes");
    }
}

/// Whether all that a server of TLS did after the handshake was to end the connection: no answer, to nothing.
fn is_so(c: &Connection, end: Moment) -> bool {
    let Some(tls) = c.tls.as_ref().filter(|tls| tls.is_established() && !tls.reversed) else { return false };
    let silent = c.exchanges == 0 && tls.server_data_records <= tls.session_tickets;
    let finished = tls.client_finished.is_some_and(|finished| end.at.since(finished.at) <= RIGHT_AFTER);
    silent && finished && c.visibility.is_whole_of(Side::Server)
}

/// Says so where it was noted of any; `true` where it was of all.
pub(super) fn tell(kind: &str, group: &Group, told: &mut Told) -> bool {
    let count: u64 = group.quotes(kind, AFTER_HANDSHAKE).iter().map(|(_, count)| count).sum();
    if count == 0 {
        return false;
    }
    let all = count == group.of_kind(kind);
    let these = match (all, count) {
        (true, 1) => "It was".to_owned(),
        (true, _) => "Each was".to_owned(),
        (false, some) => format!("{some} of them were"),
    };
    told.summary += &format!(
        " {these} ended right after the TLS handshake, before anything was answered: so does what ends TLS in front of a server that is gone, or \
         a server that fails on the first request."
    );
    told.facts.add("after_tls_handshake", count);
    told.remedy.insert(0, BEHIND_TLS.to_owned());
    all
}

const BEHIND_TLS: &str = "Look behind the place where TLS ends: does the backend of the terminator live (stunnel `connect=`, HAProxy `mode tcp` with `bind ... ssl`, \
                          nginx stream, the targets of a load balancer's TLS listener)? Its log names the connection that failed.";
