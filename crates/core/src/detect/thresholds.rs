//! Every threshold, with its unit and its reason.

use crate::types::{Span, Timestamp};

pub(super) use crate::record::ANSWER_WAIT;

/// A SYN counts as repeated from this time after the first on: every system waits a second or more; what comes sooner is a
/// copy or a program that tries again by itself.
pub(super) const SYN_RETRY_LEAST: Span = Span::from_millis(900);

/// Ports of one address that one client asks once each from which that is a scan: hosts that are watched have some dozens of services.
pub(super) const SCAN_PORTS: u64 = 100;

/// Share of such ports that may answer: who knows what he asks for finds more of them open.
pub(super) const SCAN_ANSWERED_SHARE: f64 = 0.1;

/// Attempts without an answer so near in time to a router's word that there is no way to their server have that cause: routers limit
/// such errors (Linux to one per second and destination), so that not each attempt gets one.
pub(super) const NO_WAY_NEAR: Span = Span::from_secs(10);

/// Attempts within one second from which it can be a burst: an accept queue holds more than a few.
pub(super) const BURST_LEAST: u32 = 10;

/// How many times as many attempts as in a usual (median) second make a burst.
pub(super) const BURST_TIMES: f64 = 3.0;

/// Share of a burst's first SYNs that must have gone unanswered: a queue that overflows drops most of what comes.
pub(super) const BURST_MISSED_SHARE: f64 = 0.2;

/// Share of all unanswered first SYNs of a service that must lie in its bursts: loss on the path does not wait for them.
pub(super) const BURST_HOLDS_SHARE: f64 = 0.8;

/// SYNs of one attempt without an answer from which chance is out of the question, where others are answered at once: loss
/// of 1 % does that once in a million attempts.
pub(super) const STUCK_SYNS: u32 = 3;

/// Share of the attempts without an answer beside which others must have been answered: of the last ones of a capture that can
/// not be seen.
pub(super) const STUCK_BESIDE_SHARE: f64 = 0.8;

/// Attempts in busy times from which shares mean something; a quarter is enough for calm times.
pub(super) const BUSY_ATTEMPTS: u64 = 100;

/// Share of first SYNs without an answer in busy times: more than lossy paths have.
pub(super) const BUSY_MISSED_SHARE: f64 = 0.05;

/// What calm times may have of that share at most.
pub(super) const CALM_MISSED_SHARE: f64 = 0.2;

/// Servers that must be hit before what they share is to blame.
pub(super) const SERVERS_HIT: usize = 3;

/// Share of the unanswered from which one server explains them.
pub(super) const SERVERS_MOST: f64 = 0.6;

/// Ports of the smallest range of its own that a client can be seen to use up: fewer may hold no connection that is looked at.
pub(super) const OWN_PORTS_LEAST: u32 = 64;

/// Share of such a range that must be used within a minute: all of it, but for ports that something else has taken.
pub(super) const OWN_PORTS_SHARE: f64 = 0.95;

/// How often each of its ports must have been used on average: only a port that is used again shows where the range ends.
pub(super) const OWN_PORTS_TIMES: f64 = 1.5;

/// Attempts of one address that must go unanswered before it is called hit.
pub(super) const HIT_LEAST: u64 = 10;

/// Attempts of one address that would have gone unanswered if it fared as the others: where none did, it is spared. By chance none of ten
/// is rarer than one in 20,000.
pub(super) const SPARED_EXPECTED: u64 = 10;

/// How far a number of connections that stands still may move, as a share.
pub(super) const PLATEAU_SPREAD: f64 = 0.05;

/// How near to a power of two it must be, as a share: chance comes that near once in ten times.
pub(super) const POWER_OF_TWO_NEAR: f64 = 0.03;

/// Ports that Linux gives out by default (32768 to 60999), and the range of Windows, macOS and the BSDs (49152 to 65535).
pub(super) const LINUX_PORTS: u32 = 28_232;
/// See [`LINUX_PORTS`].
pub(super) const IANA_PORTS: u32 = 16_384;

/// Share of a range of ports used up within a minute, from which it nearly is exhausted.
pub(super) const PORTS_SHARE: f64 = 0.8;

/// A retry begins within this after the attempt before it has failed: proxies wait 25 to 250 ms (Envoy's default interval).
pub(super) const RETRY_WITHIN: Span = Span::from_millis(250);

/// Runs of equally many failed attempts from which that number is a setting and no chance.
pub(super) const RETRY_RUNS: u32 = 3;

/// Share of the runs that must be of that length: by chance single ones are always the most frequent.
pub(super) const RETRY_RUNS_SHARE: f64 = 0.6;

/// Pairs instead of longer runs: two failures in a row are common, so that more are asked for, and a larger share.
pub(super) const RETRY_PAIRS: u32 = 5;

