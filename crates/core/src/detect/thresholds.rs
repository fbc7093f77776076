//! Every threshold, with its unit and its reason.

use crate::types::Span;

/// An unanswered packet counts as such when the capture went on at least this long after it: a SYN is repeated after 1 s,
/// and an answer near the end of a file may only have been missed.
pub(super) const ANSWER_WAIT: Span = Span::from_secs(3);

/// A server is called silent after a ClientHello when it sent no byte for this long: ten times what a slow handshake over
/// a satellite link takes.
pub(super) const SILENT_AFTER_HELLO: Span = Span::from_secs(2);

/// Connections that one client begins within one second, from which they are called churn: a page or a pool that fills
/// opens fewer, or keeps them.
pub(super) const CHURN_PER_SECOND: u64 = 10;

/// Seconds with at least [`CHURN_PER_SECOND`] before churn is told: one busy second is a start, two are a habit.
pub(super) const CHURN_SECONDS: u64 = 2;

/// Connections per second from which churn is a warning: each leaves an entry for 60 to 120 s in port and tracking tables, so
/// at this rate one client holds 6,000 ports of 28,232.
pub(super) const CHURN_WARNING_PER_SECOND: f64 = 100.0;

/// A connection that lived shorter was not meant to be used again: pools and people wait longer.
pub(super) const SHORT_LIFE: Span = Span::from_secs(1);

/// Connections from one client before a beat is looked for: three intervals that agree are hardly chance.
pub(super) const PERIOD_CHECKS: u64 = 4;

/// How far the intervals of a beat may differ, as a share of their mean: load balancers add little jitter.
pub(super) const PERIOD_SPREAD: f64 = 0.10;

/// The shortest beat that is called a health check: those who check are set in whole seconds; faster is a client.
pub(super) const PERIOD_LEAST: Span = Span::from_millis(900);

/// Share of TCP packets that are further sightings, above which the whole capture sees traffic more than once. A capture at
/// two points has 0.5; now and then a packet is doubled by the network itself.
pub(super) const TWIN_SHARE: f64 = 0.30;

/// A snap length below this, in bytes, leaves hardly any payload: Ethernet, IPv6 and TCP with timestamps take 86.
pub(super) const HEADER_BYTES: u32 = 90;

/// Share of connections with payload of which only SYN, FIN and RST were captured, from which the capture was filtered that
/// way. Below it single packets were lost.
pub(super) const FLAGS_ONLY_SHARE: f64 = 0.5;

/// Share of one-way connections from which the capture as a whole is one-way, which is a warning: what failed can not be
/// told from what was not captured.
pub(super) const ONE_WAY_SHARE: f64 = 0.5;

/// Packets that make a connection whose beginning is missing: fewer are stray late packets of an ended one.
pub(super) const MID_STREAM_PACKETS: u64 = 3;
