//! The same connections at several capture points: where packets were lost, born or changed.
//!
//! In: a [`Point`] for each capture. Out: a [`Correlation`]. Connections are recognised by the client's initial sequence number,
//! also behind address translation; the order of the points comes from time to live and from round trips, never from
//! clocks of two machines. A packet is called lost between two points only where the second capture shows the connection, or
//! its service, ran at that time and could have seen the packet. Every claim names packets.
//!
//! ```
//! use handshark::correlate::{Collector, Correlation, Point};
//! use handshark::{Inspector, Limits};
//!
//! # fn main() -> Result<(), handshark::CaptureError> {
//! # let bytes = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
//! let mut points = Vec::new();
//! for capture in [&bytes, &bytes] {
//!     let mut inspector = Inspector::with_sink(Limits::default(), Collector::default());
//!     inspector.push(capture)?;
//!     let (report, collector) = inspector.finish()?;
//!     points.push(Point::new(&report, collector));
//! }
//! assert!(Correlation::of(&points).observations.is_empty());
//! # Ok(())
//! # }
//! ```

mod changes;
mod fates;
mod journeys;
mod leg;
mod seen;
mod way;
mod witness;
mod words;

#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};

pub use changes::{Change, Field};
pub use leg::{Collector, Point};
pub use way::{OrderFrom, RoundTrip};

use crate::detect::Severity;
use crate::types::{Endpoint, PacketNo, Side, Sided, Span};
use fates::Fates;
use journeys::Journeys;
use way::Way;

/// What several captures say together; its serialised form is the schema `handshark.correlation/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// `handshark.correlation/1`.
    pub schema: &'static str,
    /// The capture points, in the order of the way from the clients to the servers.
    pub points: Vec<PointSummary>,
    /// How that order is known: the weakest reason for two neighbours.
    pub order_from: OrderFrom,
    /// Connections that were seen at two points or more.
    pub connections: u64,
    /// Connections that could be one of several at another point: nothing is said of them.
    pub ambiguous: u64,
    /// What was lost, born or missed, the largest harm first.
    pub observations: Vec<Observation>,
    /// From each point to the next.
    pub stretches: Vec<Stretch>,
    /// What the captures do not tell, in sentences. Escaped.
    pub not_told: Vec<String>,
}

/// The name of a point: `A` is the capture that was named first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointName(pub usize);

impl std::fmt::Display for PointName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match u8::try_from(self.0).ok().filter(|place| *place < 26) {
            Some(place) => write!(f, "{}", char::from(b'A' + place)),
            None => write!(f, "P{}", self.0 + 1),
        }
    }
}

impl Serialize for PointName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One capture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointSummary {
    /// Its name in all that follows.
    pub name: PointName,
    /// Names of its files as given. Escaped.
    pub files: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Connections that were kept.
    pub connections: u64,
    /// Connections past what is kept of one capture, or seen by samples alone: nothing is said of them.
    pub left_out: u64,
    /// Packets that the capturing system dropped by its own count.
    pub dropped: u64,
    /// What its clock is ahead of the first point's, taking the way there and back to take the same time. `None` where no connection
    /// passed both.
    pub clock_ahead_s: Option<Span>,
    /// What `clock_ahead_s` can be wrong by, either way: half the round trip, and what the clocks drifted. `None` where no handshake passed both points in both directions.
    pub clock_within_s: Option<Span>,
}

/// What became of packets on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Captured at one point and not at the next one on its way.
    Lost,
    /// Captured at a point and not at the one before on its way: made between them.
    Born,
    /// It passed a point, as captures before and behind it or an acknowledgment show, and was not captured there: that capture has holes, or
    /// the packet took another way.
    Missed,
}

/// What is followed from point to point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A RST.
    Rst,
    /// The SYN.
    Syn,
    /// The SYN-ACK.
    SynAck,
    /// Bytes of payload.
    Payload,
    /// A FIN.
    Fin,
}

