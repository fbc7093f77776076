//! One connection: a line makes its side speak, and the other side hear it.

use super::peer::{Known, Peer, Sent};
use super::play::{Body, Packet};
use super::script::{Action, Attributes, Line, Reset, Side, Speech};
use super::words::{LadderError, Place};
use crate::Noise;
use crate::packets::{Flags, IcmpPacket, TcpOptions, TcpPacket, Unreachable};
use crate::tls::{Alert, Session, Speaker};

/// Two peers and the TLS session between them.
#[derive(Debug)]
pub(super) struct Connection {
    name: String,
    number: u32,
    peers: [Peer; 2],
    tls: Session,
    noise: Noise,
}

/// A segment before its attributes are known.
struct Segment {
    seq: u32,
    flags: Flags,
    payload: Vec<u8>,
    /// Without options and window, and not a duplicate of anything: a RST from nowhere.
    bare: bool,
    /// The acknowledgement, where it does not follow from what has arrived.
    ack: Option<u32>,
    /// Whether it is new: it advances the sequence numbers and may be sent again.
    fresh: bool,
}

impl Segment {
    const fn new(seq: u32, flags: Flags) -> Self {
        Self { seq, flags, payload: Vec::new(), bare: false, ack: None, fresh: true }
    }
}

impl Connection {
    pub(super) fn new(name: String, number: u32, client: Peer, server: Peer, seed: u64, at_ns: i64) -> Self {
        let mut noise = Noise::new(seed);
        let tls = Session::new(Noise::new(noise.next_u64()));
        let mut connection = Self { name, number, peers: [client, server], tls, noise };
        connection.begin(at_ns);
        connection
    }

    /// Both sides as after a handshake with new sequence numbers.
    fn begin(&mut self, at_ns: i64) {
        let [client, server] = &mut self.peers;
        client.begin();
        server.begin();
        client.listen(server.isn, server.clock(at_ns));
        server.listen(client.isn, client.clock(at_ns));
        client.segment_limit = server.mss;
        server.segment_limit = client.mss;
        self.tls = Session::new(Noise::new(self.noise.next_u64()));
    }

    /// Plays one line and adds its packets to `out`.
    pub(super) fn play(
        &mut self,
        at_ns: i64,
        line: &Line,
        interfaces: &[String],
        out: &mut Vec<Packet>,
    ) -> Result<(), LadderError> {
        let (me, other) = (line.side.index(), line.side.other().index());
        let attributes = &line.attributes;
        if attributes.new_isn {
            self.begin(at_ns);
        }
        if attributes.unaware && !self.peers[me].fin_received {
            return Err(line.place.error("a FIN of the other side before `unaware`"));
        }
        let known = self.peers[me]
            .known(attributes.crossed)
            .ok_or_else(|| line.place.error("`crossed` only after as many lines of the other side"))?;
        let interface = interface(attributes, interfaces)?;
        self.peers[other].remember();
        let frame = |body, note| Packet {
            at_ns,
            connection: String::new(),
            number: 0,
            side: line.side,
            body,
            interface,
            outgoing: line.side == Side::Client,
            captured: true,
            twin: attributes.twin,
            place: line.place.clone(),
            note,
        };
        if let Action::Icmp(reason, by) = &line.action {
            let bytes = self.icmp(line, *reason, *by)?;
            let packet = frame(Body::Other(bytes), "ICMP".to_owned());
            let captured = !attributes.unseen.has(0);
            out.push(Packet { connection: self.name.clone(), number: self.number, captured, ..packet });
            return Ok(());
        }

        let segments = self.segments(line)?;
        let last = segments.len().saturating_sub(1);
        for (index, mut segment) in segments.into_iter().enumerate() {
            if index == last {
                segment.flags = segment.flags | if attributes.fin { Flags::FIN } else { Flags::default() };
                segment.flags = segment.flags | if attributes.rst { Flags::RST } else { Flags::default() };
            }
            let fresh = segment.fresh;
            let packet = self.packet(at_ns, line.side, segment, known, attributes);
            let speaker = &mut self.peers[me];
            speaker.has_sent(&packet);
            let taken = packet.sequence_length();
            if fresh && taken > 0 {
                let sent = Sent { seq: packet.seq, flags: packet.flags, payload: packet.payload.clone() };
                speaker.sent.push(sent);
                if !packet.flags.has(Flags::SYN) {
                    speaker.next_seq = packet.seq.wrapping_add(taken);
                }
            }
            if !attributes.lost.has(index) {
                self.peers[other].receive(&packet);
                if let Some(mss) = packet.options.mss {
                    self.peers[other].segment_limit = mss;
                }
            }
            let note = self.note(line.side, &packet);
            let packet = frame(Body::Tcp(packet), note);
            let captured = !attributes.unseen.has(index);
            out.push(Packet { connection: self.name.clone(), number: self.number, captured, ..packet });
        }
        Ok(())
    }

