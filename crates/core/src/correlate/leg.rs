//! What a correlation keeps of one connection at one capture point, and of the point.
//!
//! In: finished connections while a capture is read ([`Collector`]), and its report. Out: a [`Point`], plain data.

use crate::capture::Interfaces;
use crate::record::{Connection, Outcome};
use crate::types::{Endpoint, Moment, Seq, Side, Sided, Timestamp};
use crate::{Report, Sink};

/// Connections that are kept of one capture; further ones are counted.
const MOST_LEGS: usize = 200_000;

/// A connection as one point saw it.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) number: u64,
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    pub(super) first: Moment,
    pub(super) last: Moment,
    /// SYNs that were sent, retries included.
    pub(super) syns: u32,
    pub(super) syn: Option<Moment>,
    /// The last SYN, which is the first where it was not sent again.
    pub(super) last_syn: Option<Moment>,
    pub(super) syn_ack: Option<Moment>,
    pub(super) isn: Sided<Option<Seq>>,
    pub(super) ttl: Sided<Option<u8>>,
    pub(super) mss: Sided<Option<u16>>,
    pub(super) window_scale: Sided<Option<u8>>,
    pub(super) packets: Sided<u64>,
    pub(super) last_packet: Sided<Option<Moment>>,
    /// Payload: the union of what was captured.
    pub(super) bytes: Sided<u64>,
    pub(super) last_payload: Sided<Option<Moment>>,
    /// Payload that was acknowledged here and not captured.
    pub(super) missing: Sided<u32>,
    pub(super) retransmitted: Sided<u32>,
    pub(super) fin: Sided<Option<Moment>>,
    /// Whether the other side acknowledged the FIN.
    pub(super) fin_arrived: Sided<bool>,
    /// Whether the client went on after the SYN, as if it had an answer.
    pub(super) answer_arrived: bool,
    pub(super) resets: Sided<u32>,
    /// The first RST of all.
    pub(super) reset: Option<(Moment, Side)>,
    pub(super) mid_stream: bool,
    /// Packets of this side alone were captured.
    pub(super) one_way: Option<Side>,
    pub(super) flags_only: bool,
    /// Its record is not whole: it was written out early, or a limit was reached.
    pub(super) in_part: bool,
    pub(super) outcome: Outcome,
}

impl Leg {
    fn of(c: &Connection) -> Self {
        let Connection { opening, ending, traffic, visibility, .. } = c;
        let sided =
            |of: fn(&crate::tcp::Traffic) -> u32| Sided { client: of(&traffic.client), server: of(&traffic.server) };
        Self {
            number: c.number,
            client: c.client,
            server: c.server,
            first: c.first,
            last: c.last,
            syns: opening.syns_sent(),
            syn: opening.syn,
            last_syn: opening.syn_retries.last().copied().or(opening.syn),
            syn_ack: opening.syn_ack,
            isn: Sided { client: traffic.client.isn, server: traffic.server.isn },
            ttl: Sided { client: traffic.client.ttl, server: traffic.server.ttl },
            mss: Sided { client: traffic.client.mss, server: traffic.server.mss },
            window_scale: Sided { client: traffic.client.window_scale, server: traffic.server.window_scale },
            packets: Sided { client: traffic.client.packets, server: traffic.server.packets },
            last_packet: Sided { client: traffic.client.last_packet, server: traffic.server.last_packet },
            bytes: Sided { client: traffic.client.payload_bytes, server: traffic.server.payload_bytes },
            last_payload: Sided { client: traffic.client.last_payload, server: traffic.server.last_payload },
            missing: visibility.missing_bytes,
            retransmitted: sided(|traffic| traffic.retransmitted),
            fin: Sided { client: ending.fin.client.map(|fin| fin.at), server: ending.fin.server.map(|fin| fin.at) },
            fin_arrived: Sided {
                client: ending.fin.client.is_some_and(|fin| fin.acknowledged.is_some()),
                server: ending.fin.server.is_some_and(|fin| fin.acknowledged.is_some()),
            },
            answer_arrived: opening.ack.is_some() || traffic.client.payload_bytes > 0,
            resets: ending.reset_count,
            reset: ending.first_reset().map(|(at, by, _)| (at, by)),
            mid_stream: visibility.mid_stream,
            one_way: visibility.one_way,
            flags_only: visibility.flags_only,
            in_part: visibility.evicted || visibility.over_limit,
            outcome: c.outcome(),
        }
    }