/// A part of the way, from the clients to the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The point before it; `None` on the clients' side of the first point.
    pub from: Option<PointName>,
    /// The point behind it; `None` on the servers' side of the last point.
    pub to: Option<PointName>,
}

/// What happened at one place to one kind of packet of one service's connections.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observation {
    /// What became of the packets.
    pub fate: Fate,
    /// Which packets.
    pub event: Event,
    /// In whose name they are.
    pub by: Side,
    /// Where. For [`Fate::Missed`] both ends are the point that missed them.
    pub place: Place,
    /// The service, as the point nearest to the client knows it.
    pub service: Endpoint,
    /// Harm.
    pub severity: Severity,
    /// Connections.
    pub connections: u64,
    /// Connections to the service that passed this place, or would have.
    pub of: u64,
    /// Bytes, where the event is payload.
    pub bytes: Option<u64>,
    /// What happened, in a sentence.
    pub summary: String,
    /// What to look at.
    pub remedy: String,
    /// Example connections with the packets that prove it.
    pub evidence: Vec<Proof>,
}

/// One connection, at each point that has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// In the order of the way.
    pub sightings: Vec<Trace>,
}

/// A connection at one point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// The point.
    pub point: PointName,
    /// The connection's number there; `None` where it has none.
    pub connection: Option<u64>,
    /// The packet that is meant; `None` where there is none.
    pub packet: Option<PacketNo>,
    /// The last packet of the connection there.
    pub last_packet: Option<PacketNo>,
    /// Payload bytes of the side in question that were captured there, where the event is payload.
    pub bytes: Option<u64>,
}

/// From one point to the next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stretch {
    /// The point nearer to the clients.
    pub from: PointName,
    /// The point nearer to the servers.
    pub to: PointName,
    /// Connections that were seen at both.
    pub connections: u64,
    /// The round trip between them, from handshakes that passed both: free of clocks.
    pub round_trip: Option<RoundTrip>,
    /// The round trip from the second on: to the server and back, with the time that it takes to answer.
    pub beyond: Option<RoundTrip>,
    /// Routers between them, by what each side's packets lost of their time to live.
    pub hops: Sided<Option<i64>>,
    /// Retransmitted segments by side, at the first and at the second, of connections that both have whole. One of a client that is a
    /// retransmission at the first alone was lost between them; of a server, one at the second alone.
    pub retransmitted: Sided<[u64; 2]>,
    /// What is not the same at both.
    pub changes: Vec<Change>,
}

impl Correlation {
    /// What the points say together, in any order.
    pub fn of(points: &[Point]) -> Self {
        let mut journeys = Journeys::of(points);
        let clocks = Way::of(points, &journeys).clocks;
        journeys.join_by_tuple(points, &clocks);
        let way = Way::of(points, &journeys);
        let fates = Fates::of(points, &journeys, &way);
        let connections = journeys.all.iter().filter(|journey| journey.each(points).nth(1).is_some()).count();
        Self {
            schema: "handshark.correlation/1",
            points: way.order.iter().filter_map(|point| summary(points, *point, &way)).collect(),
            order_from: way.order_from,
            connections: connections as u64,
            ambiguous: journeys.ambiguous,
            not_told: words::not_told(points, &way, connections, journeys.ambiguous, &fates),
            observations: fates.into_observations(),
            stretches: changes::stretches(points, &journeys, &way),
        }
    }

    /// The highest severity of what was observed.
    pub fn worst(&self) -> Option<Severity> {
        self.observations.iter().map(|observation| observation.severity).max()
    }
}

fn summary(points: &[Point], place: usize, way: &Way) -> Option<PointSummary> {
    let point = points.get(place)?;
    Some(PointSummary {
        name: PointName(place),
        files: point.files.clone(),
        packets: point.packets,
        connections: point.legs.len() as u64,
        left_out: point.left_out,
        dropped: point.dropped,
        clock_ahead_s: way.clocks.ahead(place),
        clock_within_s: way.clocks.within(place),
    })
}
