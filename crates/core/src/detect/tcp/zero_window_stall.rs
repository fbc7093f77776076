//! A receiver that took no more payload for a time.

use crate::detect::thresholds::STALL_LEAST;
use crate::detect::words::{capitalised, counted};
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::{Moment, Side, Span};

/// Detector of `zero-window-stall`.
#[derive(Debug)]
pub(in crate::detect) struct ZeroWindowStall;

const CODE: &str = "zero-window-stall";

/// The kind for each side, and whether the connection ended while the window was shut.
const KINDS: [(&str, Side, bool); 4] = [
    ("server-full", Side::Server, false),
    ("client-full", Side::Client, false),
    ("server-full-to-the-end", Side::Server, true),
    ("client-full-to-the-end", Side::Client, true),
];

impl Detector for ZeroWindowStall {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("zero_window_stall.md")
    }

    fn needs(&self) -> Shape {
        Shape::PAYLOAD | Shape::ZERO_WINDOW
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD, Shape::ZERO_WINDOW | Shape::FLAGS_ONLY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if c.visibility.flags_only || !c.carried_payload() {
            return;
        }
        exam.applies();
        for (kind, side, to_the_end) in KINDS {
            let Some((from, to)) =
                stall(c, side).filter(|stall| (stall.1 == Until::TheEnd) == to_the_end).map(|stall| stall.0)
            else {
                continue;
            };
            let lasted = to.at.since(from.at);
            if lasted >= STALL_LEAST {
                let severity = if to_the_end { Severity::Error } else { Severity::Warning };
                exam.symptom(CODE, kind, severity, Confidence::High, &[Some(from), Some(to)])
                    .happened(from)
                    .span(Some(lasted));
                return;
            }
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        KINDS
            .iter()
            .filter_map(|&(kind, side, to_the_end)| {
                let count = case.group.of_kind(kind);
                let stalls = case.group.spread(kind)?.spans.whole()?;
                let who = match side {
                    Side::Server => service.address(),
                    Side::Client => format!("the client of {}", service.address()),
                };
                let mut told = Told {
                    severity: Some(if to_the_end { Severity::Error } else { Severity::Warning }),
                    affected: Some(count),
                    example_kind: Some(kind),
                    remedy: remedy(side),
                    ..Told::default()
                };
                told.summary = format!(
                    "{} did not read what it was sent: its window was shut for {} at a time ({} of {}){}.",
                    capitalised(&who),
                    stalls.longest(),
                    count,
                    counted(case.group.applied, "connection"),
                    if to_the_end { ", and it had not opened again when the connection ended" } else { "" },
                );
                told.summary += " The network was not the cause: the receiver's buffer was full.";
                told.facts.add("slow_side", side.name());
                told.facts.add("longest_stall_s", stalls.longest());
                told.facts.add("median_stall_s", stalls.middle());
                Some(told)
            })
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Opened,
    TheEnd,
}

/// The longest time in which one side took nothing.
fn stall(c: &Connection, side: Side) -> Option<((Moment, Moment), Until)> {
    let traffic = &c.traffic[side];
    let stall = traffic.zero_window.as_deref()?;
    // A side that never announced anything else: its window was not seen to shut, and the field may not be filled at all.
    if u64::from(traffic.zero_windows) >= traffic.packets {
        return None;
    }
    let length = |(from, to): (Moment, Moment)| to.at.since(from.at);
    // A shut window after the close is of no use to anybody.
    let last = stall.since.filter(|_| c.ending.first.is_none_or(|end| end.packet > c.first.packet)).map(|since| {
        let end = c.ending.first.filter(|end| end.packet > since.packet).unwrap_or(c.last);
        (since, end)
    });
    match (stall.longest, last) {
        (Some(longest), Some(last)) if length(longest) > length(last).max(Span::ZERO) => Some((longest, Until::Opened)),
        (_, Some(last)) => Some((last, Until::TheEnd)),
        (Some(longest), None) => Some((longest, Until::Opened)),
        (None, None) => None,
    }
}

fn remedy(side: Side) -> Vec<String> {
    let whose = match side {
        Side::Server => "the server's process",
        Side::Client => "the client's process",
    };
    vec![
        format!(
            "Look at {whose} at that time, not at the network: a blocked event loop (node, Python asyncio), a garbage collection, a \
             thread pool that is used up, a disk or a database that it waits for; `ss -tnm` shows a full Recv-Q."
        ),
        "A proxy stops to read when the side behind it is slow (back-pressure): look at its other leg too (Envoy \
         `per_connection_buffer_limit_bytes`, nginx `proxy_buffering`)."
            .to_owned(),
        "A larger receive buffer only delays it: `net.ipv4.tcp_rmem`, `SO_RCVBUF`.".to_owned(),
    ]
}
