//! A server's socket that was aborted: closed by RST, not by FIN.

use super::idle_timer;
use crate::detect::recapture;
use crate::detect::spoken::{self, Spoken};
use crate::detect::thresholds::{ABORT_BURST, ABORT_BURST_WITHIN, IDLE_LEAST, TIMER_SAMPLES};
use crate::detect::words::{capitalised, counted};
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Outcome, ResetKind};
use crate::types::Side;

/// Detector of `abortive-close`.
#[derive(Debug)]
pub(in crate::detect) struct AbortiveClose;

const CODE: &str = "abortive-close";
/// The client had spoken last: it waited for an answer.
const WAITING: &str = "client-waiting";
/// The server was in the middle of an answer.
const MID_ANSWER: &str = "mid-answer";
/// All was answered and acknowledged, and it was quiet since: nothing failed.
const NOBODY_WAITING: &str = "nobody-waiting";
/// The server had spoken last, and not all of that was acknowledged.
const UNACKNOWLEDGED: &str = "unacknowledged";
/// The server had spoken last: perhaps it said why.
const LAST_WORD: &str = "server-spoke-last";
/// What was said is not in the capture.
const UNSEEN: &str = "unseen";
/// Nobody had spoken.
const UNUSED: &str = "unused";

/// What each kind means for the client, the worst first.
const MEANINGS: [(&str, &str); 6] = [
    (MID_ANSWER, "it did so in the middle of an answer, whose rest the client did not get"),
    (WAITING, "the client had spoken last, and got no answer"),
    (UNACKNOWLEDGED, "the end of what the server had said was not acknowledged: the client may not have got it"),
    (LAST_WORD, "the server had spoken last: what it said may tell why"),
    (UNUSED, "nothing had been said"),
    (UNSEEN, "payload is missing from the capture, and whether the client waited for something can not be seen"),
];

impl Detector for AbortiveClose {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("abortive_close.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["unread-data-reset", "injected-reset", "no-server-hello", "plaintext-to-tls", "server-error-message"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN_ACK | Shape::RESET | Shape::ENDED_BY_RESET | Shape::CLOSED_BY_SERVER
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let ended = c.ending.kind == CloseKind::Reset && c.ending.closed_by == Some(Side::Server);
        // A packet with SYN and RST is nonsense: it neither opens nor ends anything.
        let opened =
            c.opening.syn_ack.is_some_and(|opened| c.ending.first.is_some_and(|end| end.packet > opened.packet));
        if !ended || !opened {
            return;
        }
        exam.applies();
        // Who goes on to send did not end it.
        let Some(reset) = c
            .ending
            .reset
            .filter(|reset| reset.by == Side::Server && reset.kind == ResetKind::Abort && reset.followed_by_data == 0)
        else {
            return;
        };
        let (asked, said) = (c.traffic.client.last_payload, c.traffic.server.last_payload);
        let last = said.max(asked);
        let cut_short = c.http.as_ref().is_some_and(|http| http.answer_unfinished && !http.incomplete);
        if cut_short && !c.has_all_of(Side::Server) {
            exam.not_visible(
                "packets are missing from the capture, perhaps the end of the answer",
                recapture::ALL_WHOLE,
            );
            return;
        }
        let cut = c.visibility.cut_by_snaplen > 0 && said > asked && !cut_short;
        // Where nothing follows the SYN-ACK, not even its ACK, what did follow was not captured.
        let unseen = c.misses_payload() || c.opening.ack.is_none() && said.is_none() && asked.is_none();
        let (kind, severity) = if unseen || cut {
            (UNSEEN, Severity::Info)
        } else if asked.is_some() && asked > said && !c.took_leave() {
            (WAITING, Severity::Warning)
        } else if cut_short {
            (MID_ANSWER, Severity::Error)
        } else if !c.outcome().is_failure() {
            (NOBODY_WAITING, Severity::Info)
        } else if said.is_none() {
            (UNUSED, Severity::Warning)
        } else if reset.nothing_in_flight || c.visibility.one_way.is_some() {
            (LAST_WORD, Severity::Warning)
        } else {
            (UNACKNOWLEDGED, Severity::Warning)
        };
        exam.symptom(CODE, kind, severity, Confidence::High, &[last, Some(reset.at)])
            .happened(reset.at)
            .span(c.ending.idle.map(|idle| idle.span));
        spoken::quote(c, exam);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let address = service.address();
        let burst = group.count >= ABORT_BURST && group.duration() <= ABORT_BURST_WITHIN;
        let refused = service.of(Outcome::Refused);
        // Many at one moment are a process that ended, unless it is a database that is known to time idle connections.
        let may_be_timed = !burst || matches!(Spoken::of(group, &[NOBODY_WAITING]), Spoken::Named(_));
        if let Some(told) = tell_timer(case, service).filter(|_| refused == 0 && may_be_timed) {
            return vec![told];
        }
        let (waiting, cut_short) = (group.of_kind(WAITING), group.of_kind(MID_ANSWER));
        let example_kind = MEANINGS.into_iter().map(|(kind, _)| kind).find(|kind| group.of_kind(kind) > 0);
        let mut told = Told { remedy: remedy(burst, burst || refused > 0), example_kind, ..Told::default() };
        told.summary = format!(
            "{address} ended {} by RST instead of FIN ({} of {} that it reset): its own socket was aborted, by the shape of the RST.",
            counted(group.count, "connection"),
            group.count,
            group.applied,
        );
        if group.of_kind(NOBODY_WAITING) == group.count {
            told.summary += " The client was not waiting for an answer.";
        }
        for (kind, what) in MEANINGS {
            told.summary += &match group.of_kind(kind) {
                0 => String::new(),
                all if all == group.count => format!(" {}.", capitalised(what)),
                some => format!(" On {some} of them {what}."),
            };
        }
        if burst {
            told.severity = Some(Severity::Error);
            told.summary += &format!(
                " All within {}: one event, such as a process that was killed or restarted.",
                group.duration()
            );
        }
        if refused > 0 {
            told.summary += &format!(" It also refused {}.", counted(refused, "new connection"));
            told.facts.add("refused", refused);
        }
        told.facts.add("aborted", group.count);
        told.facts.add("client_was_waiting", waiting);
        if cut_short > 0 {
            told.facts.add("answers_cut_short", cut_short);
        }
        told.facts.add("within_s", group.duration());
        if let Some(idle) = group.spans.whole() {
            told.facts.add("quiet_before_median_s", idle.middle());
        }
        told.not_visible
            .push("why the process did it: its log, and that of what runs it, at that time tell".to_owned());
        vec![told]
    }
}

