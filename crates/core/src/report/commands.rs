//! Command lines for the case at hand: the addresses, ports and names that are known, in place of the words that stand for them.
//!
//! Detectors write `-w FILE 'host SERVER and tcp port PORT'`, `ADDRESS:PORT`, `-servername NAME`; whom that means is known where it is told.

use std::net::IpAddr;

use crate::detect::Lead;
use crate::types::{Endpoint, is_plain};

/// Whom a text is about. What is not known stays as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The servers, if these are all.
    servers: Vec<Endpoint>,
    client: Option<IpAddr>,
    name: Option<String>,
    /// How TLS is reached there.
    lead: Option<Lead>,
}

/// Ports, or addresses, that one command line names: a filter of many says less than the word.
const MOST: usize = 4;

/// Servers of which that many are told apart.
pub(super) const MOST_SERVERS: usize = 16;

impl Known {
    pub(super) fn of(servers: impl IntoIterator<Item = Endpoint>) -> Self {
        let mut servers: Vec<Endpoint> = servers.into_iter().take(MOST_SERVERS + 1).collect();
        if servers.len() > MOST_SERVERS {
            servers.clear();
        }
        Self { servers, ..Self::default() }
    }

    pub(super) const fn by(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }

    /// A name is from the wire: one that a shell might read otherwise is not named.
    pub(super) fn named(mut self, name: Option<String>) -> Self {
        self.name = name.filter(|name| is_plain(name));
        self
    }

    pub(super) fn led_by(mut self, lead: Option<&Lead>) -> Self {
        self.lead = lead.cloned();
        self
    }

    /// The text with what is known.
    pub(super) fn fill(&self, mut text: String) -> String {
        if !PLACES.iter().any(|place| text.contains(place)) {
            return text;
        }
        let by_client = || self.client.map_or_else(String::new, |client| format!("host {client} and "));
        put(&mut text, WRITTEN_TO, || CAPTURE);
        put(&mut text, SNIFFED_TO, || SNIFFED);
        put(&mut text, CLIENT, by_client);
        if let Some(client) = self.client {
            put(&mut text, CLIENT_LAST, || format!(" and host {client}"));
            put(&mut text, WAY_TO_CLIENT, || format!("ip route get {client}"));
        }
        self.put_filters(&mut text);
        if let [server] = self.servers.as_slice() {
            if let Some(lead) = &self.lead {
                put(&mut text, BY_TLS, || by_tls(lead, server));
            }
            put(&mut text, ENDPOINT, || server.to_string());
            put(&mut text, TRACKED, || format!("conntrack -D -d {}", server.address));
            put(&mut text, BY_OPTION, || format!("-p {} {}", server.port, server.address));
            if let Some(name) = &self.name {
                put(&mut text, NAME, || format!("-servername {name}"));
            }
        }
        text
    }

    /// Capture filters with these servers: their ports where those are few, else their addresses, else all of TCP. A filter that can be
    /// pasted as it is and takes too much is better than one that has to be thought about.
    fn put_filters(&self, text: &mut String) {
        if !text.contains(SERVER) && !text.contains(TCP_PORT) {
            return;
        }
        let ports = any_of(self.servers.iter().map(|at| at.port)).map(|ports| format!("tcp port {ports}"));
        let hosts = any_of(self.servers.iter().map(|at| at.address)).map(|hosts| format!("host {hosts}"));
        // A host is named before what is asked of it, with the protocol in parentheses or not.
        let by_host = hosts.as_ref().map_or_else(String::new, |hosts| format!("{hosts} and "));
        let asked = ports.as_deref().unwrap_or("tcp");
        put(text, &format!("{SERVER}({TCP_PORT}"), || format!("{by_host}({asked}"));
        put(text, &format!("{SERVER}{TCP_PORT}"), || format!("{by_host}{asked}"));
        put(text, SERVER, || by_host);
        match (&ports, &hosts) {
            (None, Some(hosts)) => put(text, TCP_PORT, || format!("tcp and {hosts}")),
            _ => put(text, TCP_PORT, || asked),
        }
    }
}

/// Puts something in place of a word. Most texts have few of the words, and to look for one takes less than to write a text anew.
fn put<T: AsRef<str>>(text: &mut String, word: &str, with: impl FnOnce() -> T) {
    if text.contains(word) {
        *text = text.replace(word, with().as_ref());
    }
}

/// As `openssl s_client` reaches TLS there.
fn by_tls(lead: &Lead, server: &Endpoint) -> String {
    match lead {
        Lead::Starttls(protocol) => format!("-connect {server} -starttls {protocol}"),
        Lead::Proxy(target) => {
            let target = target.as_deref().filter(|target| is_plain(target)).unwrap_or("TARGET:443");
            format!("-proxy {server} -connect {target}")
        }
    }
}