    /// The segments of a line.
    fn segments(&mut self, line: &Line) -> Result<Vec<Segment>, LadderError> {
        let (me, other) = (&self.peers[line.side.index()], &self.peers[line.side.other().index()]);
        let one = |segment| Ok(vec![segment]);
        match &line.action {
            Action::Syn => one(Segment::new(me.isn, Flags::SYN)),
            Action::SynAck => one(Segment::new(me.isn, Flags::SYN | Flags::ACK)),
            Action::Ack => one(Segment::new(me.next_seq, Flags::ACK)),
            Action::Fin => one(Segment::new(me.next_seq, Flags::FIN | Flags::ACK)),
            Action::KeepAlive => one(Segment { fresh: false, ..Segment::new(me.next_seq.wrapping_sub(1), Flags::ACK) }),
            Action::Again(back) => {
                let sent = me.sent.len().checked_sub(*back).and_then(|index| me.sent.get(index));
                let Some(Sent { seq, flags, payload }) = sent.cloned() else {
                    return Err(line.place.error("a segment of this side before, with payload, SYN or FIN"));
                };
                one(Segment { payload, fresh: false, ..Segment::new(seq, flags) })
            }
            Action::Rst(kind) => one(reset(*kind, me, other.last_packet.as_ref(), &line.place)?),
            Action::Say(speech) => {
                let speaker = match line.side {
                    Side::Client => Speaker::Client,
                    Side::Server => Speaker::Server,
                };
                let seq = me.next_seq;
                let options = if me.timestamps && other.timestamps { 12 } else { 0 };
                let limit = usize::from(me.segment_limit.min(me.mss)).saturating_sub(options).max(1);
                let bytes = self.speech(speech, speaker, &line.place)?;
                // An IP packet holds at most 65535 bytes, headers included.
                let limit = if line.attributes.tso { 65_000 } else { limit };
                Ok(cut(seq, &bytes, limit))
            }
            Action::Icmp(..) => Ok(Vec::new()),
        }
    }

    /// The bytes that a side says.
    fn speech(&mut self, speech: &Speech, speaker: Speaker, place: &Place) -> Result<Vec<u8>, LadderError> {
        let early = || place.error("a ServerHello before this line");
        Ok(match speech {
            Speech::Data(length) => {
                let plain = self.noise.bytes(*length);
                self.tls.application_data(&plain)
            }
            Speech::Bytes(bytes) => bytes.clone(),
            Speech::Request(request) => self.tls.application_data(&request.bytes()),
            Speech::Response(response) => self.tls.application_data(&response.bytes()),
            Speech::ClientHello(hello) => {
                self.tls.client_hello(hello).map_err(|least| place.error(format!("`size={least}` or more")))?
            }
            Speech::ServerHello(hello) => self.tls.server_hello(hello),
            Speech::HelloRetryRequest => self.tls.hello_retry_request(),
            Speech::Finished => {
                self.tls.version().ok_or_else(early)?;
                let own_line = "no `S Finished` in TLS 1.3: it is part of the ServerHello's flight";
                self.tls.finished(speaker).ok_or_else(|| place.error(own_line))?
            }
            Speech::EmptyCertificate => self.tls.empty_certificate(),
            Speech::Tickets => self.tls.tickets().ok_or_else(|| place.error("a ServerHello of TLS 1.3 before"))?,
            Speech::Alert(alert) => self.tls.alert(*alert),
            Speech::EncryptedAlert => self.tls.encrypted_alert().ok_or_else(early)?,
            Speech::CloseNotify => match self.tls.encrypted_alert() {
                Some(bytes) => bytes,
                None => self.tls.alert(Alert { fatal: false, description: 0 }),
            },
            Speech::Record(length) => self.tls.opaque(*length),
        })
    }

    /// A segment with all its header fields.
    fn packet(&mut self, at_ns: i64, side: Side, segment: Segment, known: Known, attributes: &Attributes) -> TcpPacket {
        let (client, server) = self.peers.split_at_mut(1);
        let (me, other) = match side {
            Side::Client => (&mut client[0], &server[0]),
            Side::Server => (&mut server[0], &client[0]),
        };
        let flags = segment.flags;
        let syn = flags.has(Flags::SYN);
        let acknowledges = flags.has(Flags::ACK);
        let ack = if acknowledges { segment.ack.unwrap_or(known.ack) } else { 0 };
        let timestamps = me.timestamps && (other.timestamps || syn) && !segment.bare && !attributes.no_timestamps;
        let echo = if acknowledges { known.echo } else { 0 };
        let options = TcpOptions {
            mss: syn.then(|| attributes.mss.unwrap_or(me.mss)),
            sack_permitted: syn,
            timestamps: timestamps.then(|| (me.clock(at_ns), echo)),
            window_scale: (syn && me.scaling).then_some(7),
            sack: attributes.sack.map(|bytes| (other.next_seq.wrapping_sub(bytes), other.next_seq)),
        };
        let scaled = me.scaling && other.scaling && !syn;
        let window = if segment.bare {
            0
        } else if scaled {
            502
        } else {
            64_240
        };
        // Linux sends SYN-ACKs and resets for unknown connections with identification 0.
        let id = if segment.bare || syn && acknowledges { 0 } else { me.next_ip_id() };
        TcpPacket {
            source: me.address,
            destination: other.address,
            seq: attributes.seq.map_or(segment.seq, |seq| me.isn.wrapping_add(seq)),
            ack: attributes.ack.map_or(ack, |ack| other.isn.wrapping_add(ack)),
            flags,
            window: attributes.window.unwrap_or(window),
            options,
            payload: segment.payload,
            ttl_hops: attributes.ttl_hops.unwrap_or(me.ttl_hops),
            id: attributes.id.unwrap_or(id),
            bad_checksum: attributes.bad_checksum,
        }
    }

