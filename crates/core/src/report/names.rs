//! Proxies in one capture with both legs: a server name that a proxy's client sent, and the proxy did not pass on.
//!
//! Tied by the proxy's address and by the order of packets: while a TLS connection to the proxy with a name was open, the proxy's address
//! sent a hello without one. A device that only forwards or translates answers no hello of its own: the leg to it must have been answered.

use std::net::IpAddr;

use super::Finding;
use crate::detect::Severity;
use crate::record::Connection;
use crate::tls::{Sni, Tls};
use crate::types::{Endpoint, Moment, escaped};

/// Hellos with and without names, in bounded memory: what is left out is not told.
#[derive(Debug, Default)]
pub(super) struct Names {
    sent: Vec<Sent>,
    missing: Vec<Missing>,
}

/// A hello with a name that was answered, and how long its connection lived.
#[derive(Clone, Debug)]
struct Sent {
    to: Endpoint,
    hello: Moment,
    until: Moment,
    name: Box<str>,
}

/// A hello without a name.
#[derive(Clone, Copy, Debug)]
struct Missing {
    by: IpAddr,
    to: Endpoint,
    hello: Moment,
}

const MOST: usize = 1_024;

const CODE: &str = "missing-sni";

impl Names {
    pub(super) fn note(&mut self, c: &Connection, tls: &Tls) {
        let Some(hello) = &tls.client_hello else { return };
        let answered = tls.server_hello.is_some() || tls.hello_retry.is_some();
        match &hello.sni {
            Sni::Present(name) if answered && self.sent.len() < MOST => {
                let name = escaped(name).into_owned().into_boxed_str();
                self.sent.push(Sent { to: c.server, hello: hello.completed, until: c.last, name });
            }
            Sni::Absent | Sni::Empty if self.missing.len() < MOST => {
                self.missing.push(Missing { by: c.client.address, to: c.server, hello: hello.begun });
            }
            _ => {}
        }
    }

    /// Says in the findings about missing names which proxy had been told one.
    pub(super) fn tell(&self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|finding| finding.code == CODE && finding.severity > Severity::Info) {
            let Some(service) = finding.service.as_ref().filter(|_| finding.also_at.is_empty()) else { continue };
            if let Some(lost) = self.lost_on_the_way_to(service.endpoint()) {
                lost.say(finding);
            }
        }
    }

    /// The proxy that lost the name of most hellos to a service; nothing where others than proxies sent some.
    fn lost_on_the_way_to(&self, service: Endpoint) -> Option<Lost<'_>> {
        let mut lost: Option<Lost<'_>> = None;
        for missing in self.missing.iter().filter(|missing| missing.to == service) {
            let meanwhile = |sent: &&Sent| {
                sent.to.address == missing.by
                    && sent.to != missing.to
                    && sent.hello.packet < missing.hello.packet
                    && missing.hello.packet < sent.until.packet
            };
            let sent = self.sent.iter().rfind(meanwhile)?;
            let known = lost.get_or_insert(Lost { sent, missing: *missing, hellos: 0 });
            if known.sent.to != sent.to {
                return None;
            }
            known.hellos += 1;
        }
        lost
    }
}

/// Where a name was lost, with an example.
#[derive(Debug)]
struct Lost<'a> {
    sent: &'a Sent,
    missing: Missing,
    hellos: u64,
}

impl Lost<'_> {
    fn say(&self, finding: &mut Finding) {
        let Self { sent, missing, hellos } = self;
        finding.facts.add("proxy", sent.to.to_string());
        finding.facts.add("proxy_was_sent_name", sent.name.to_string());
        finding.facts.add("hellos_of_proxy_without_name", *hellos);
        finding.summary += &format!(
            " By the order of packets the name was lost at the proxy {}: its own client had sent it one ({}, packet {}), and the hello that \
             it sent from there carries none (packet {}).",
            sent.to, sent.name, sent.hello.packet, missing.hello.packet,
        );
    }
}