const CLIENT: &str = "host CLIENT and ";
const CLIENT_LAST: &str = " and host CLIENT";
const WAY_TO_CLIENT: &str = "ip route get CLIENT";
const TRACKED: &str = "conntrack -D -d ADDRESS";
const SERVER: &str = "host SERVER and ";
const TCP_PORT: &str = "tcp port PORT";
const ENDPOINT: &str = "ADDRESS:PORT";
const BY_TLS: &str = "-connect ADDRESS:PORT";
const BY_OPTION: &str = "-p PORT ADDRESS";
const NAME: &str = "-servername NAME";
const WRITTEN_TO: &str = "-w FILE";
const SNIFFED_TO: &str = "-o FILE";
const PLACES: [&str; 11] =
    [CLIENT, CLIENT_LAST, WAY_TO_CLIENT, TRACKED, SERVER, TCP_PORT, ENDPOINT, BY_OPTION, NAME, WRITTEN_TO, SNIFFED_TO];

/// Where the next capture is written to.
const CAPTURE: &str = "-w handshark.pcap";
const SNIFFED: &str = "-o handshark.pcap";

/// As capture filters write it: `443`, or `(443 or 8443)`; nothing where they are many.
fn any_of<T: Ord + ToString>(items: impl Iterator<Item = T>) -> Option<String> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => (several.len() <= MOST).then(|| format!("({})", several.join(" or "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: [u8; 4], port: u16) -> Endpoint {
        Endpoint::new(IpAddr::from(address), port)
    }

    fn filled(known: &Known, text: &str) -> String {
        known.fill(text.to_owned())
    }

    #[test]
    fn one_server_is_named_everywhere() {
        let known = Known::of([at([10, 0, 0, 5], 443)]).by(Some(IpAddr::from([10, 0, 0, 9])));
        let known = known.named(Some("api.example".to_owned()));
        let command = "tcpdump -w FILE 'host CLIENT and host SERVER and tcp port PORT'";
        assert_eq!(
            filled(&known, command),
            "tcpdump -w handshark.pcap 'host 10.0.0.9 and host 10.0.0.5 and tcp port 443'"
        );
        assert_eq!(filled(&known, "'tcp port PORT and host CLIENT'"), "'tcp port 443 and host 10.0.0.9'");
        let command = "openssl s_client -connect ADDRESS:PORT -servername NAME";
        assert_eq!(filled(&known, command), "openssl s_client -connect 10.0.0.5:443 -servername api.example");
    }

    #[test]
    fn what_leads_to_tls_is_in_the_command() {
        let by = |lead| {
            let known = Known::of([at([10, 0, 0, 5], 25)]).led_by(Some(&lead));
            filled(&known, "openssl s_client -connect ADDRESS:PORT -showcerts")
        };
        assert_eq!(by(Lead::Starttls("smtp")), "openssl s_client -connect 10.0.0.5:25 -starttls smtp -showcerts");
        let target = |target: &str| by(Lead::Proxy(Some(target.to_owned())));
        assert_eq!(target("a.example:443"), "openssl s_client -proxy 10.0.0.5:25 -connect a.example:443 -showcerts");
        assert_eq!(target("$(reboot):443"), "openssl s_client -proxy 10.0.0.5:25 -connect TARGET:443 -showcerts");
    }

    #[test]
    fn several_are_one_filter() {
        let known = Known::of([at([10, 0, 0, 5], 443), at([10, 0, 0, 5], 80)]);
        let command = "'host CLIENT and host SERVER and tcp port PORT', ADDRESS:PORT";
        assert_eq!(filled(&known, command), "'host 10.0.0.5 and tcp port (80 or 443)', ADDRESS:PORT");
    }

    #[test]
    fn a_filter_can_always_be_pasted() {
        let command = "-w FILE 'host SERVER and tcp port PORT'";
        let ports = Known::of((0..=MOST as u16).map(|port| at([10, 0, 0, 5], port)));
        assert_eq!(filled(&ports, command), "-w handshark.pcap 'host 10.0.0.5 and tcp'");
        assert_eq!(filled(&ports, "'tcp port PORT'"), "'tcp and host 10.0.0.5'");
        assert_eq!(filled(&ports, "'host SERVER and (tcp port PORT or icmp)'"), "'host 10.0.0.5 and (tcp or icmp)'");
        let hosts = Known::of((0..=MOST as u8).map(|host| at([10, 0, 0, host], 443)));
        assert_eq!(filled(&hosts, command), "-w handshark.pcap 'tcp port 443'");
        let both = Known::of((0..=MOST as u8).map(|n| at([10, 0, 0, n], u16::from(n))));
        assert_eq!(filled(&both, command), "-w handshark.pcap 'tcp'");
        assert_eq!(filled(&Known::of([]), "'host CLIENT and tcp port PORT'"), "'tcp'");
        assert_eq!(
            filled(&Known::of([]), "-connect ADDRESS:PORT"),
            "-connect ADDRESS:PORT",
            "that is one server, or none"
        );
    }

    #[test]
    fn a_name_that_a_shell_would_read_is_not_put_into_a_command() {
        for name in ["$(reboot)", "a b", "-connect", "x';ls"] {
            let known = Known::of([at([10, 0, 0, 5], 443)]).named(Some(name.to_owned()));
            assert_eq!(filled(&known, "-servername NAME"), "-servername NAME", "{name}");
        }
    }
}