    fn icmp(&self, line: &Line, reason: Unreachable, by: Option<std::net::IpAddr>) -> Result<Vec<u8>, LadderError> {
        let (me, other) = (&self.peers[line.side.index()], &self.peers[line.side.other().index()]);
        let quoted = other.last_packet.as_ref().ok_or_else(|| line.place.error("a packet of the other side before"))?;
        let source = by.unwrap_or_else(|| me.address.ip());
        if source.is_ipv6() != me.address.is_ipv6() {
            return Err(line.place.error("an address of the connection's family"));
        }
        let ttl_hops = line.attributes.ttl_hops.unwrap_or(me.ttl_hops);
        let quoted = quoted.ip_bytes();
        Ok(IcmpPacket { source, destination: other.address.ip(), reason, quoted: &quoted, ttl_hops }.ip_bytes())
    }

    /// What a listing shows of a packet, numbers relative as Wireshark's.
    fn note(&self, side: Side, packet: &TcpPacket) -> String {
        let (me, other) = (&self.peers[side.index()], &self.peers[side.other().index()]);
        let seq = packet.seq.wrapping_sub(me.isn);
        let ack = packet.ack.wrapping_sub(other.isn);
        let seq = if packet.seq == 0 { "0 (absolute)".to_owned() } else { seq.to_string() };
        let ack = if packet.flags.has(Flags::ACK) { format!(" ack={ack}") } else { String::new() };
        let length = packet.payload.len();
        format!("{:<11} seq={seq}{ack} len={length} win={}", packet.flags, packet.window)
    }
}

/// The reset of this kind, or of the kind that RFC 9293 section 3.5.2 asks for.
fn reset(kind: Option<Reset>, me: &Peer, answered: Option<&TcpPacket>, place: &Place) -> Result<Segment, LadderError> {
    let kind = match (kind, answered) {
        (Some(kind), _) => kind,
        (None, Some(packet)) if packet.flags.has(Flags::ACK) => Reset::Bare,
        (None, Some(_)) => Reset::Refuse,
        (None, None) => return Err(place.error("kind=abort, or a packet of the other side that it answers")),
    };
    if let Reset::Abort = kind {
        return Ok(Segment { fresh: false, ..Segment::new(me.next_seq, Flags::RST | Flags::ACK) });
    }
    let nowhere = |seq, flags| Segment { bare: true, fresh: false, ..Segment::new(seq, flags) };
    let answered = match (kind, answered) {
        (_, Some(answered)) => answered,
        // What it answers was before the ladder: it acknowledged all that this side had sent.
        (Reset::Bare, None) => return Ok(nowhere(me.next_seq, Flags::RST)),
        (_, None) => return Err(place.error("a packet of the other side that it answers")),
    };
    match kind {
        Reset::Bare if answered.flags.has(Flags::ACK) => Ok(nowhere(answered.ack, Flags::RST)),
        Reset::Bare => Err(place.error("kind=refuse: what it answers has no ACK field")),
        Reset::Refuse | Reset::Abort => {
            let ack = answered.seq.wrapping_add(answered.sequence_length());
            Ok(Segment { ack: Some(ack), ..nowhere(0, Flags::RST | Flags::ACK) })
        }
    }
}

/// Payload in segments; the last is pushed.
fn cut(mut seq: u32, bytes: &[u8], limit: usize) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for part in bytes.chunks(limit) {
        segments.push(Segment { payload: part.to_vec(), ..Segment::new(seq, Flags::ACK) });
        seq = seq.wrapping_add(part.len() as u32);
    }
    if let Some(last) = segments.last_mut() {
        last.flags = last.flags | Flags::PSH;
    }
    segments
}

fn interface(attributes: &Attributes, interfaces: &[String]) -> Result<usize, LadderError> {
    match &attributes.on {
        None => Ok(0),
        Some((name, place)) => interfaces
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| place.error("an interface that an `interface` line names")),
    }
}
