//! What a detector is.

use std::net::IpAddr;

use super::beside::Beside;
use super::thresholds::{SCAN_ANSWERED_SHARE, SCAN_PORTS};
use super::{Confidence, Exam, Group, Load, Service, Severity, Shape};
use crate::record::{Connection, IcmpNote};
use crate::report::{Candidate, Facts};
use crate::types::{Span, Timestamp};

/// One kind of finding: reads finished connections, then tells what they have in common.
///
/// Implementers hold no state. `examine` sees each connection once, in the order in which they end; it must not depend
/// on that order. `tell` sees the fold of all its symptoms at one service, or in the whole capture.
pub trait Detector: Sync {
    /// The code, kebab-case, for ever: never reused for something else.
    fn code(&self) -> &'static str;

    /// The manual page: Markdown with the fixed headings, and with ladders that are its tests.
    fn page(&self) -> &'static str;

    /// Whether its symptoms are told per service or once for the capture.
    fn scope(&self) -> Scope {
        Scope::Service
    }

    /// Codes that explain more: when a finding with one of them, of the same service or of the whole capture, covers all connections of this one,
    /// this one is left out.
    fn yields_to(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a connection that failed can have failed for what its warnings say. Of some they are remarks: a slow handshake, a SYN
    /// that was sent twice. What is an error always can be the cause.
    fn explains_failures(&self) -> bool {
        true
    }

    /// What a connection must have for `examine` to say anything of it, that it applies or can not be judged included:
    /// it is not asked about others.
    fn needs(&self) -> Shape {
        Shape::ANY
    }

    /// Connections of which is known without `examine` that the check applies and finds nothing: those that have all of
    /// the first, and nothing of the second.
    fn clears(&self) -> Option<(Shape, Shape)> {
        None
    }

    /// Connections of which is known without `examine` that they have the symptom, quietly and each the same as the next. Once
    /// there are enough examples they are counted and no more. Neither yields the detector to another then, nor another to it.
    fn shows(&self) -> Option<Sure> {
        None
    }

    /// Connections of which is known without `examine` that the check can not be made.
    fn blind(&self) -> Option<Blind> {
        None
    }

    /// Reads one connection; attaches a symptom, or says that it can not be judged, or does nothing.
    fn examine(&self, connection: &Connection, exam: &mut Exam<'_>);

    /// Judges a connection for which [`Exam::hold_for_others_of`] was said, beside those that share the address and port of that side.
    /// `incomplete` says that there may have been more of them than are known.
    fn examine_beside(&self, _held: &Connection, _beside: &[Beside], _incomplete: bool, _exam: &mut Exam<'_>) {}

    /// Tells what all its symptoms in one place mean: none, one or several findings.
    fn tell(&self, case: &Case<'_>) -> Vec<Told>;
}

/// The symptom of all connections of one shape.
#[derive(Clone, Copy, Debug)]
pub struct Sure {
    /// What they have.
    pub shape: Shape,
    /// The kind of the symptom.
    pub kind: &'static str,
    /// Its span. Without one, clients and paces are not counted either: those of the group are not those of all.
    pub span: Option<fn(&Connection) -> Option<Span>>,
}

/// Why a check can not be made of any connection of one shape.
#[derive(Clone, Copy, Debug)]
pub struct Blind {
    /// What they have.
    pub shape: Shape,
    /// The reason.
    pub reason: &'static str,
    /// A command line that would allow it.
    pub capture_instead: Option<&'static str>,
}

/// Where the symptoms of a detector are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Per server address and port.
    Service,
    /// Once for the whole capture.
    Capture,
}

/// What a detector knows when it tells its findings.
#[derive(Debug)]
pub struct Case<'a> {
    /// The fold of its symptoms.
    pub group: &'a Group,
    /// The service; `None` with [`Scope::Capture`].
    pub service: Option<&'a Service>,
    /// What the service's address did on its other ports.
    pub host: Host,
    /// Facts of the capture.
    pub capture: &'a CaptureFacts,
    /// How many connections the capture carried at each time, and how its attempts fared.
    pub load: &'a Load,
}

/// What is known of the host of a service besides the service itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Connections to other ports of the same address of which a SYN-ACK was captured.
    pub answered_elsewhere: u64,
    /// Connections to other ports of the same address of which the client's packets alone were captured, though it was answered.
    pub unseen_elsewhere: u64,
    /// Time to live of packets from that address that are no RST: the first seen on any port.
    pub ttl: Option<u8>,
    /// The first ICMP error that says of the address, by whatever port, that there is no way to it, and the last.
    pub no_way: Option<(IcmpNote, IcmpNote)>,
    /// Who asked very many of its ports once each, where next to none answered.
    pub scan: Option<Scan>,
}

/// One client's attempts at very many ports of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Who asked.
    pub client: IpAddr,
    /// Ports that it asked once, alone, and that refused it.
    pub refused: u64,
    /// Ports of the address that answered anybody.
    pub answered: u64,
}

