//! Each request fails several times in a row: retries without a pause.

use crate::detect::thresholds::{RETRY_PAIRS, RETRY_PAIRS_SHARE, RETRY_RUNS, RETRY_RUNS_SHARE};
use crate::detect::words::is_share;
use crate::detect::{Case, Confidence, Detector, Exam, Pace, Severity, Shape, Told};
use crate::record::{Connection, Outcome};

/// Detector of `retry-storm`.
#[derive(Debug)]
pub(in crate::detect) struct RetryStorm;

const CODE: &str = "retry-storm";

impl Detector for RetryStorm {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("retry_storm.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::ENDED | Shape::RESET_AT_ONCE
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let outcome = exam.outcome();
        let failed = matches!(outcome, Outcome::Refused | Outcome::ResetInHandshake);
        let (Some(syn), Some(end), true) = (c.opening.syn, c.ending.first, failed) else { return };
        exam.symptom(CODE, outcome.name(), Severity::Warning, Confidence::Medium, &[Some(syn), Some(end)])
            .span(Some(end.at.since(syn.at)))
            // What failed is told by another finding; how often it was tried is no fault of one connection.
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let usual = |pace: &Pace| {
            let usual = pace.runs.usual()?;
            Some((pace.client, pace.kind, pace.runs.took(usual.0)?, usual))
        };
        let is_setting = |(length, runs, all): (u32, u32, u32)| {
            let (least, share) = match length {
                0 | 1 => return false,
                2 => (RETRY_PAIRS, RETRY_PAIRS_SHARE),
                _ => (RETRY_RUNS, RETRY_RUNS_SHARE),
            };
            runs >= least && is_share(u64::from(runs), u64::from(all), share)
        };
        let found = case.group.paces.iter().filter_map(usual).filter(|(.., runs)| is_setting(*runs));
        let Some((client, kind, (shortest, longest), (length, runs, all))) =
            found.max_by_key(|(.., (length, runs, _))| length * runs)
        else {
            return Vec::new();
        };
        let attempts = u64::from(length) * u64::from(runs);
        let mut told = Told { affected: Some(attempts), example_kind: Some(kind), ..Told::default() };
        told.facts.add("client", client.to_string());
        told.facts.add("attempts_in_a_row", length);
        told.facts.add("times", runs);
        told.facts.add("rows_of_any_length", all);
        told.facts.add("row_took_shortest_s", shortest);
        told.facts.add("row_took_longest_s", longest);
        let how = if kind == Outcome::Refused.name() { "was refused" } else { "was reset in its handshake" };
        told.summary = format!(
            "{client} tries {length} times in a row within {longest} to connect to {} ({runs} of {all} times), each from a new port right \
             after the one before {how}: {attempts} failed attempts are {runs} failed requests, 1 try and {} each. None of these retries helped.",
            service.address(),
            if length == 2 { "1 retry".to_owned() } else { format!("{} retries", length - 1) },
        );
        told.not_visible.push("the requests themselves: how many users saw an error is in the proxy's log".to_owned());
        told.remedy = remedy(length);
        vec![told]
    }
}

/// Who retries that often by default.
fn by_default(length: u32) -> Option<&'static str> {
    match length {
        2 => Some(
            "1 retry: Envoy `retry_policy.num_retries` (1), Go `net/http` on a reused connection, many HTTP clients",
        ),
        3 => {
            Some("2 retries: Istio `retries.attempts` (2), AWS SDKs (3 attempts in standard mode), Apache HttpClient 4")
        }
        4 => Some("3 retries: Cilium `http-retry-count` (3), HAProxy `retries` (3), Apache HttpClient"),
        5 => Some("4 retries: AWS SDKs in legacy mode (5 attempts)"),
        6 => Some("5 retries: gRPC `maxAttempts` allows at most 5 attempts; JDBC and Redis clients are often set so"),
        11 => Some("10 retries: the AWS SDKs' DynamoDB clients"),
        _ => None,
    }
}

fn remedy(length: u32) -> Vec<String> {
    let mut remedy = vec![
        "Mend what fails first: it is told by a finding of its own. The retries are not the cause, they multiply it.".to_owned(),
        "Wait between retries, with jitter: Envoy `retry_back_off` (base 25 ms), Istio `retries.backoff`, gRPC \
         `retryPolicy.initialBackoff`, AWS SDK adaptive mode."
            .to_owned(),
        "Limit them: Envoy circuit breaker `retry_budget` or `max_retries`, Linkerd retry budgets, Finagle budgets; retry in one layer \
         only (client, sidecar or gateway), else their numbers multiply; Istio `retries.attempts: 0` where the client retries."
            .to_owned(),
        "Send retries elsewhere: Envoy `retry_host_predicate: previous_hosts`, nginx `proxy_next_upstream`, HAProxy `option \
         redispatch`."
            .to_owned(),
    ];
    if let Some(who) = by_default(length) {
        remedy.push(format!("Who does that by default: {who}."));
    }
    remedy
}
