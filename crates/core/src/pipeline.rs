//! The path of a packet: frame, segment, connection, record, judgement.

mod connections;
mod limited;
mod quality;

use std::collections::BTreeMap;
use std::net::IpAddr;

use self::connections::Connections;
use self::quality::{fragment_note, order_notes, unread_link};
use crate::anomaly::Quality;
use crate::capture::{Captures, Frame, Interfaces, LinkType, Names, Reader};
use crate::detect::CaptureFacts;
use crate::flow::{Clock, Flow, Now, Places, Twins};
use crate::inspector::Sink;
use crate::link::{Decoder, Plain, link_name};
use crate::net::{Decoded, Segment, Skip};
use crate::record::Sighting;
use crate::report::CaptureSummary;
use crate::types::{Moment, Span, Timestamp, escaped};
use crate::{Limits, Report};

/// The analysis without the reading.
#[derive(Debug)]
pub(crate) struct Pipeline<S> {
    decoder: Decoder,
    clock: Clock,
    flows: Flows<S>,
    bytes: u64,
    skipped: BTreeMap<Skip, u64>,
    /// Of the packet before this one.
    link: Option<LinkType>,
    links: Vec<LinkType>,
    files: Vec<String>,
    names: Names,
    quality: Vec<Quality>,
}

/// What packets are told to: where they were seen, whether they were before, and whose they are.
#[derive(Debug)]
struct Flows<S> {
    twins: Twins,
    places: Places,
    connections: Connections<S>,
    facts: CaptureFacts,
}

impl<S: Sink> Flows<S> {
    /// A segment, in this frame.
    #[inline(always)]
    fn on_segment(&mut self, segment: &Segment<'_>, frame: &Frame<'_>, now: Now) {
        let interface = self.places.of(frame.interface, segment.place.ifindex);
        let flow = &Flow::of(&segment.tuple);
        let is_twin = self.twins.is_twin(segment, flow, frame.time, interface);
        self.facts.tcp_packets += 1;
        if is_twin {
            self.facts.twins += 1;
        }
        let at = Moment { packet: frame.number, at: frame.time };
        let sighting = Sighting { segment, forward: flow.forward, at, interface, is_twin };
        self.connections.on_segment(&sighting, flow, now, &self.places);
    }

    /// The same for one that came on another road than most.
    #[inline(never)]
    fn on_wide_segment(&mut self, segment: &Segment<'_>, frame: &Frame<'_>, now: Now) {
        self.on_segment(segment, frame, now);
    }
}