/// See [`RETRY_PAIRS`].
pub(super) const RETRY_PAIRS_SHARE: f64 = 0.9;

/// A client that waits shorter for a SYN-ACK has not given up: the shortest connect timeout in use is 250 ms (Envoy).
pub(super) const CONNECT_TIMEOUT_LEAST: Span = Span::from_millis(200);

/// Share of connections that opened only after a second SYN, from which that is more than what networks lose now and then.
pub(super) const SYN_RETRIED_SHARE: f64 = 0.001;

/// A server is called silent after a ClientHello when it sent no byte for this long: ten times what a slow handshake over
/// a satellite link takes.
pub(super) const SILENT_AFTER_HELLO: Span = Span::from_secs(2);

/// A client that leaves sooner after its ClientHello has not waited for the answer: the same as for a connect timeout.
pub(super) const ABANDONED_AFTER: Span = CONNECT_TIMEOUT_LEAST;

/// And sooner than so many round trips: the answer may have been on its way.
pub(super) const ABANDONED_ROUND_TRIPS: i64 = 5;

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

/// Sightings of one packet, each with fewer hops left, from which it goes in circles: captures are taken at fewer points of one way.
pub(super) const CIRCLED_LEAST: u8 = 5;

/// Share of TCP packets that are further sightings, above which the whole capture sees traffic more than once. A capture at
/// two points has 0.5; now and then a packet is doubled by the network itself.
pub(super) const TWIN_SHARE: f64 = 0.30;

/// Share of connections with holes from which a capture that missed packets is a warning: below it nearly all verdicts rest on
/// whole connections.
pub(super) const HOLES_SHARE: f64 = 0.10;

/// A snap length below this, in bytes, leaves hardly any payload: Ethernet, IPv6 and TCP with timestamps take 86.
pub(super) const HEADER_BYTES: u32 = 90;

/// Share of connections with payload of which only SYN, FIN and RST were captured, from which the capture was filtered that
/// way. Below it single packets were lost.
pub(super) const FLAGS_ONLY_SHARE: f64 = 0.5;

/// Packets that make a one-way connection: fewer are stray packets of an ended one, of which any side may be missing.
pub(super) const ONE_WAY_PACKETS: u64 = 3;

/// Share of one-way connections from which the capture as a whole is one-way, which is a warning: what failed can not be
/// told from what was not captured.
pub(super) const ONE_WAY_SHARE: f64 = 0.5;

/// Packets that make a connection whose beginning is missing: fewer are stray late packets of an ended one.
pub(super) const MID_STREAM_PACKETS: u64 = 3;

/// An idle time from which a close is called an idle close: below it a server closes because it is done. The shortest
/// keep-alive in the table is 2 s, the shortest that people set is 1 s.
pub(super) const IDLE_LEAST: Span = Span::from_millis(900);

/// Idle times belong to one timer unless the gap between them is wider than this and than [`TIMER_GAP_SHARE`]: two
/// timers are whole seconds apart, one timer's jitter is below 0.1 s.
pub(super) const TIMER_GAP: Span = Span::from_millis(300);

/// See [`TIMER_GAP`]; a share of the idle time, as coarse timers jitter more the longer they are.
pub(super) const TIMER_GAP_SHARE: f64 = 0.08;

/// How much longer than the shortest the longest idle time of one timer can be: waitress sweeps every 30 s of 120 s, JDK
/// every 10 s of 30 s. Wider than this it is no timer.
pub(super) const TIMER_SPREAD_SHARE: f64 = 0.35;

/// Closes after equal idle times, or after equal numbers of requests, from which it is no chance.
pub(super) const TIMER_SAMPLES: u64 = 3;

/// Closes that lie this near to each other are one event where what came before them lasted unlike long: a process that ends, a reload,
/// or a timer that sweeps all connections. A timer of each connection would be as far apart as its beginnings.
pub(super) const EVENT_WITHIN: Span = Span::from_millis(50);

/// How much more that must differ than the closes do, at least this many times and this long.
pub(super) const EVENT_RATIO: f64 = 4.0;
/// See [`EVENT_RATIO`].
pub(super) const EVENT_SPREAD: Span = Span::from_millis(100);

/// Share of the server's idle closes from which fewer than [`TIMER_SAMPLES`] make a timer.
pub(super) const TIMER_SHARE: f64 = 0.6;

/// Share of an idle time up to which its uncertainty is accepted: two timers of the table are further apart.
pub(super) const IDLE_UNCERTAINTY_SHARE: f64 = 0.1;

/// The client's idle timeout that is advised, as a share of the server's: leaves room for a slow timer and a round trip.
pub(super) const SAFE_IDLE_SHARE: f64 = 0.8;

/// A busy program may take this long to see that a connection was closed.
pub(super) const NOTICED_WITHIN: Span = Span::from_millis(50);

