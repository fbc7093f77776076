//! Proxies in one capture with both legs: an answer of 502, 503 or 504 that followed a failure between the proxy and its upstream.
//!
//! Tied by the proxy's address and by the order of packets, nothing else: what a proxy sends on it does not mark. So no more is said than
//! what lies between a request and its answer, and nothing where attempts at two upstreams failed meanwhile.

use std::net::IpAddr;

use super::Finding;
use super::names::Names;
use crate::detect::{GATEWAY_STATUS, Severity, Symptom};
use crate::record::Connection;
use crate::types::{Endpoint, Moment, Side};

/// The legs of proxies that may belong together, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Legs {
    refused: Vec<Refused>,
    failed: Vec<Failed>,
    names: Names,
    /// There were more than are kept: what is not known can not be ruled out.
    more: bool,
}

/// An answer with which a proxy says that its upstream failed.
#[derive(Clone, Copy, Debug)]
struct Refused {
    proxy: Endpoint,
    asked: Moment,
    answered: Moment,
    status: u16,
}

/// A connection of an address that failed.
#[derive(Clone, Debug)]
struct Failed {
    by: IpAddr,
    upstream: Endpoint,
    /// Its first packet, or the write that was lost.
    began: Moment,
    failed: Moment,
    codes: Vec<&'static str>,
}

const MOST: usize = 1_024;

impl Legs {
    /// A finished connection, after the checks had their say.
    #[inline]
    pub(super) fn note(&mut self, c: &Connection) {
        if let Some(tls) = &c.tls {
            self.names.note(c, tls);
        }
        // Where not all could be kept, nothing is told.
        if self.more {
            return;
        }
        if c.http.is_some() {
            self.note_answer(c);
        }
        if c.symptoms.iter().any(is_grave) {
            self.note_failure(c);
        }
    }

    fn note_answer(&mut self, c: &Connection) {
        let Some(http) = c.http.as_ref() else { return };
        let (Some(asked), Some(answer)) = (http.last_request, http.last_response) else { return };
        if !matches!(answer.status, 502..=504) || asked.packet >= answer.at.packet {
            return;
        }
        let refused = Refused { proxy: c.server, asked, answered: answer.at, status: answer.status };
        self.more |= !push(&mut self.refused, refused);
    }

    #[cold]
    fn note_failure(&mut self, c: &Connection) {
        let lost = c.ending.late_write.as_ref().filter(|write| write.by == Side::Client).map(|write| write.proof);
        let reset = c.ending.reset.map(|reset| reset.at);
        let error = c.icmp_error.as_ref().map(|error| error.at);
        let ended = if lost.is_some() { reset } else { c.ending.first.or(reset).or(error) };
        let failed = ended.unwrap_or(c.last);
        let codes = c.symptoms.iter().filter(|symptom| is_grave(symptom)).map(|symptom| symptom.code).collect();
        let failed = Failed { by: c.client.address, upstream: c.server, began: lost.unwrap_or(c.first), failed, codes };
        self.more |= !push(&mut self.failed, failed);
    }

    /// Says in the findings on which leg the failure began.
    pub(super) fn tell(&self, findings: &mut [Finding]) {
        self.names.tell(findings);
        if self.more {
            return;
        }
        let mut causes: Vec<(Began, &'static str, String)> = Vec::new();
        for finding in findings.iter_mut() {
            if let Some(began) = self.began_at(finding) {
                began.say(finding);
                let upstream = began.failed.upstream.to_string();
                causes.push((began, finding.code, upstream));
            }
        }
        for finding in findings {
            if let Some((_, code, upstream)) = causes.iter().find(|(began, ..)| explains(began, finding)) {
                // One cause is told once: what a gateway says of it adds nothing.
                finding.severity = Severity::Info;
                finding.summary += &format!(" What failed behind it is in this capture: {code} at {upstream}.");
                finding.remedy = vec![format!("See {code} at {upstream}: that is the cause.")];
                finding.not_visible.clear();
            }
        }
    }

    fn began_at(&self, finding: &Finding) -> Option<Began> {
        if finding.severity == Severity::Info {
            return None;
        }
        let upstream = finding.service.as_ref().filter(|_| finding.also_at.is_empty())?.endpoint();
        let is_of = |failed: &Failed| failed.upstream == upstream && failed.codes.contains(&finding.code);
        let mut began: Option<Began> = None;
        for refused in &self.refused {
            let within = |failed: &&Failed| {
                failed.by == refused.proxy.address
                    && failed.upstream != refused.proxy
                    && refused.asked.packet < failed.began.packet
                    && failed.failed.packet < refused.answered.packet
            };
            let mut meanwhile = self.failed.iter().filter(within).peekable();
            let Some(first) = meanwhile.peek().copied().cloned() else { continue };
            if !meanwhile.all(is_of) {
                continue;
            }
            let known =
                began.get_or_insert(Began { proxy: refused.proxy, refused: *refused, failed: first, answers: 0 });
            // Several proxies in front of one upstream: the first is told.
            known.answers += u64::from(known.proxy == refused.proxy);
        }
        began
    }
}

/// Whether what a gateway said, as often as it said it, followed this failure.
fn explains(began: &Began, gateway: &Finding) -> bool {
    let is_gateway = gateway.facts.0.iter().any(|(key, _)| *key == GATEWAY_STATUS);
    let it = gateway.service.as_ref().filter(|_| is_gateway && gateway.also_at.is_empty());
    it.is_some_and(|service| service.endpoint() == began.proxy) && gateway.affected <= began.answers
}

fn is_grave(symptom: &Symptom) -> bool {
    symptom.severity > Severity::Info
}

fn push<T>(kept: &mut Vec<T>, new: T) -> bool {
    let room = kept.len() < MOST;
    if room {
        kept.push(new);
    }
    room
}

/// The leg on which it began, with an example.
#[derive(Debug)]
struct Began {
    proxy: Endpoint,
    refused: Refused,
    failed: Failed,
    answers: u64,
}

impl Began {
    fn say(&self, finding: &mut Finding) {
        let Self { proxy, refused, failed, answers } = self;
        finding.facts.add("proxy", proxy.to_string());
        finding.facts.add("proxy_answers_after_it", *answers);
        finding.facts.add("proxy_answer_status", u32::from(refused.status));
        let times = if *answers == 1 { String::new() } else { format!(", on {answers} connections") };
        finding.summary += &format!(
            " By the order of packets it began on this leg: the proxy {proxy} answered {} to its own client after it{times} (for example \
             request in packet {}, this leg's packets {} to {}, answer in packet {}).",
            refused.status, refused.asked.packet, failed.began.packet, failed.failed.packet, refused.answered.packet,
        );
    }
}
