//! Which kinds of hellos a service answers.

use crate::record::Connection;
use crate::tls::Tls;

/// Kinds of hellos that one service answered with a ServerHello or a HelloRetryRequest.
#[derive(Clone, Debug, PartialEq)]
pub struct HelloKinds {
    /// Hellos that fit into one segment of the connection.
    pub small_answered: u64,
    /// Hellos that do not.
    pub large_answered: u64,
    /// Hellos with encrypted_client_hello.
    pub ech_answered: u64,
    /// Hellos without it.
    pub plain_answered: u64,
    /// Hellos after a PROXY protocol header.
    pub after_proxy_header_answered: u64,
    /// Hellos without one.
    pub without_proxy_header_answered: u64,
    /// Bytes of the longest hello that was answered.
    pub longest_answered: u32,
    /// The same of those that got no byte in answer.
    pub longest_unanswered: u32,
    /// Suites that the server chose, at most 16.
    pub suites_chosen: Vec<u16>,
}

impl HelloKinds {
    /// No hello yet.
    pub(super) const NONE: Self = Self {
        small_answered: 0,
        large_answered: 0,
        ech_answered: 0,
        plain_answered: 0,
        after_proxy_header_answered: 0,
        without_proxy_header_answered: 0,
        longest_answered: 0,
        longest_unanswered: 0,
        suites_chosen: Vec::new(),
    };

    /// Notes a hello that was answered.
    pub(super) fn note(&mut self, c: &Connection, tls: &Tls) {
        let Some(hello) = &tls.client_hello else { return };
        if tls.server_hello.is_none() && tls.hello_retry.is_none() {
            return;
        }
        let either = |is: bool, yes: &mut u64, no: &mut u64| *(if is { yes } else { no }) += 1;
        either(super::tls::exceeds_segment(c, hello), &mut self.large_answered, &mut self.small_answered);
        either(hello.ech, &mut self.ech_answered, &mut self.plain_answered);
        let after_header = c.proxy_header.is_some();
        either(after_header, &mut self.after_proxy_header_answered, &mut self.without_proxy_header_answered);
        let chosen = tls.server_hello.as_ref().and_then(|hello| hello.suite());
        if let Some(suite) = chosen.filter(|suite| !self.suites_chosen.contains(suite))
            && self.suites_chosen.len() < 16
        {
            self.suites_chosen.push(suite);
        }
    }
}