/// What a request without a body takes at most: servers limit heads to 8 KiB.
pub(super) const REQUEST_BYTES: u32 = 8_192;

/// A socket that was closed waits this long for the other FIN (Linux tcp_fin_timeout). Later also an empty segment, a
/// keep-alive probe, is answered by RST.
pub(super) const CLOSED_SOCKET_WAITS: Span = Span::from_secs(60);

/// A FIN after a request limit follows the last response within this and a round trip: nginx takes 0.1 ms.
pub(super) const LIMIT_CLOSE_AFTER: Span = Span::from_millis(5);

/// How far a count of requests that is estimated from directions of payload can be off, as a share.
pub(super) const ESTIMATE_SHARE: f64 = 0.02;

/// How far such an estimate can be off at least: session tickets and a request in two parts.
pub(super) const ESTIMATE_LEAST: u64 = 2;

/// A connection that was quiet for longer before its RST may have met an idle timeout: the shortest of a device on the path
/// that is known is 60 s (AWS NLB and Network Firewall, when set to their least).
pub(super) const QUIET_LIMIT: Span = Span::from_secs(60);

/// A silence shorter than this is no idle timeout of a device on the path, whatever it was set to; from here to [`QUIET_LIMIT`] one that was
/// set very short can be the cause.
pub(super) const PATH_TIMER_LEAST: Span = Span::from_secs(2);

/// Resets of live connections within this are one event: conntrack tables are flushed, or nodes fail over, at one time.
pub(super) const STATE_LOSS_WITHIN: Span = Span::from_secs(10);

/// Such resets from which chance is unlikely.
pub(super) const STATE_LOSS_SAMPLES: u64 = 3;

/// A lower time to live was set on purpose, or is nearly used up: systems begin with 64 or more, and no way on the Internet has so
/// many hops.
pub(super) const INITIAL_TTL_LEAST: i64 = 32;

/// Hops by which packets of one host may differ when routes change; more says another sender.
pub(super) const SAME_HOST_HOPS: u8 = 2;

/// Retransmissions of one segment without an answer, from which the path is called dead: 6 s on Linux; loss of 10 % does
/// that once in a million segments.
pub(super) const DEAD_RETRANSMISSIONS: u32 = 5;

/// How long after a connection went dead its peer must still be heard on another one, to be called alive.
pub(super) const ALIVE_AFTER: Span = Span::from_secs(2);

/// Share of the MSS from which a segment counts as big: path MTU trouble begins with tunnels that take 50 to 150 bytes of
/// 1460.
pub(super) const BIG_SEGMENT_SHARE: f64 = 0.8;

/// A TLS 1.3 server that refuses a client certificate says so within this of the client's Finished: it judges at once, and idle
/// timeouts are a second or longer.
pub(super) const REFUSED_AT_ONCE: Span = Span::from_secs(1);

/// RSA keys below this many bits are refused: CA/Browser Forum Baseline Requirements.
pub(super) const RSA_BITS_LEAST: u32 = 2_048;

/// Since when: 2014-01-01.
pub(super) const SHORT_RSA_DISTRUSTED: Timestamp = Timestamp::from_nanos(1_388_534_400_000_000_000);

/// Since when clients refuse SHA-1 in certificates: 2017-01-01.
pub(super) const SHA1_DISTRUSTED: Timestamp = Timestamp::from_nanos(1_483_228_800_000_000_000);

/// A handshake step is called slow from this on: what people and default timeouts notice. A busy server takes 50 ms.
pub(super) const SLOW_STEP: Span = Span::from_secs(1);

/// And from this many round trips on: over a slow path a step takes one or two.
pub(super) const SLOW_STEP_ROUND_TRIPS: i64 = 5;

/// A segment that was sent again this often and never acknowledged was not lost by chance: loss of 5 % does that once in 160,000
/// times.
pub(super) const REPEATS_LEAST: u32 = 3;

/// Packets from before 2000-01-01 were stamped by a clock that was never set: there is no TLS that old to capture.
pub(super) const CLOCK_LEAST: Timestamp = Timestamp::from_nanos(946_684_800_000_000_000);

/// Retransmissions of the first segment after a long silence from which nobody answers any more: 1.4 s and more on Linux. Fewer
/// than for a connection in full use, as the silence speaks too.
pub(super) const SILENT_DROP_RETRANSMISSIONS: u32 = 3;

/// Connections that died after a silence from which chance is unlikely.
pub(super) const SILENT_DROP_SAMPLES: u64 = 3;

/// A side that closes sooner after an unanswered request did not wait for the answer: the shortest timeouts that people set are
/// whole seconds.
pub(super) const WAITED_LEAST: Span = Span::from_millis(900);

/// How far waits of one timeout may differ, as a share.
pub(super) const WAIT_SPREAD_SHARE: f64 = 0.02;

