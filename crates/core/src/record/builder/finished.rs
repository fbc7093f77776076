//! A connection at its end: what was gathered becomes the record.

use super::{Builder, Payload};
use crate::record::exchanges::Exchanges;
use crate::record::streams::Learned;
use crate::record::{Connection, IcmpNote, Means, Protocol, Visibility};
use crate::tcp::{Tracker, is_flags_only};
use crate::tls::Tls;
use crate::types::{Side, Sided, Span, Timestamp};

impl Builder {
    /// The finished record: nothing of use is left here. `capture_end` is the time of the last packet of the capture so far.
    pub(in crate::record) fn finish(&mut self, evicted: bool, capture_end: Timestamp, limits: &Means) -> Connection {
        let stream_bytes = self.tracker.stream_bytes();
        let flags_only = self.is_flags_only(&stream_bytes);
        let learned = match std::mem::replace(&mut self.payload, Payload::Untouched) {
            Payload::Untouched => Learned::Nothing(Protocol::None),
            Payload::Read(streams) => streams.finish(self.last, limits),
            Payload::Decided(learned) => learned,
        };
        let (mut dialogue, mut begun_in) = (None, None);
        let (protocol, tls, http, http2) = match learned {
            Learned::Tls { tls, http, spoke } => {
                begun_in = spoke;
                let pinged = self.exchanges.as_deref().and_then(|exchanges| exchanges.pings.looks_like_pings(&tls));
                (Protocol::Tls, Some(tls), http, pinged)
            }
            Learned::Http(http) => (Protocol::Http1, None, Some(http), None),
            Learned::Http2(http2) => (Protocol::Http2, None, None, Some(http2)),
            Learned::OpenVpn(tls) => (Protocol::OpenVpn, tls, None, None),
            Learned::Dialogue(said) => {
                dialogue = Some(said);
                (Protocol::Other, None, None, None)
            }
            Learned::Nothing(protocol) => (protocol, None, None, None),
        };
        let icmp_error = self.icmp.as_deref().map(|error| IcmpNote { lost: self.lost(error), ..error.note });
        let Self { tracker, last, .. } = self;
        let halves = &tracker.halves;
        let visibility = Visibility {
            mid_stream: tracker.opening.syn.is_none() && tracker.opening.syn_ack.is_none(),
            one_way: one_way(tracker),
            flags_only,
            cut_by_snaplen: self.cut_by_snaplen,
            gaps: Sided { client: halves.client.gaps, server: halves.server.gaps },
            // A filter that left them out is no loss.
            missing_bytes: if flags_only { Sided::default() } else { tracker.missing_bytes() },
            first_gap: halves.client.first_gap.into_iter().chain(halves.server.first_gap).min(),
            twins: self.twins,
            circled: self.circles.as_deref().and_then(|circles| circles.most),
            other_bytes: self.other_bytes,
            evicted,
            over_limit: self.over_limit || tracker.forgot_ranges() || tls.as_deref().is_some_and(Tls::is_over_limit),
            capture_went_on: capture_end.since(last.at).max(Span::ZERO),
        };
        let ending = tracker.ending(flags_only);
        let (conn_state, history, completeness) = (tracker.conn_state(), tracker.history(), tracker.completeness());
        let (opening, traffic) = tracker.take_facts(stream_bytes);
        // Probes keep a quiet connection alive on the way: then no silence was survived.
        let probed = traffic.client.probes.is_some() || traffic.server.probes.is_some();
        let exchanges = self.exchanges.as_deref();
        let tls_end = ending.fin.server.and_then(|fin| self.framing.end(fin.seq));
        Connection {
            number: self.number,
            client: self.client,
            server: self.server,
            roles_from: self.roles_from,
            seen_at: self.seen_at,
            vlan: self.vlan,
            tunnel: self.tunnel,
            first: self.first,
            last: *last,
            opening,
            traffic,
            ending,
            conn_state,
            history,
            completeness,
            exchanges: exchanges.map_or(0, |exchanges| exchanges.answered),
            shortest_request: exchanges.and_then(|exchanges| exchanges.shortest),
            last_exchange: exchanges.and_then(Exchanges::last),
            goodbye: exchanges.and_then(Exchanges::goodbye),
            before_last_exchange: exchanges.and_then(|exchanges| exchanges.before),
            longest_survived_idle: exchanges.filter(|_| !probed).and_then(|exchanges| exchanges.longest_survived),
            tls,
            tls_end,
            http,
            http2,
            proxy_header: self.proxy_header.take(),
            dialogue,
            begun_in,
            protocol,
            visibility,
            icmp_error,
            symptoms: Vec::new(),
        }
    }

    /// Only SYN, FIN and RST were captured, and the rest of a real connection is missing between them.
    fn is_flags_only(&self, stream_bytes: &Sided<Option<u64>>) -> bool {
        let halves = &self.tracker.halves;
        if !(halves.client.only_flags() && halves.server.only_flags()) || self.tracker.opening.syn_ack.is_none() {
            return false;
        }
        let fin = Sided { client: halves.client.fin, server: halves.server.fin };
        let is_reset = halves.client.resets + halves.server.resets > 0;
        is_flags_only(&fin, is_reset, self.tracker.opening.syn_ack_count, stream_bytes)
    }
}

/// One side alone was captured although its acknowledgments show that the other sent something.
fn one_way(tracker: &Tracker) -> Option<Side> {
    let halves = &tracker.halves;
    let side = match (halves.client.traffic.packets, halves.server.traffic.packets) {
        (_, 0) => Side::Client,
        (0, _) => Side::Server,
        _ => return None,
    };
    let me = &halves[side];
    let opening = &tracker.opening;
    let answered = match side {
        // An ACK after the SYN acknowledges a SYN-ACK that was not captured.
        Side::Client => opening.syn.is_some() && me.first_ack().is_some(),
        Side::Server => opening.syn_ack.is_some(),
    };
    (answered || me.acknowledged() > 0).then_some(side)
}