    /// What the SYN took to be answered, where neither was sent again before.
    pub(super) fn answered_in(&self) -> Option<crate::types::Span> {
        let (syn, syn_ack) = (self.syn?, self.syn_ack?);
        (self.syns == 1).then(|| syn_ack.at.since(syn.at))
    }

    /// Whether bytes were acknowledged here that were not captured: then other packets may be missing too.
    pub(super) fn has_holes(&self) -> bool {
        !self.flags_only && self.missing != Sided::default()
    }

    /// Whether it has the SYN-ACK and nothing behind it: a filter that passes no more looks the same.
    pub(super) fn only_opened(&self) -> bool {
        self.syn_ack.is_some()
            && !self.answer_arrived
            && self.bytes == Sided::default()
            && self.fin == Sided::default()
            && self.reset.is_none()
    }

    /// Whether both sides had closed before a RST came: what comes then belongs to no connection any more.
    pub(super) fn reset_after_close(&self) -> bool {
        let closed = self.fin.client.zip(self.fin.server).map(|(one, other)| one.packet.max(other.packet));
        closed.zip(self.reset).is_some_and(|(closed, (reset, _))| closed < reset.packet)
    }

    /// Its moments, for whether a capture ran at a time.
    pub(super) fn moments(&self) -> impl Iterator<Item = Moment> {
        let fins = [self.fin.client, self.fin.server, self.last_packet.client, self.last_packet.server];
        let others = [self.syn, self.syn_ack, self.last_payload.client, self.last_payload.server];
        [self.first, self.last].into_iter().chain(fins.into_iter().chain(others).flatten())
    }

    /// Client and server.
    pub(super) const fn tuple(&self) -> (Endpoint, Endpoint) {
        (self.client, self.server)
    }
}

/// Keeps connections while a capture is read. It is a [`Sink`]; a sink that does more calls [`Collector::add`].
#[derive(Debug, Default)]
pub struct Collector {
    legs: Vec<Leg>,
    left_out: u64,
}

impl Collector {
    /// Keeps one finished connection.
    pub fn add(&mut self, connection: &Connection) {
        // Of a connection that was seen by samples nothing can be said to be missing.
        if self.legs.len() >= MOST_LEGS || connection.is_sampled() {
            self.left_out += 1;
        } else {
            self.legs.push(Leg::of(connection));
        }
    }
}

impl Sink for Collector {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.add(connection);
    }
}

/// One capture point: what was captured there.
#[derive(Debug)]
pub struct Point {
    pub(super) files: Vec<String>,
    pub(super) packets: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Packets that the capturing system dropped, where the capture says so.
    pub(super) dropped: u64,
    /// In order of their first packets.
    pub(super) legs: Vec<Leg>,
    pub(super) left_out: u64,
}

impl Point {
    /// What the report of a capture and the collector of the same capture say together.
    pub fn new(report: &Report, collector: Collector) -> Self {
        let Collector { mut legs, left_out } = collector;
        legs.sort_by_key(|leg| leg.number);
        let drops = report.capture.quality.iter().filter(|quality| quality.code == "capture-drops");
        Self {
            files: report.capture.files.clone(),
            packets: report.capture.packets,
            first: report.capture.first,
            last: report.capture.last,
            dropped: drops.map(|quality| quality.count).sum(),
            legs,
            left_out,
        }
    }
}
