//! How the times of one service's connections are spread.

use super::openings::Openings;
use super::sketch::Sketch;
use crate::record::Connection;
use crate::report::Distributions;
use crate::types::Span;

/// Of connections that were opened: what is known of the others is that they were not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spreads {
    connect: Sketch,
    handshake: Sketch,
    idle: Sketch,
    age: Sketch,
    exchanges: Sketch,
}

impl Spreads {
    /// Notes a finished connection; the first that was opened makes room.
    #[inline]
    pub(super) fn note(spreads: &mut Option<Box<Self>>, c: &Connection) {
        if c.opening.is_answered() || c.carried_payload() {
            spreads.get_or_insert_default().add(c);
        }
    }

    fn add(&mut self, c: &Connection) {
        let add = |sketch: &mut Sketch, span: Option<Span>| {
            if let Some(span) = span {
                sketch.add(span.as_nanos());
            }
        };
        add(&mut self.connect, c.opening.connect());
        add(&mut self.handshake, c.handshake());
        add(&mut self.idle, c.ending.idle.map(|idle| idle.span));
        add(&mut self.age, c.opening.syn.zip(c.ending.first).map(|(syn, end)| end.at.since(syn.at)));
        if c.both_spoke() && c.opening.syn.is_some() {
            self.exchanges.add(i64::from(c.exchanges));
        }
    }

    /// As it is told; how often attempts began is known by the `openings`.
    pub(super) fn summary(spreads: Option<&Self>, openings: &Openings) -> Distributions {
        let of = |sketch: fn(&Self) -> &Sketch| spreads.and_then(|spreads| sketch(spreads).spans());
        Distributions {
            connect_s: of(|all| &all.connect),
            handshake_s: of(|all| &all.handshake),
            idle_before_close_s: of(|all| &all.idle),
            age_s: of(|all| &all.age),
            exchanges: spreads.and_then(|all| all.exchanges.quantiles()),
            attempts_per_second: openings.rates(),
        }
    }
}