/// What a server says sooner after the client's close than this and a round trip, it may say because of that.
pub(super) const SAID_AT_CLOSE_WITHIN: Span = Span::from_millis(200);

/// See [`WAIT_SPREAD_SHARE`]; for short ones.
pub(super) const WAIT_SPREAD: Span = Span::from_millis(200);

/// Equal waits from which they are a timeout, not chance.
pub(super) const WAIT_SAMPLES: u64 = 3;

/// A window that was shut for at least this long: the reader had stopped. Shorter is a busy moment.
pub(super) const STALL_LEAST: Span = Span::from_secs(1);

/// Keep-alive probes without an answer from which the peer is not there: a system gives up after 5 to 10.
pub(super) const LOST_PROBES: u32 = 3;

/// Retransmissions of a big segment from which it does not pass.
pub(super) const MTU_RETRANSMISSIONS: u32 = 3;

/// Retransmissions of a client's first words from which they are not taken: three are 1.4 s on Linux.
pub(super) const NEVER_TAKEN_RETRIES: u32 = 3;

/// A payload that fits every way: IPv6 has 1,280 bytes at least (RFC 8200 section 5), with 60 of TCP's header and 40 of its own.
pub(super) const FITS_EVERY_WAY: u32 = 1_180;

/// A PING of a WebSocket that is unanswered for this long is why its sender leaves. Libraries wait from 5 to 30 s.
pub(super) const PONG_WAIT: Span = Span::from_secs(1);

/// A server that says why it closes does it at once; what comes later is a timer of its own.
pub(super) const LAST_WORD_WITHIN: Span = Span::from_secs(1);

/// A sender that was told to stop is told within this and a round trip: payload that came later met a reset for another reason.
pub(super) const UNREAD_WITHIN: Span = Span::from_millis(200);

/// A client that compares the names of a certificate after the handshake leaves within this and a round trip: it has them at hand.
/// Who only looked leaves later.
pub(super) const NAME_COMPARED_WITHIN: Span = Span::from_millis(200);

/// Aborts within [`ABORT_BURST_WITHIN`] from which one event is behind them: a process that ended.
pub(super) const ABORT_BURST: u64 = 10;

/// See [`ABORT_BURST`].
pub(super) const ABORT_BURST_WITHIN: Span = Span::from_secs(1);

/// A FIN that is not returned for this long: Linux gives up waiting for it after 60 s (tcp_fin_timeout).
pub(super) const HALF_CLOSED_LEAST: Span = Span::from_secs(60);

/// An age from which equal ages say something: shorter lives are equal by themselves.
pub(super) const AGE_LEAST: Span = Span::from_secs(30);

/// How far ages of one limit may differ, as a share.
pub(super) const AGE_SPREAD_SHARE: f64 = 0.05;

/// How many times the shortest idle time the longest must be, to say that it was not the idle time that was equal.
pub(super) const AGE_IDLE_RATIO: f64 = 2.0;

/// One of so many may end at the age of a limit with the shortest silence, and one with the longest, without a say in whether it is one:
/// of connections that an idle timeout ends, some are as old as others by chance.
pub(super) const AGE_OTHERS: usize = 8;

/// Pings in a row from which a server that asks for calm may mean them: gRPC's servers bear two that come too early.
pub(super) const PING_ROW_LEAST: u32 = 3;

/// A capture without a packet for this long is several captures in one file: what was between nobody knows.
pub(super) const CAPTURE_JUMP: Span = Span::from_secs(86_400);

/// A proxy that answers 503 within this did not wait for anybody: the shortest connect timeout in use is 250 ms, a refusal takes a round
/// trip and is seen.
pub(super) const LOCAL_ANSWER_WITHIN: Span = Span::from_millis(5);

/// Such answers while the client's port was in use elsewhere, from which that is no chance: two connections of one client share a port
/// now and then.
pub(super) const LOCAL_FAILURES_LEAST: u64 = 2;

/// A client that tries all addresses of a name goes to the next within this: at once after a refusal, after 0.25 s of silence (RFC 8305),
/// after 2 s at the most.
pub(super) const FALLBACK_WITHIN: Span = Span::from_secs(2);

/// How long bytes are missing from which they were sent again, and lost again, three times: a system sends them again after 200 to
/// 300 ms, and then at doubled intervals.
pub(super) const HOLE_LEAST: Span = Span::from_secs(2);
/// How long after a receiver said what is missing the sender's next words are no part of the same flight.
pub(super) const HOLE_SPOKEN_ON: Span = Span::from_secs(1);

/// A segment as large that passed no longer before or after shows that the way takes it: routes change seldom.
pub(super) const PASSED_WITHIN: Span = Span::from_secs(60);

/// Connections that lost big segments from which that is no chance, though others carried as big ones: one of several ways may be narrow.
pub(super) const ECMP_LEAST: u64 = 3;
