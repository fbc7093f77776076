//! How a connection ended.

use crate::net::{Bare, Segment};
use crate::types::{Moment, Seq, Side, Sided, Span};

/// The end of a connection: FIN is the cause, RST is often the echo, so they are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ending {
    /// Each side's first FIN.
    pub fin: Sided<Option<Fin>>,
    /// The first RST, but for those that ended nothing.
    pub reset: Option<Reset>,
    /// RSTs in all, by sender, twins not counted.
    pub reset_count: Sided<u32>,
    /// The first FIN or RST.
    pub first: Option<Moment>,
    /// Who sent the first FIN or RST.
    pub closed_by: Option<Side>,
    /// What the first sign of the end was.
    pub kind: CloseKind,
    /// How long both sides were quiet before the first FIN or RST.
    pub idle: Option<IdleTime>,
    /// Payload that was sent after the other side had closed.
    pub late_write: Option<LateWrite>,
    /// The first RST that ended nothing.
    pub ignored_reset: Option<IgnoredReset>,
}

/// A RST that ended nothing: afterwards its side sent new payload and the other acknowledged it. It was out of the window (RFC 5961
/// section 3.2), or forged and stopped on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IgnoredReset {
    /// Its packet.
    pub at: Moment,
    /// Whose addresses it carries.
    pub by: Side,
    /// What its header says of its author.
    pub kind: ResetKind,
}

impl Ending {
    /// The first RST of all, whether it ended the connection or not: packet, side and kind.
    pub fn first_reset(&self) -> Option<(Moment, Side, ResetKind)> {
        let ignored = self.ignored_reset.map(|reset| (reset.at, reset.by, reset.kind));
        ignored.or_else(|| self.reset.map(|reset| (reset.at, reset.by, reset.kind)))
    }
}

/// A FIN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fin {
    /// Its packet.
    pub at: Moment,
    /// The sequence number of the FIN itself, after any payload of its segment.
    pub seq: Seq,
    /// When the other side first acknowledged it, if it did.
    pub acknowledged: Option<Moment>,
}

/// A RST.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reset {
    /// Its packet.
    pub at: Moment,
    /// Whose addresses it carries. A device on the path can send it in that side's name, see `kind`.
    pub by: Side,
    /// What its header says of its author.
    pub kind: ResetKind,
    /// Its sequence number; a RST without ACK copies it from the ACK field of the segment it answers.
    pub seq: Seq,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// That side's usual time to live on this connection, where it sent something else.
    pub usual_ttl: Option<u8>,
    /// Window field.
    pub window: u16,
    /// Whether it has the ACK flag.
    pub ack: bool,
    /// Payload bytes inside the RST (RFC 9293 section 3.5.3 allows text).
    pub payload_len: u32,
    /// Packets with payload that the same side sent after it: a live sender goes on after a forged RST.
    pub followed_by_data: u32,
    /// Whether all payload that was captured of both sides was acknowledged: the peer's by the RST at the latest, that of the RST's sender
    /// also by an ACK that crossed it. `false` where there was none.
    pub nothing_in_flight: bool,
    /// Whether the last payload before it was shorter than a full segment, as the end of a message mostly is; `false` where the maximum
    /// segment size is not known.
    pub message_ended: bool,
}

/// What the header of a RST says of its author (RFC 9293 sections 3.5.2 and 3.10.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetKind {
    /// The answer of a host without a listener: RST and ACK, sequence number 0, acknowledging the SYN.
    ClosedPort,
    /// The answer of a host that does not know the connection: no ACK, window 0, no options.
    NoSuchConnection,
    /// The abort of a live socket: RST and ACK with a real window and the next sequence number.
    Abort,
    /// The header does not look like that side's other packets: from a device on the path.
    FromThePath,
    /// None of these shapes.
    Unclear,
}

impl ResetKind {
    /// As in the `reset_kind` column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClosedPort => "closed-port",
            Self::NoSuchConnection => "no-such-connection",
            Self::Abort => "abort",
            Self::FromThePath => "from-the-path",
            Self::Unclear => "unclear",
        }
    }
}

/// What the first sign of the end was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloseKind {
    /// A FIN.
    Fin,
    /// A RST without a FIN before it.
    Reset,
    /// Neither: segments were sent again and again without answer until the connection was last seen.
    Timeout,
    /// Neither: nothing says that it ended.
    #[default]
    Open,
}

impl CloseKind {
    /// As in the `close_kind` column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Open => "open",
        }
    }
}

