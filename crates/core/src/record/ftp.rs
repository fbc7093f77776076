//! FTP: which data connections a control connection announces (RFC 959 section 4.1.2, RFC 2428).
//!
//! Wireshark opens the conversation of a data connection here, before its SYN; its `tcp.completeness` has then no SYN, because
//! that bit says that the SYN opened the conversation. Ours is the same value, and so has to know.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::types::{Endpoint, Side};

/// The port of control connections. By the port alone: Wireshark knows FTP by it.
pub(super) const CONTROL: u16 = 21;

/// Announcements that wait for their connection; older ones are forgotten.
const MOST: usize = 64;

/// What control connections of one analysis announced and did not use yet.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    any: AtomicBool,
    ends: Mutex<VecDeque<Endpoint>>,
}

impl Announced {
    pub(super) fn add(&self, end: Endpoint) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() == MOST {
            ends.pop_front();
        }
        ends.push_back(end);
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether a SYN to this end opens a connection that was announced; it is so once.
    #[inline]
    pub(crate) fn take(&self, end: Endpoint) -> bool {
        self.any.load(Ordering::Relaxed) && self.find(end)
    }

    #[cold]
    fn find(&self, end: Endpoint) -> bool {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let found = ends.iter().position(|announced| *announced == end);
        if let Some(place) = found {
            // Of an end that was announced twice without being used, both are over.
            ends.remove(place);
            ends.retain(|announced| *announced != end);
        }
        self.any.store(!ends.is_empty(), Ordering::Relaxed);
        found.is_some()
    }
}

/// The end at which a data connection will be awaited, where a segment of a control connection begins by saying so.
pub(super) fn announced(side: Side, said: &[u8], server: IpAddr) -> Option<Endpoint> {
    let (code, rest) = said.split_first_chunk::<4>()?;
    let line = std::str::from_utf8(rest.split(|byte| matches!(byte, b'\r' | b'\n')).next()?).ok()?;
    match (side, &code.to_ascii_uppercase()[..]) {
        (Side::Client, b"PORT") => numbers(line.trim()),
        // RFC 1123 section 4.1.2.6: look for the digits, not for the parentheses.
        (Side::Server, b"227 ") => numbers(line.get(line.find(|c: char| c.is_ascii_digit())?..)?),
        (Side::Client, b"EPRT") => extended(line.trim(), None),
        (Side::Server, b"229 ") => extended(line.get(line.find('(')? + 1..)?, Some(server)),
        _ => None,
    }
}

/// `h1,h2,h3,h4,p1,p2`, and whatever follows.
fn numbers(text: &str) -> Option<Endpoint> {
    let mut fields = text.splitn(6, ',');
    let mut next = || {
        let digits = fields.next()?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse::<u8>().ok()
    };
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    Some(Endpoint { address: IpAddr::V4(address), port: u16::from_be_bytes([next()?, next()?]) })
}

/// `|protocol|address|port|` with any delimiter; the server leaves the first two out.
fn extended(text: &str, server: Option<IpAddr>) -> Option<Endpoint> {
    let mut fields = text.split(text.chars().next()?).skip(2);
    let address = fields.next()?;
    let port = fields.next()?.parse().ok()?;
    let address = if address.is_empty() { server? } else { address.parse().ok()? };
    Some(Endpoint { address, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(side: Side, said: &str) -> Option<String> {
        announced(side, said.as_bytes(), "192.0.2.9".parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn the_four_ways_to_announce() {
        for (side, said, awaits) in [
            (Side::Client, "PORT 192,0,2,1,225,229\r\n", "192.0.2.1:57829"),
            (Side::Client, "eprt |2|2001:db8::1|5282|\r\n", "[2001:db8::1]:5282"),
            (Side::Server, "227 Entering Passive Mode (192,0,2,2,82,16).\r\n", "192.0.2.2:21008"),
            (Side::Server, "227 Entering Passive Mode 192,0,2,2,82,16\r\n", "192.0.2.2:21008"),
            (Side::Server, "229 Entering Extended Passive Mode (|||6446|)\r\n", "192.0.2.9:6446"),
        ] {
            assert_eq!(end(side, said).as_deref(), Some(awaits), "{said}");
        }
    }

    #[test]
    fn all_else_announces_nothing() {
        for said in ["", "PORT", "PORT 1,2,3,4,5", "PORT 1,2,3,4,5,256", "EPRT", "EPRT |1|x|5|", "STOR 1,2,3,4,5,6"] {
            assert_eq!(end(Side::Client, said), None, "{said}");
        }
        for said in ["227 ", "227 no", "229 (", "229 (|||)", "229 (|||99999|)", "226 1,2,3,4,5,6", "PORT 1,2,3,4,5,6"] {
            assert_eq!(end(Side::Server, said), None, "{said}");
        }
    }

    #[test]
    fn an_announcement_is_used_once_and_forgotten_in_time() {
        let end = |port| Endpoint { address: "192.0.2.1".parse().unwrap(), port };
        let announced = Announced::default();
        assert!(!announced.take(end(1)));
        announced.add(end(1));
        announced.add(end(1));
        assert!(!announced.take(end(2)) && announced.take(end(1)) && !announced.take(end(1)));
        (0..=MOST as u16).for_each(|port| announced.add(end(port)));
        assert!(!announced.take(end(0)) && announced.take(end(1)) && announced.take(end(MOST as u16)));
    }
}
