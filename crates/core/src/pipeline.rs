//! The path of a packet: frame, segment, connection, record, judgement.

mod limited;
mod quality;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use self::limited::Limited;
use self::quality::{Oddities, fragment_note, order_notes, unread_link};
use crate::anomaly::Quality;
use crate::capture::{Captures, Frame, Interfaces, LinkType, Names, Reader};
use crate::detect::CaptureFacts;
use crate::flow::{Clock, Flow, Gone, Keeper, Keepers, Now, Numbers, Places, Table, Twins};
use crate::inspector::Sink;
use crate::link::{Decoder, link_name};
use crate::net::{Decoded, IcmpError, Skip};
use crate::record::{Connection, Desk, Live, Means, Notes, Sighting};
use crate::report::{CaptureSummary, Casebook};
use crate::tcp::COMPLETE_SYN;
use crate::types::{Moment, Seq, Span, Timestamp, escaped};
use crate::{Limits, Report};

/// The analysis without the reading.
#[derive(Debug)]
pub(crate) struct Pipeline<S> {
    decoder: Decoder,
    clock: Clock,
    twins: Twins,
    places: Places,
    connections: Connections<S>,
    facts: CaptureFacts,
    bytes: u64,
    skipped: BTreeMap<Skip, u64>,
    /// Of the packet before this one.
    link: Option<LinkType>,
    links: Vec<LinkType>,
    files: Vec<String>,
    names: Names,
    quality: Vec<Quality>,
}

/// Everything that lives by connection.
#[derive(Debug)]
struct Connections<S> {
    means: Means,
    table: Table<Live>,
    notes: Notes,
    desk: Desk,
    casebook: Casebook,
    sink: S,
    numbers: Numbers,
    late_packets: u64,
    oddities: Oddities,
    keepers: Keepers,
    limited: Limited,
    /// Numbers of live connections that FTP announced.
    announced: BTreeSet<u64>,
}

impl<S: Sink> Pipeline<S> {
    pub(crate) fn new(limits: Limits, sink: S) -> Self {
        Self {
            decoder: Decoder::new(&limits),
            clock: Clock::default(),
            twins: Twins::new(),
            places: Places::default(),
            connections: Connections {
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
            },
            facts: CaptureFacts::default(),
            bytes: 0,
            skipped: BTreeMap::new(),
            link: None,
            links: Vec::new(),
            files: Vec::new(),
            names: Names::default(),
            quality: Vec::new(),
        }
    }

    pub(crate) const fn sink(&mut self) -> &mut S {
        &mut self.connections.sink
    }

    /// One packet of the capture.
    pub(crate) fn on_frame(&mut self, frame: &Frame<'_>) {
        let now = self.clock.tick(frame.time);
        self.facts.packets += 1;
        self.bytes += frame.data.len() as u64;
        if self.link != Some(frame.link) {
            self.meet(frame.link);
        }
        let at = Moment { packet: frame.number, at: frame.time };
        // Looked at where it stands: a segment is large.
        let decoded = &self.decoder.decode(frame);
        if let Decoded::Tcp(segment) = decoded {
            let interface = self.places.of(frame.interface, segment.place.ifindex);
            let flow = &Flow::of(&segment.tuple);
            let is_twin = self.twins.is_twin(segment, flow, frame.time, interface);
            self.facts.tcp_packets += 1;
            if is_twin {
                self.facts.twins += 1;
            }
            let sighting = Sighting { segment, forward: flow.forward, at, interface, is_twin };
            self.connections.on_segment(&sighting, flow, now, &self.places);
        } else if let Decoded::Several = decoded {
            self.on_parts(frame);
        } else {
            self.connections.on_other(decoded, at, now, &mut self.skipped);
        }
        self.connections.expire(now, &self.places);
    }

    /// The packets of a frame that holds several. In the counts of the capture they are one packet, of the frame's link type.
    #[cold]
    #[inline(never)]
    fn on_parts(&mut self, frame: &Frame<'_>) {
        let CaptureFacts { packets, tcp_packets, .. } = self.facts;
        let (bytes, links) = (self.bytes, self.links.len());
        let skipped = std::mem::take(&mut self.skipped);
        let parts = self.decoder.open();
        for part in parts.frames(frame) {
            match parts.are_samples() {
                true => self.on_sample(&part),
                false => self.on_frame(&part),
            }
        }
        self.decoder.close(parts);
        let of_parts = std::mem::replace(&mut self.skipped, skipped);
        if self.facts.tcp_packets > tcp_packets {
            self.facts.tcp_packets = tcp_packets + 1;
        } else if let Some(skip) = of_parts.into_keys().next() {
            *self.skipped.entry(skip).or_insert(0) += 1;
        }
        self.facts.packets = packets;
        self.bytes = bytes;
        self.links.truncate(links);
        self.link = Some(frame.link);
    }

    /// A packet that a switch picked by chance. Of a connection that is captured as well it is another sighting: of a packet that
    /// was captured, or would have been.
    fn on_sample(&mut self, frame: &Frame<'_>) {
        let now = self.clock.tick(frame.time);
        let at = Moment { packet: frame.number, at: frame.time };
        let decoded = &self.decoder.decode(frame);
        if let Decoded::Tcp(segment) = decoded {
            let interface = self.places.of(frame.interface, segment.place.ifindex);
            let flow = &Flow::of(&segment.tuple);
            let twin = self.twins.is_twin(segment, flow, frame.time, interface);
            let is_twin = twin || self.connections.captures(flow);
            self.facts.tcp_packets += 1;
            let sighting = Sighting { segment, forward: flow.forward, at, interface, is_twin };
            self.connections.on_segment(&sighting, flow, now, &self.places);
        } else {
            self.connections.on_other(decoded, at, now, &mut self.skipped);
        }
    }

