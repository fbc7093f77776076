//! Everything that lives by connection: the table, what each becomes, and what is judged of it.

use std::collections::{BTreeMap, BTreeSet};

use super::limited::Limited;
use super::quality::Oddities;
use crate::Limits;
use crate::flow::{Flow, Gone, Keeper, Keepers, Now, Numbers, Places, Table};
use crate::inspector::Sink;
use crate::net::{Decoded, IcmpError, Skip};
use crate::record::{Connection, Desk, Live, Means, Notes, Sighting};
use crate::report::Casebook;
use crate::tcp::COMPLETE_SYN;
use crate::types::{Moment, Seq, Timestamp};

/// Everything that lives by connection.
#[derive(Debug)]
pub(super) struct Connections<S> {
    means: Means,
    pub(super) table: Table<Live>,
    notes: Notes,
    desk: Desk,
    pub(super) casebook: Casebook,
    pub(super) sink: S,
    pub(super) numbers: Numbers,
    pub(super) late_packets: u64,
    pub(super) oddities: Oddities,
    keepers: Keepers,
    pub(super) limited: Limited,
    /// Numbers of live connections that FTP announced.
    announced: BTreeSet<u64>,
}

impl<S: Sink> Connections<S> {
    pub(super) fn new(limits: Limits, sink: S) -> Self {
        Self {
            table: Table::new(limits.clone()),
            notes: Notes::default(),
            desk: Desk::new(),
            casebook: Casebook::new(limits.clone()),
            keepers: Keepers::new(limits.max_payload_total),
            means: Means::new(limits),
            sink,
            numbers: Numbers::default(),
            late_packets: 0,
            oddities: Oddities::default(),
            limited: Limited::default(),
            announced: BTreeSet::new(),
        }
    }

    #[inline(always)]
    pub(super) fn on_segment(&mut self, sighting: &Sighting<'_>, flow: &Flow, now: Now, places: &Places) {
        let mut found = self.table.find(flow);
        if let Some(place) = found
            && self.table.value(place).is_some_and(|live| live.is_reopened_by(sighting))
        {
            if let Some(gone) = self.table.remove(place) {
                self.finish(gone, now.at, places);
            }
            found = None;
        }
        let Some(place) = found else {
            self.begin(sighting, flow, now);
            return;
        };
        let Some(live) = self.table.value(place) else { return };
        let class = match live.on_bare_segment(sighting, &mut self.notes) {
            Some(class) => class,
            None => {
                let before = live.kept();
                live.on_segment(sighting, &flow.key, &mut self.notes, &self.means);
                let (class, after) = (live.class(), live.kept());
                self.keepers.note(Keeper { place, number: live.number() }, before, after);
                class
            }
        };
        self.table.seen(place, class, now.age);
    }

    /// Whether a connection lives that is seen by more than samples.
    pub(super) fn captures(&mut self, flow: &Flow) -> bool {
        let found = self.table.find(flow);
        found.and_then(|place| self.table.value(place)).is_some_and(|live| !live.is_sampled())
    }

    /// A segment of no connection that lives.
    #[inline(always)]
    fn begin(&mut self, sighting: &Sighting<'_>, flow: &Flow, now: Now) {
        if !sighting.segment.flags.opens() && self.table.has_ended(flow, now.age) {
            self.late_packets += 1;
            return;
        }
        let number = self.numbers.next(sighting.segment, flow);
        if sighting.segment.flags.opens() && self.means.announced.take(&sighting.segment.tuple) {
            self.announced.insert(number);
        }
        let live = Live::new(number, sighting, &mut self.notes, &self.means);
        let (class, kept) = (live.class(), live.kept());
        let place = self.table.insert(flow, live, now.age);
        self.keepers.note(Keeper { place, number }, 0, kept);
        self.table.seen(place, class, now.age);
    }

