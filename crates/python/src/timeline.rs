//! The steps of connections, in little room.

use handshark::record::{Connection, timeline};
use handshark::types::{PacketNo, Side, Timestamp};

/// Connections whose steps are kept, by number: some 300 bytes each. Rows are kept of all.
pub(crate) const MAX_TIMELINES: usize = 200_000;

/// Steps by the connection's number.
#[derive(Debug, Default)]
pub(crate) struct Timelines(Vec<Option<Timeline>>);

impl Timelines {
    /// Keeps the steps of one more, where there is room.
    pub(crate) fn add(&mut self, connection: &Connection) {
        let place = usize::try_from(connection.number).unwrap_or(usize::MAX);
        if place >= MAX_TIMELINES {
            return;
        }
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        if let Some(timeline) = self.0.get_mut(place) {
            *timeline = Some(Timeline::of(connection));
        }
    }

    /// The steps of one; `None` where they were not kept.
    pub(crate) fn steps(&self, number: usize) -> Option<impl Iterator<Item = Step<'_>>> {
        Some(self.0.get(number)?.as_ref()?.steps())
    }

    /// All, as Python pickles them.
    pub(crate) fn plain(&self) -> Vec<Option<Plain>> {
        self.0.iter().map(|timeline| timeline.as_ref().map(Timeline::plain)).collect()
    }
}

impl From<Vec<Option<Plain>>> for Timelines {
    fn from(plain: Vec<Option<Plain>>) -> Self {
        Self(plain.into_iter().map(|plain| plain.map(Timeline::from_plain)).collect())
    }
}

/// The steps of one connection.
#[derive(Debug)]
struct Timeline {
    start: Timestamp,
    steps: Box<[(PacketNo, Timestamp, Side)]>,
    /// One line for each step; texts of steps are escaped and hold no line end.
    what: Box<str>,
}

/// A timeline as Python pickles it: its start, its steps (packet, nanoseconds since the epoch, whether the client sent it),
/// and what they were, one line each.
pub(crate) type Plain = (i64, Vec<(u64, i64, bool)>, String);

/// One step as Python takes it: packet, nanoseconds since the epoch, seconds since the first packet, sender, what it was.
pub(crate) type Step<'a> = (u64, i64, f64, &'static str, &'a str);

impl Timeline {
    fn of(connection: &Connection) -> Self {
        let steps = timeline::of(connection);
        let what: Vec<&str> = steps.iter().map(|step| &*step.what).collect();
        Self {
            start: connection.first.at,
            what: what.join("\n").into_boxed_str(),
            steps: steps.iter().map(|step| (step.packet, step.at, step.from)).collect(),
        }
    }

    fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.steps.iter().zip(self.what.split('\n')).map(|(&(packet, at, from), what)| {
            (packet.number(), at.as_nanos(), at.since(self.start).as_secs_f64(), from.name(), what)
        })
    }

    fn plain(&self) -> Plain {
        let steps = self.steps.iter().map(|(packet, at, from)| (packet.number(), at.as_nanos(), *from == Side::Client));
        (self.start.as_nanos(), steps.collect(), self.what.to_string())
    }

    fn from_plain((start, steps, what): Plain) -> Self {
        let side = |client| if client { Side::Client } else { Side::Server };
        let steps = steps.into_iter().map(|(packet, at, client)| {
            (PacketNo::new(packet).unwrap_or(PacketNo::FIRST), Timestamp::from_nanos(at), side(client))
        });
        Self { start: Timestamp::from_nanos(start), steps: steps.collect(), what: what.into_boxed_str() }
    }
}