impl Scan {
    /// Whether so many ports were tried that nobody can have meant each of them.
    pub(crate) fn is_one(&self) -> bool {
        let next_to_none = self.refused as f64 * SCAN_ANSWERED_SHARE;
        self.refused >= SCAN_PORTS && self.answered as f64 <= next_to_none
    }
}

/// Facts of the whole capture that a detector may weigh.
#[derive(Clone, Debug, Default)]
pub struct CaptureFacts {
    /// Packets read.
    pub packets: u64,
    /// TCP packets among them.
    pub tcp_packets: u64,
    /// Packets that are another sighting of one already counted.
    pub twins: u64,
    /// Connections.
    pub connections: u64,
    /// Time of the first packet.
    pub first: Option<Timestamp>,
    /// Time of the last packet.
    pub last: Option<Timestamp>,
    /// The smallest snap length of the interfaces, where one is set.
    pub snaplen: Option<u32>,
}

impl CaptureFacts {
    /// From the first to the last packet.
    pub fn duration(&self) -> Span {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.since(first),
            _ => Span::ZERO,
        }
    }
}

/// One finding as its detector tells it; who it concerns, when and the evidence are added from the group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Harm; `None` takes the highest of the symptoms.
    pub severity: Option<Severity>,
    /// Sight; `None` takes the highest of the symptoms.
    pub confidence: Option<Confidence>,
    /// What happened, in one to three sentences. Text from the wire must be escaped.
    pub summary: String,
    /// Connections that it hit, where it is not the whole group.
    pub affected: Option<u64>,
    /// Connections that it could have hit, where it is not all to which the check applied.
    pub of: Option<u64>,
    /// Numbers and names; units are in the keys.
    pub facts: Facts,
    /// Known software whose limit fits, most likely first.
    pub candidates: Vec<Candidate>,
    /// What to change, the first thing first.
    pub remedy: Vec<String>,
    /// What the capture could not show.
    pub not_visible: Vec<String>,
    /// Show examples of this kind before others.
    pub example_kind: Option<&'static str>,
    /// Show examples whose span lies in this range before others.
    pub example_span: Option<(Span, Span)>,
    /// Show examples whose count lies in this range before others.
    pub example_count: Option<(u32, u32)>,
    /// What it may share with findings of the same code and severity at other services, the closest first: those that do are
    /// told as one.
    pub common: Vec<Common>,
}

/// What findings at several services have in common when there may be one cause behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// Equal where it is the same: `icmp from 192.0.2.1: no-route`.
    pub key: String,
    /// Services that it takes to tell them together.
    pub least: usize,
    /// The first sentence of what is told of all; `COUNT` stands for the connections, `SERVICES` for how many services.
    pub sentence: String,
    /// What to look at before anything that the findings say each for itself.
    pub advice: Option<String>,
}

impl Common {
    /// Several ports of one address. `what` is the beginning of the sentence.
    pub(super) fn of_host(service: &Service, what: &str) -> Self {
        let address = service.key.address;
        Self {
            key: format!("host {address}"),
            least: 2,
            sentence: format!("{what} to SERVICES ports of {address}."),
            advice: None,
        }
    }

    /// Several services of the whole capture. Fewer than four may be chance.
    pub(super) fn of_all(what: &str) -> Self {
        Self { key: String::new(), least: 4, sentence: format!("{what} SERVICES services."), advice: None }
    }

    /// Several services that one client alone tried, where it was alone at each. Fewer than four may be chance.
    pub(super) fn of_client(group: &Group, what: &str) -> Option<Self> {
        let client = group.only_client()?;
        Some(Self {
            key: format!("client {client}"),
            least: 4,
            sentence: format!("{what} by {client} to SERVICES services."),
            advice: None,
        })
    }
}
