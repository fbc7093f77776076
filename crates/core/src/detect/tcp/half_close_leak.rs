//! One side closed, and the other never did.

use crate::detect::thresholds::{CAPTURE_JUMP, HALF_CLOSED_LEAST};
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Fin};
use crate::types::Side;

/// Detector of `half-close-leak`.
#[derive(Debug)]
pub(in crate::detect) struct HalfCloseLeak;

const CODE: &str = "half-close-leak";
const CLIENT_KEEPS: &str = "client-keeps-it-open";
const SERVER_KEEPS: &str = "server-keeps-it-open";

impl Detector for HalfCloseLeak {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("half_close_leak.md")
    }

    fn needs(&self) -> Shape {
        Shape::BOTH_SIDES | Shape::ENDED_BY_FIN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SIDES | Shape::ENDED_BY_FIN | Shape::CLIENT_FIN | Shape::SERVER_FIN, Shape::ANY))
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let both = c.traffic.client.packets > 0 && c.traffic.server.packets > 0;
        let Some(closer) = c.ending.closed_by.filter(|_| both && c.close_kind() == CloseKind::Fin) else { return };
        let Some(fin) = c.ending.fin[closer] else { return };
        exam.applies();
        let keeper = closer.peer();
        let answered = c.ending.fin[keeper].is_some() || c.ending.reset.is_some();
        // A side that still sends makes use of its half.
        let in_use = c.traffic[keeper].last_payload.is_some_and(|last| last.packet > fin.at.packet);
        let open_for = c.last.at.since(fin.at.at).plus(c.visibility.capture_went_on);
        // Several captures in one file: nobody knows what was between.
        let jumps = open_for > CAPTURE_JUMP;
        if answered || in_use || jumps || open_for < HALF_CLOSED_LEAST || c.visibility.evicted || !was_received(c, &fin)
        {
            return;
        }
        let kind = if keeper == Side::Client { CLIENT_KEEPS } else { SERVER_KEEPS };
        exam.symptom(CODE, kind, Severity::Warning, Confidence::High, &[Some(fin.at), fin.acknowledged])
            .happened(fin.at)
            .span(Some(open_for));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        [(CLIENT_KEEPS, Side::Client), (SERVER_KEEPS, Side::Server)]
            .iter()
            .filter_map(|&(kind, keeper)| {
                let count = case.group.of_kind(kind);
                let open = case.group.spread(kind)?.spans.whole()?;
                let address = service.address();
                let (closer, who) = match keeper {
                    Side::Client => (address, "the client".to_owned()),
                    Side::Server => ("The client".to_owned(), address),
                };
                let mut told = Told { affected: Some(count), example_kind: Some(kind), remedy: remedy(keeper), ..Told::default() };
                told.summary = format!(
                    "{closer} closed, {who} acknowledged the FIN and did not close for {} or more ({count} of {}): there the socket stays in \
                     CLOSE_WAIT until the process closes it.",
                    open.shortest(),
                    case.group.applied,
                );
                told.facts.add("kept_open_by", keeper.name());
                told.facts.add("open_for_at_least_s", open.shortest());
                told.facts.add("open_for_at_most_s", open.longest());
                Some(told)
            })
            .collect()
    }
}

/// Whether the FIN arrived, by its ACK. In a capture of flags alone there is no ACK to be seen.
const fn was_received(c: &Connection, fin: &Fin) -> bool {
    fin.acknowledged.is_some() && !c.visibility.flags_only
}

fn remedy(keeper: Side) -> Vec<String> {
    let whose = match keeper {
        Side::Client => "client's",
        Side::Server => "server's",
    };
    vec![
        format!(
            "On the {whose} host: `ss -tnp state close-wait` counts them and names the process. It does not close sockets whose peer has \
             closed: a connection that was taken from a pool and never given back, a response body that is not read to its end and \
             closed (Go `resp.Body.Close`, Python and Java clients), a handler that is blocked."
        ),
        "A proxy between that does not pass a half-close on keeps it too: Envoy TCP proxy, `enable_half_close`; HAProxy `timeout \
         client-fin`, `timeout server-fin`."
            .to_owned(),
        "Each costs a file descriptor: watch for \"too many open files\" (`ls /proc/PID/fd | wc -l`).".to_owned(),
    ]
}
