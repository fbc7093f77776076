//! Attempts that were refused in one address family and made good at once in the other: a client that tries all addresses of a name.

use super::ServiceKey;
use super::thresholds::FALLBACK_WITHIN;
use crate::record::Connection;
use crate::types::{Endpoint, Moment, Side, Span};

/// Attempts of a host at itself, `::1` and `127.0.0.1`, in bounded memory. Between other addresses nothing in a capture says that an
/// IPv6 and an IPv4 client are one host, so no more is claimed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fallbacks {
    refused: Vec<Attempt>,
    opened: Vec<Attempt>,
    /// There were more than are kept.
    more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempt {
    server: Endpoint,
    syn: Moment,
    answer: Moment,
}

/// All refused attempts at one service, made good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MadeGood {
    /// How many.
    pub(super) attempts: u64,
    /// The longest time from the refusal to the SYN-ACK at the other address.
    pub(super) longest: Span,
    /// That address.
    pub(super) by: Endpoint,
    /// The first such SYN-ACK.
    pub(super) proof: Moment,
}

const MOST: usize = 256;

impl Fallbacks {
    /// A finished connection.
    #[inline]
    pub(super) fn note(&mut self, c: &Connection) {
        // Where not all could be kept, nothing is told.
        if !self.more && c.server.address.is_loopback() && c.client.address.is_loopback() {
            self.note_local(c);
        }
    }

    #[cold]
    fn note_local(&mut self, c: &Connection) {
        let Some(syn) = c.opening.syn else { return };
        let refusal = c.ending.reset.filter(|reset| reset.by == Side::Server && !c.opening.is_answered());
        let (kept, answer) = match (refusal, c.opening.syn_ack) {
            (Some(reset), _) => (&mut self.refused, reset.at),
            (None, Some(syn_ack)) => (&mut self.opened, syn_ack),
            (None, None) => return,
        };
        if kept.len() < MOST {
            kept.push(Attempt { server: c.server, syn, answer });
        } else {
            self.more = true;
        }
    }

    /// What made the refused attempts at a service good; `None` unless it is shown for each of them.
    pub(super) fn of(&self, service: ServiceKey) -> Option<MadeGood> {
        let at_service =
            |attempt: &&Attempt| attempt.server.address == service.address && attempt.server.port == service.port;
        let mut refused: Vec<&Attempt> = self.refused.iter().filter(at_service).collect();
        refused.sort_by_key(|attempt| attempt.syn.packet);
        let mut opened: Vec<&Attempt> =
            self.opened.iter().filter(|other| is_other_family(other.server, service)).collect();
        opened.sort_by_key(|attempt| attempt.syn.packet);
        let mut found: Option<MadeGood> = None;
        let mut left = opened.into_iter();
        for attempt in refused {
            // Each opens one attempt's way out alone.
            let next = left.find(|other| other.syn.packet > attempt.answer.packet)?;
            let after = next.answer.at.since(attempt.answer.at);
            if after > FALLBACK_WITHIN {
                return None;
            }
            let known =
                found.get_or_insert(MadeGood { attempts: 0, longest: after, by: next.server, proof: next.answer });
            known.attempts += 1;
            known.longest = known.longest.max(after);
        }
        found.filter(|_| !self.more)
    }
}

fn is_other_family(server: Endpoint, service: ServiceKey) -> bool {
    server.port == service.port && server.address.is_ipv4() != service.address.is_ipv4()
}