/// Where nobody was waiting on any, and all had been quiet for as long as each other: a timer of a server that closes by RST, as MariaDB does.
fn tell_timer(case: &Case<'_>, service: &Service) -> Option<Told> {
    let group = case.group;
    let idle = group.spread(NOBODY_WAITING)?.spans.whole()?;
    let alike = idle.largest as f64 <= idle.smallest as f64 * (1.0 + SAME_IDLE_SHARE);
    if group.of_kind(NOBODY_WAITING) < group.count
        || idle.count < TIMER_SAMPLES
        || idle.shortest() < IDLE_LEAST
        || !alike
    {
        return None;
    }
    let mut told = idle_timer::tell_timer(&idle, case, service)?;
    told.example_kind = Some(NOBODY_WAITING);
    told.summary += " It closes them by RST instead of FIN.";
    if group.is_at_one_moment() {
        told.confidence = Some(Confidence::Low);
        told.summary += &format!(
            " They ended together, within {}: a process that ended then, was killed or restarted looks the same where all were last used at one \
             moment.",
            group.duration()
        );
    }
    Some(told)
}

/// How far idle times of one timer differ at most, where nothing else tells of a timer.
const SAME_IDLE_SHARE: f64 = 0.05;

/// `stopped`: whether the server seems to have been stopped then.
fn remedy(burst: bool, stopped: bool) -> Vec<String> {
    let mut remedy = Vec::new();
    if burst {
        remedy.push(
            "See what ended at that time: out-of-memory kill (`dmesg`, `kubectl get events`), deployment, crash, eviction, scale-down."
                .to_owned(),
        );
    }
    let (if_stopped, single) = if stopped {
        ("Let a server that stops drain first", "Single ones: an")
    } else {
        ("If the server was being stopped at that time, let it drain first", "Look for an")
    };
    let drain = format!(
        "{if_stopped}: Kubernetes `preStop` sleep and `terminationGracePeriodSeconds`, Istio \
         `terminationDrainDuration`, nginx `worker_shutdown_timeout`, HAProxy `hard-stop-after`, Go `Server.Shutdown`, node \
         `server.close()`."
    );
    let causes = format!(
        "{single} application or driver that sets SO_LINGER to 0 (some load balancers and database drivers), a proxy that resets when \
         its other side failed (Envoy, HAProxy `option abortonclose`), a timeout that kills a worker (Gunicorn `--timeout`)."
    );
    remedy.extend(if stopped { [drain, causes] } else { [causes, drain] });
    remedy
}