    /// A frame without a segment.
    #[inline(never)]
    pub(super) fn on_other(&mut self, decoded: &Decoded<'_>, at: Moment, now: Now, skipped: &mut BTreeMap<Skip, u64>) {
        let skip = match decoded {
            Decoded::Tcp(_) | Decoded::Several => return,
            Decoded::IcmpError(error) => {
                self.on_icmp(error, at);
                Skip::NotTcp
            }
            Decoded::BadTcp { tuple, opens } => {
                self.number(&Flow::of(tuple), *opens, now);
                Skip::Malformed
            }
            Decoded::Skipped(skip) => *skip,
        };
        *skipped.entry(skip).or_insert(0) += 1;
    }

    /// What Wireshark numbers and what opens no connection here.
    fn number(&mut self, flow: &Flow, opens: Option<Seq>, now: Now) {
        if self.table.find(flow).is_none() && !self.table.has_ended(flow, now.age) {
            self.numbers.take(flow, opens);
        }
    }

    /// An ICMP error belongs to the connection that it quotes.
    fn on_icmp(&mut self, error: &IcmpError, at: Moment) {
        let flow = Flow::of(&error.quoted);
        if let Some(place) = self.table.find(&flow)
            && let Some(live) = self.table.value(place)
        {
            live.on_icmp(error, at, &flow.key, &mut self.notes, &self.means);
        }
    }

    pub(super) fn expire(&mut self, now: Now, places: &Places) {
        while let Some(gone) = self.table.expired(now.age) {
            self.limited.evicted += u64::from(gone.evicted);
            self.finish(gone, now.at, places);
        }
        if self.keepers.is_over() || self.keepers.is_crowded(self.table.len()) {
            self.make_room(now.at, places);
        }
    }

    /// Writes connections out until the rest keeps no more payload than it may.
    #[cold]
    fn make_room(&mut self, now: Timestamp, places: &Places) {
        while self.keepers.is_over()
            && let Some(keeper) = self.keepers.next()
        {
            if is_keeping(&mut self.table, keeper)
                && let Some(gone) = self.table.evict(keeper.place)
            {
                self.limited.evicted += 1;
                self.limited.evicted_for_payload += 1;
                self.finish(gone, now, places);
            }
        }
        if self.keepers.is_crowded(self.table.len()) {
            self.keepers.thin(|keeper| is_keeping(&mut self.table, keeper));
        }
    }

    pub(super) fn finish(&mut self, mut gone: Gone<Live>, now: Timestamp, places: &Places) {
        // Looked at where it stands: it is large.
        let Gone { key, value, evicted } = &mut gone;
        self.keepers.leave(value.kept());
        if let Some(next) = self.table.next_to_go() {
            next.ask_for(&self.notes);
        }
        value.finish(key, &mut self.notes, *evicted, now, &self.means, &mut self.desk);
        let is_bare = self.desk.is_bare();
        let connection = self.desk.connection();
        self.limited.over_limit += u64::from(connection.visibility.over_limit);
        self.oddities.note(connection);
        if !self.announced.is_empty() {
            end_announced(&mut self.announced, connection);
        }
        if connection.is_sampled() {
            self.limited.sampled += 1;
        } else {
            self.casebook.add(connection, is_bare);
        }
        self.sink.connection(connection, places.all());
    }

    pub(super) fn finish_all(&mut self, end: Timestamp, places: &Places) {
        for gone in self.table.drain(Live::number) {
            self.finish(gone, end, places);
        }
    }
}

/// Wireshark does not count the SYN of a connection that FTP announced.
#[cold]
fn end_announced(announced: &mut BTreeSet<u64>, connection: &mut Connection) {
    if announced.remove(&connection.number) {
        connection.completeness &= !COMPLETE_SYN;
    }
}

/// Whether it lives and keeps payload.
fn is_keeping(table: &mut Table<Live>, keeper: Keeper) -> bool {
    table.value(keeper.place).is_some_and(|live| live.number() == keeper.number && live.kept() > 0)
}