impl<S: Sink> Pipeline<S> {
    pub(crate) fn new(limits: Limits, sink: S) -> Self {
        Self {
            decoder: Decoder::new(&limits),
            clock: Clock::default(),
            flows: Flows {
                twins: Twins::new(),
                places: Places::default(),
                connections: Connections::new(limits, sink),
                facts: CaptureFacts::default(),
            },
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
        &mut self.flows.connections.sink
    }

    /// One packet of the capture.
    pub(crate) fn on_frame(&mut self, frame: &Frame<'_>) {
        let now = self.clock.tick(frame.time);
        self.flows.facts.packets += 1;
        self.bytes += frame.data.len() as u64;
        if self.link != Some(frame.link) {
            self.meet(frame.link);
        }
        let Self { flows, decoder, .. } = self;
        // Nearly every packet comes on the narrow road: what follows is compiled once more for it.
        match Plain::narrow(frame) {
            Some(plain) => flows.on_segment(&plain.segment(), frame, now),
            // Looked at where it stands: a segment is large.
            None => match &decoder.decode_wide(frame) {
                Decoded::Tcp(segment) => flows.on_wide_segment(segment, frame, now),
                Decoded::Several => self.on_parts(frame),
                other => {
                    let at = Moment { packet: frame.number, at: frame.time };
                    flows.connections.on_other(other, at, now, &mut self.skipped);
                }
            },
        }
        self.flows.connections.expire(now, &self.flows.places);
    }

    /// The packets of a frame that holds several. In the counts of the capture they are one packet, of the frame's link type.
    #[cold]
    #[inline(never)]
    fn on_parts(&mut self, frame: &Frame<'_>) {
        let CaptureFacts { packets, tcp_packets, .. } = self.flows.facts;
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
        if self.flows.facts.tcp_packets > tcp_packets {
            self.flows.facts.tcp_packets = tcp_packets + 1;
        } else if let Some(skip) = of_parts.into_keys().next() {
            *self.skipped.entry(skip).or_insert(0) += 1;
        }
        self.flows.facts.packets = packets;
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
            let interface = self.flows.places.of(frame.interface, segment.place.ifindex);
            let flow = &Flow::of(&segment.tuple);
            let twin = self.flows.twins.is_twin(segment, flow, frame.time, interface);
            let is_twin = twin || self.flows.connections.captures(flow);
            self.flows.facts.tcp_packets += 1;
            let sighting = Sighting { segment, forward: flow.forward, at, interface, is_twin };
            self.flows.connections.on_segment(&sighting, flow, now, &self.flows.places);
        } else {
            self.flows.connections.on_other(decoded, at, now, &mut self.skipped);
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
        self.flows.places.is_stale()
    }

    /// What the capture says of its interfaces.
    pub(crate) fn describe(&mut self, interfaces: &Interfaces) {
        self.flows.places.describe_new(interfaces);
    }

    /// What a program that feeds packets says of the interfaces.
    pub(crate) fn learn(&mut self, interfaces: &Interfaces) {
        self.flows.places.describe_all(interfaces);
        self.flows.facts.snaplen = smallest_snaplen(interfaces);
    }

    /// The time of the latest packet.
    pub(crate) fn latest(&self) -> Option<Timestamp> {
        self.clock.first().map(|_| self.clock.now())
    }

    /// Finishes what has come to its end, where that much time went by since the last packet.
    pub(crate) fn settle(&mut self, quiet: Span) {
        let Some(now) = self.clock.later(quiet) else { return };
        while let Some(gone) = self.flows.connections.table.settled(now.age) {
            self.flows.connections.finish(gone, now.at, &self.flows.places);
        }
    }

    /// Takes over what reading files brought besides packets.
    pub(crate) fn note_captures(&mut self, captures: &Captures) {
        self.files.extend(captures.files().map(str::to_owned));
        self.quality.extend(captures.quality());
        self.names = captures.names();
        self.flows.places.describe_all(captures.interfaces());
        self.flows.facts.snaplen = smallest_snaplen(captures.interfaces());
    }

    /// Takes over what a pushed stream brought besides packets.
    pub(crate) fn note_reader(&mut self, reader: &Reader, name: &str) {
        self.files.push(name.to_owned());
        self.names = reader.names().clone();
        self.quality.extend(reader.quality().iter().cloned());
        self.flows.places.describe_all(reader.interfaces());
        self.flows.facts.snaplen = smallest_snaplen(reader.interfaces());
    }

    /// The end of the capture.
    pub(crate) fn finish(mut self) -> (Report, S) {
        self.flows.connections.finish_all(self.clock.now(), &self.flows.places);
        let limit_notes = self.flows.connections.limited.notes();
        let Flows { connections, mut facts, .. } = self.flows;
        let Connections { casebook, sink, numbers, late_packets, oddities, .. } = connections;
        facts.connections = numbers.connections();
        facts.first = self.clock.first();
        facts.last = self.clock.last();
        let mut quality = self.quality;
        quality.extend(order_notes(self.clock.backwards(), late_packets));
        quality.extend(oddities.notes());
        quality.extend(self.skipped.iter().filter_map(|(skip, count)| unread_link(*skip, *count)));
        let closed = casebook.close(&facts);
        quality.extend(limit_notes);
        quality.extend(closed.limit_notes());
        quality.extend(fragment_note(self.decoder.fragments_given_up()));
        let served = |address: &IpAddr| closed.services.iter().any(|service| service.address == *address);
        let names = self.names.iter().filter(|(address, _)| served(address));
        let capture = CaptureSummary {
            files: self.files,
            packets: facts.packets,
            bytes: self.bytes,
            tcp_packets: facts.tcp_packets,
            skipped: self.skipped.iter().map(|(skip, count)| (skip.key(), *count)).collect(),
            link_types: self.links.iter().map(|link| link_name(*link).into_owned()).collect(),
            names: names.map(|(address, name)| (address.to_string(), escaped(name).into_owned())).collect(),
            first: facts.first,
            last: facts.last,
            duration_s: facts.first.map(|_| facts.duration()),
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

fn smallest_snaplen(interfaces: &Interfaces) -> Option<u32> {
    interfaces.iter().map(|interface| interface.snaplen).filter(|snaplen| *snaplen > 0).min()
}