    /// A link type other than that of the packet before.
    #[cold]
    fn meet(&mut self, link: LinkType) {
        self.link = Some(link);
        if !self.links.contains(&link) {
            self.links.push(link);
        }
    }

    /// Whether a packet came from an interface that is not yet described.
    pub(crate) const fn wants_interfaces(&self) -> bool {
        self.places.is_stale()
    }

    /// What the capture says of its interfaces.
    pub(crate) fn describe(&mut self, interfaces: &Interfaces) {
        self.places.describe_new(interfaces);
    }

    /// What a program that feeds packets says of the interfaces.
    pub(crate) fn learn(&mut self, interfaces: &Interfaces) {
        self.places.describe_all(interfaces);
        self.facts.snaplen = smallest_snaplen(interfaces);
    }

    /// The time of the latest packet.
    pub(crate) fn latest(&self) -> Option<Timestamp> {
        self.clock.first().map(|_| self.clock.now())
    }

    /// Finishes what has come to its end, where that much time went by since the last packet.
    pub(crate) fn settle(&mut self, quiet: Span) {
        let Some(now) = self.clock.later(quiet) else { return };
        while let Some(gone) = self.connections.table.settled(now.age) {
            self.connections.finish(gone, now.at, &self.places);
        }
    }

    /// Takes over what reading files brought besides packets.
    pub(crate) fn note_captures(&mut self, captures: &Captures) {
        self.files.extend(captures.files().map(str::to_owned));
        self.quality.extend(captures.quality());
        self.names = captures.names();
        self.places.describe_all(captures.interfaces());
        self.facts.snaplen = smallest_snaplen(captures.interfaces());
    }

    /// Takes over what a pushed stream brought besides packets.
    pub(crate) fn note_reader(&mut self, reader: &Reader, name: &str) {
        self.files.push(name.to_owned());
        self.names = reader.names().clone();
        self.quality.extend(reader.quality().iter().cloned());
        self.places.describe_all(reader.interfaces());
        self.facts.snaplen = smallest_snaplen(reader.interfaces());
    }

    /// The end of the capture.
    pub(crate) fn finish(mut self) -> (Report, S) {
        self.connections.finish_all(self.clock.now(), &self.places);
        let limit_notes = self.connections.limited.notes();
        let Connections { casebook, sink, numbers, late_packets, oddities, .. } = self.connections;
        self.facts.connections = numbers.connections();
        self.facts.first = self.clock.first();
        self.facts.last = self.clock.last();
        let mut quality = self.quality;
        quality.extend(order_notes(self.clock.backwards(), late_packets));
        quality.extend(oddities.notes());
        quality.extend(self.skipped.iter().filter_map(|(skip, count)| unread_link(*skip, *count)));
        let closed = casebook.close(&self.facts);
        quality.extend(limit_notes);
        quality.extend(closed.limit_notes());
        quality.extend(fragment_note(self.decoder.fragments_given_up()));
        let served = |address: &IpAddr| closed.services.iter().any(|service| service.address == *address);
        let names = self.names.iter().filter(|(address, _)| served(address));
        let capture = CaptureSummary {
            files: self.files,
            packets: self.facts.packets,
            bytes: self.bytes,
            tcp_packets: self.facts.tcp_packets,
            skipped: self.skipped.iter().map(|(skip, count)| (skip.key(), *count)).collect(),
            link_types: self.links.iter().map(|link| link_name(*link).into_owned()).collect(),
            names: names.map(|(address, name)| (address.to_string(), escaped(name).into_owned())).collect(),
            first: self.facts.first,
            last: self.facts.last,
            duration_s: self.facts.first.map(|_| self.facts.duration()),
            quality,
        };
        let report = Report {
            schema: "handshark.report/1",
            capture,
            totals: closed.totals,
            findings: closed.findings,
            unexplained: closed.unexplained,
            services: closed.services,
            not_assessed: closed.not_assessed,
        };
        (report, sink)
    }
}

impl<S: Sink> Connections<S> {
    #[inline(always)]
    fn on_segment(&mut self, sighting: &Sighting<'_>, flow: &Flow, now: Now, places: &Places) {
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
    fn captures(&mut self, flow: &Flow) -> bool {
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
    fn on_other(&mut self, decoded: &Decoded<'_>, at: Moment, now: Now, skipped: &mut BTreeMap<Skip, u64>) {
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

    fn expire(&mut self, now: Now, places: &Places) {
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

    fn finish(&mut self, gone: Gone<Live>, now: Timestamp, places: &Places) {
        let Gone { key, value, evicted } = gone;
        self.keepers.leave(value.kept());
        if let Some(next) = self.table.next_to_go() {
            next.ask_for(&self.notes);
        }
        value.finish(&key, &mut self.notes, evicted, now, &self.means, &mut self.desk);
        let connection = self.desk.connection();
        self.limited.over_limit += u64::from(connection.visibility.over_limit);
        self.oddities.note(connection);
        if !self.announced.is_empty() {
            end_announced(&mut self.announced, connection);
        }
        if connection.is_sampled() {
            self.limited.sampled += 1;
        } else {
            self.casebook.add(connection);
        }
        self.sink.connection(connection, places.all());
    }

    fn finish_all(&mut self, end: Timestamp, places: &Places) {
        let mut left: Vec<Gone<Live>> = self.table.drain().collect();
        left.sort_by_key(|gone| gone.value.number());
        for gone in left {
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

fn smallest_snaplen(interfaces: &Interfaces) -> Option<u32> {
    interfaces.iter().map(|interface| interface.snaplen).filter(|snaplen| *snaplen > 0).min()
}
