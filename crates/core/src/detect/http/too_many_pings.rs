//! A gRPC or HTTP/2 client sends more keep-alive pings than the server bears.

use crate::detect::thresholds::PING_ROW_LEAST;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::{Side, Span};

/// Detector of `too-many-pings`.
#[derive(Debug)]
pub(in crate::detect) struct TooManyPings;

const CODE: &str = "too-many-pings";
/// The GOAWAY was read.
const READ: &str = "read";
/// Only the sizes of TLS records speak for it.
const BY_SIZE: &str = "by-size";

/// RFC 9113 section 7.
const ENHANCE_YOUR_CALM: u32 = 11;

impl Detector for TooManyPings {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("too_many_pings.md")
    }

    fn needs(&self) -> Shape {
        Shape::BOTH_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(http2) = c.http2.as_ref().filter(|_| c.both_spoke()) else { return };
        exam.applies();
        let Some(goaway) = http2.goaway.as_ref().filter(|goaway| goaway.by == Side::Server) else { return };
        let between = http2.first_ping.zip(http2.last_ping).map(|(first, last)| last.at.since(first.at));
        let interval =
            between.map(|between| between.as_nanos() / i64::from(http2.pings.max(2) - 1)).map(Span::from_nanos);
        let evidence = [http2.first_ping, http2.last_ping, Some(goaway.at), c.ending.first];
        if http2.in_clear {
            let says_so = goaway.debug.contains("too_many_pings");
            if goaway.error != Some(ENHANCE_YOUR_CALM) || !(says_so || http2.pings >= PING_ROW_LEAST) {
                return;
            }
            let confidence = if says_so { Confidence::High } else { Confidence::Medium };
            exam.symptom(CODE, READ, Severity::Error, confidence, &evidence).quote("debug", &goaway.debug);
        } else {
            // The server closes at once after it.
            let closed = c.ending.closed_by == Some(Side::Server);
            let at_once = c.ending.first.is_some_and(|end| end.at.since(goaway.at.at) <= Span::from_secs(1));
            if !closed || !at_once {
                return;
            }
            exam.symptom(CODE, BY_SIZE, Severity::Warning, Confidence::Low, &evidence);
        }
        exam.happened(goaway.at).span(interval).count(Some(http2.pings));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let told = |kind: &'static str| {
            let spread = case.group.spread(kind)?;
            let (count, pings) = (case.group.of_kind(kind), spread.counts.whole()?);
            let every = spread.spans.whole().map_or(String::new(), |spans| format!(", one every {spans}"));
            let address = service.address();
            let connections = counted(count, "connection");
            let mut told =
                Told { affected: Some(count), example_kind: Some(kind), remedy: remedy(), ..Told::default() };
            told.summary = if kind == READ {
                let quotes = case.group.quotes(kind, "debug");
                let words = quotes.first().map_or("", |(words, _)| *words);
                format!(
                    "{address} ended {connections} with GOAWAY ENHANCE_YOUR_CALM, \"{words}\" ({count} of {}): the client sends more \
                     keep-alive pings than the server allows (up to {}{every}). Calls under way fail with UNAVAILABLE.",
                    case.group.applied, pings.largest,
                )
            } else {
                format!(
                    "{address} ended {connections} with an encrypted record as large as a GOAWAY \"too_many_pings\", after the client had \
                     sent nothing but records as large as keep-alive pings (up to {}{every}). The contents are encrypted: this is a hint.",
                    pings.largest,
                )
            };
            told.facts.add("in_clear", if kind == READ { "yes" } else { "no" });
            told.facts.add("pings_most", u64::try_from(pings.largest).unwrap_or(0));
            if let Some(spans) = spread.spans.whole() {
                told.facts.add("ping_interval_shortest_s", spans.shortest());
            }
            if kind == BY_SIZE {
                told.not_visible
                    .push("the frames: the log of the client has \"too_many_pings\" if it was that".to_owned());
            }
            Some(told)
        };
        [READ, BY_SIZE].into_iter().filter_map(told).collect()
    }
}

fn remedy() -> Vec<String> {
    [
        "Let the client ping less often: `keepalive_time` of 5 minutes or more (gRPC: `GRPC_ARG_KEEPALIVE_TIME_MS`, Go \
         `keepalive.ClientParameters.Time`, Java `keepAliveTime`), and no pings without calls (`keepalive_permit_without_calls=0`, Go \
         `PermitWithoutStream: false`).",
        "Or let the server allow it: Go `keepalive.EnforcementPolicy{MinTime, PermitWithoutStream: true}` (5 min and false by default), Java \
         `permitKeepAliveTime`, `permitKeepAliveWithoutCalls`, C++ and Python `grpc.http2.min_ping_interval_without_data_ms` (5 min) and \
         `grpc.http2.max_ping_strikes` (2).",
        "A device on the way that forgets quiet connections needs probes; TCP keep-alive is not counted by this limit.",
    ]
    .map(str::to_owned)
    .to_vec()
}