impl Ending {
    /// Whether a program of one side ended it: by FIN, or by a RST of the shape of a live socket's. Others are of a host that does not know
    /// the connection, or of a device in its name.
    pub(crate) fn is_by_program(&self) -> bool {
        match self.kind {
            CloseKind::Fin => true,
            CloseKind::Reset => self.reset.is_some_and(|reset| reset.kind == ResetKind::Abort),
            CloseKind::Timeout | CloseKind::Open => false,
        }
    }
}

/// How long a connection was quiet before its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdleTime {
    /// From the last payload of either side to the first FIN or RST; last words right before the FIN (TLS close_notify, a
    /// line that says goodbye) belong to the close.
    pub span: Span,
    /// How it was found out.
    pub source: IdleSource,
    /// How far the true value can be from it, either way.
    pub uncertainty: Span,
    /// Who sent that last payload; `None` where it was not captured.
    pub last_by: Option<Side>,
}

/// How an idle time was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleSource {
    /// From captured payload.
    Payload,
    /// From TCP timestamps (RFC 7323): the FIN echoes the time of the last segment that its sender had received.
    TcpTimestamps,
}

impl IdleSource {
    /// As in the `idle_source` column (`not-visible` where there is none).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::TcpTimestamps => "tcp-timestamps",
        }
    }
}

/// Payload sent to a side that had already closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LateWrite {
    /// Who wrote.
    pub by: Side,
    /// The first such packet; `None` where only the RST that answered it was captured.
    pub at: Option<Moment>,
    /// The packet that proves it: the write, or the RST that answered it.
    pub proof: Moment,
    /// Such packets, retransmissions included; 1 where only the RST shows it.
    pub count: u32,
    /// Payload bytes of these packets, retransmissions not counted; `None` where only the RST shows it.
    pub bytes: Option<u32>,
    /// Whether its first packet is a goodbye or a ping as protocols of databases and brokers have them, or a keystroke; `true` as
    /// well where it was not captured whole.
    pub is_small_talk: bool,
    /// The first byte of its first packet, where that was captured: up to TLS 1.2 it says whether it is data (23) or an alert (21).
    pub first_byte: Option<u8>,
    /// From the FIN to the write, or to the RST where only that was captured. Negative where the write was captured first:
    /// the FIN, which does not acknowledge it, was on its way.
    pub after_fin: Span,
    /// Whether the writer had acknowledged the FIN before: `true` says it did not notice the close, `false` that the two
    /// crossed on the way.
    pub had_acknowledged: bool,
}

/// A RST from the same host keeps its hop limit; more than this much away, another device sent it. Paths of one host
/// differ by one or two hops now and then.
const SAME_HOST_HOPS: u8 = 2;

impl Reset {
    /// A RST by its header. `usual_ttl` is that of its side's other packets; `answers_syn` says that it follows the peer's
    /// SYN as the first thing that its side has to say.
    pub(super) const fn new(by: Side, at: Moment, s: &Bare, usual_ttl: Option<u8>, answers_syn: bool) -> Self {
        let &Bare { seq, ttl, window, flags, .. } = s;
        let kind = ResetKind::of(s, usual_ttl, answers_syn);
        Self {
            at,
            by,
            kind,
            seq,
            ttl,
            usual_ttl,
            window,
            ack: flags.ack(),
            payload_len: 0,
            followed_by_data: 0,
            nothing_in_flight: false,
            message_ended: false,
        }
    }

    /// Whether another RST of this side was sent before it: that by which the host left. What was on its way to the host then is answered by a
    /// bare one with the same number, and on its own way that can be the faster.
    pub(super) fn overtook(&self, by: Side, other: &Segment<'_>) -> bool {
        let answered = self.by == by && self.kind == ResetKind::NoSuchConnection;
        answered && other.flags.ack() && other.seq == self.seq
    }
}

impl ResetKind {
    /// What the header of a RST says of its author.
    const fn of(s: &Bare, usual_ttl: Option<u8>, answers_syn: bool) -> Self {
        match usual_ttl {
            Some(usual) if usual.abs_diff(s.ttl) > SAME_HOST_HOPS => return Self::FromThePath,
            _ => {}
        }
        match s.flags.ack() {
            true if s.seq.0 == 0 && answers_syn => Self::ClosedPort,
            true if s.window > 0 => Self::Abort,
            false if s.window == 0 && !s.options.any => Self::NoSuchConnection,
            _ => Self::Unclear,
        }
    }
}
