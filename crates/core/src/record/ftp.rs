//! FTP: which data connections a control connection announces (RFC 959 section 4.1.2, RFC 2428).
//!
//! Wireshark opens the conversation of a data connection here, before its SYN; its `tcp.completeness` has then no SYN, because
//! that bit says that the SYN opened the conversation. Ours is the same value, and so has to know: of PORT, of the answers to
//! PASV and EPSV, but not of EPRT, which opens none there.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::types::{Endpoint, Side, Tuple};

/// The port of control connections. By the port alone: Wireshark knows FTP by it.
pub(super) const CONTROL: u16 = 21;

/// Announcements that wait for their connection; older ones are forgotten.
const MOST: usize = 64;

/// A data connection that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    /// Where it will be awaited.
    at: Endpoint,
    /// Who will open it.
    from: IpAddr,
    /// From which port, where that is known: a server's data port (RFC 959 section 3.2).
    port: Option<u16>,
}

/// The two hosts of a control connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control {
    pub(super) client: IpAddr,
    pub(super) server: IpAddr,
}

/// What control connections of one analysis announced and did not use yet.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    any: AtomicBool,
    waiting: Mutex<VecDeque<Announcement>>,
}

impl Announced {
    pub(super) fn add(&self, announcement: Announcement) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // What was said before of the same end is over.
        waiting.retain(|earlier| earlier.at != announcement.at);
        if waiting.len() == MOST {
            waiting.pop_front();
        }
        waiting.push_back(announcement);
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether a SYN opens a connection that was announced; it is so once.
    #[inline]
    pub(crate) fn take(&self, syn: &Tuple) -> bool {
        self.any.load(Ordering::Relaxed) && self.find(syn)
    }

    #[cold]
    fn find(&self, syn: &Tuple) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().position(|announced| announced.covers(syn));
        let found = found.and_then(|place| waiting.remove(place));
        self.any.store(!waiting.is_empty(), Ordering::Relaxed);
        found.is_some()
    }
}

impl Announcement {
    fn covers(&self, syn: &Tuple) -> bool {
        self.at == syn.destination
            && self.from == syn.source.address
            && self.port.is_none_or(|port| port == syn.source.port)
    }
}

impl Control {
    /// What a segment of the control connection begins by announcing.
    pub(super) fn announces(&self, side: Side, said: &[u8]) -> Option<Announcement> {
        let (code, rest) = said.split_first_chunk::<4>()?;
        let line = std::str::from_utf8(rest.split(|byte| matches!(byte, b'\r' | b'\n')).next()?).ok()?;
        let &Self { client, server } = self;
        match (side, code) {
            (Side::Client, b"PORT") => {
                Some(Announcement { at: numbers(line.trim())?, from: server, port: Some(CONTROL - 1) })
            }
            // RFC 1123 section 4.1.2.6: look for the digits, not for the parentheses.
            (Side::Server, b"227 ") => {
                let at = numbers(line.get(line.find(|c: char| c.is_ascii_digit())?..)?)?;
                Some(Announcement { at, from: client, port: None })
            }
            (Side::Server, b"229 ") => {
                let port = extended(line.get(line.find('(')? + 1..)?)?;
                Some(Announcement { at: Endpoint::new(server, port), from: client, port: None })
            }
            _ => None,
        }
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
    Some(Endpoint::new(IpAddr::V4(address), u16::from_be_bytes([next()?, next()?])))
}

/// The port in `|||port|`, with any delimiter.
fn extended(text: &str) -> Option<u16> {
    text.split(text.chars().next()?).nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn announcement(side: Side, said: &str) -> Option<Announcement> {
        let control = Control { client: address("192.0.2.1"), server: address("192.0.2.9") };
        control.announces(side, said.as_bytes())
    }

    #[test]
    fn the_ways_to_announce() {
        for (side, said, at, from) in [
            (Side::Client, "PORT 192,0,2,1,225,229\r\n", "192.0.2.1:57829", ("192.0.2.9", Some(20))),
            (Side::Server, "227 Entering Passive Mode (192,0,2,2,82,16).\r\n", "192.0.2.2:21008", ("192.0.2.1", None)),
            (Side::Server, "227 Entering Passive Mode 192,0,2,2,82,16\r\n", "192.0.2.2:21008", ("192.0.2.1", None)),
            (Side::Server, "229 Extended Passive Mode (|||6446|)\r\n", "192.0.2.9:6446", ("192.0.2.1", None)),
        ] {
            let announced = announcement(side, said).unwrap();
            assert_eq!(
                (announced.at.to_string().as_str(), announced.from, announced.port),
                (at, address(from.0), from.1)
            );
        }
    }

    #[test]
    fn all_else_announces_nothing() {
        for said in ["", "PORT", "PORT 1,2,3,4,5", "PORT 1,2,3,4,5,256", "EPRT |1|192.0.2.1|5|", "STOR 1,2,3,4,5,6"] {
            assert_eq!(announcement(Side::Client, said), None, "{said}");
        }
        for said in ["227 ", "227 no", "229 (", "229 (|||)", "229 (|||99999|)", "226 1,2,3,4,5,6", "PORT 1,2,3,4,5,6"] {
            assert_eq!(announcement(Side::Server, said), None, "{said}");
        }
    }

    #[test]
    fn an_announcement_is_used_once_and_forgotten_in_time() {
        let at = |port| Announcement {
            at: Endpoint::new(address("192.0.2.9"), port),
            from: address("192.0.2.1"),
            port: None,
        };
        let syn = |from, port| Tuple {
            source: Endpoint::new(address(from), 40_000),
            destination: Endpoint::new(address("192.0.2.9"), port),
        };
        let announced = Announced::default();
        assert!(!announced.take(&syn("192.0.2.1", 1)));
        announced.add(at(1));
        announced.add(at(1));
        assert!(!announced.take(&syn("192.0.2.1", 2)) && !announced.take(&syn("192.0.2.3", 1)));
        assert!(announced.take(&syn("192.0.2.1", 1)) && !announced.take(&syn("192.0.2.1", 1)));
        announced.add(Announcement { port: Some(20), ..at(1) });
        assert!(!announced.take(&syn("192.0.2.1", 1)));
        (2..=MOST as u16 + 1).for_each(|port| announced.add(at(port)));
        assert!(announced.take(&syn("192.0.2.1", 2)) && announced.take(&syn("192.0.2.1", MOST as u16 + 1)));
    }
}
