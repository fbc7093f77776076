//! TDS: the TLS of SQL Server, whose handshake travels in packets of TDS.
//!
//! After MS-TDS sections 2.2.3.1 and 3.2.5.2: behind the first exchange each flight of the handshake is the data of PRELOGIN
//! packets, behind headers of eight bytes. Once it is over, records stand alone, with the packets inside of them.

use super::Means;
use crate::tls::{Tls, TlsObserver};
use crate::types::{Moment, NotVisible, Side, Sided};

/// TLS in packets of TDS, then by itself.
#[derive(Debug)]
pub(super) struct Tds {
    tls: TlsObserver,
    flows: Sided<Flow>,
}

/// One direction.
#[derive(Debug, Default)]
struct Flow {
    header: [u8; HEADER],
    /// Bytes of `header` that are there.
    have: u8,
    /// Bytes of the current packet that are still to come.
    left: u16,
    /// Records stand alone from here.
    bare: bool,
}

/// Type, status, length with the header, channel, number, window.
const HEADER: usize = 8;
const RESPONSE: u8 = 0x04;
const PRELOGIN: u8 = 0x12;

/// What a segment carries behind the header of a TDS packet that may be one of the handshake.
pub(super) fn content(segment: &[u8]) -> Option<&[u8]> {
    let (header, content) = segment.split_first_chunk()?;
    data_length(header).map(|_| content)
}

/// How much data follows a header; `None` where it is none of the handshake's.
fn data_length(header: &[u8; HEADER]) -> Option<u16> {
    match header {
        [PRELOGIN | RESPONSE, 0 | 1, high, low, .., 0] => u16::from_be_bytes([*high, *low]).checked_sub(HEADER as u16),
        _ => None,
    }
}

impl Tds {
    pub(super) fn new(limits: &Means) -> Self {
        Self { tls: TlsObserver::sharing(limits, &limits.chains), flows: Sided::default() }
    }

    /// What is read of the TLS.
    pub(super) const fn tls(&self) -> &TlsObserver {
        &self.tls
    }

    /// The next in-order bytes of one side.
    pub(super) fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment) {
        let Self { tls, flows } = self;
        let flow = &mut flows[side];
        while !bytes.is_empty() && tls.wants(side) {
            if flow.bare {
                tls.on_bytes(side, bytes, at);
                return;
            }
            if flow.left > 0 {
                let (data, rest) = bytes.split_at(bytes.len().min(flow.left.into()));
                flow.left -= data.len() as u16;
                tls.on_bytes(side, data, at);
                bytes = rest;
                continue;
            }
            if flow.have == 0 && !matches!(bytes, [PRELOGIN | RESPONSE, ..]) {
                flow.bare = true;
                continue;
            }
            if let Some(open) = flow.header.get_mut(flow.have.into()..)
                && let Some((now, rest)) = bytes.split_at_checked(open.len().min(bytes.len()))
                && let Some(place) = open.get_mut(..now.len())
            {
                place.copy_from_slice(now);
                flow.have += now.len() as u8;
                bytes = rest;
            }
            if usize::from(flow.have) == HEADER {
                flow.have = 0;
                match data_length(&flow.header) {
                    Some(length) => flow.left = length,
                    None => {
                        // It is for the reader of TLS to say that this is none.
                        flow.bare = true;
                        tls.on_bytes(side, &flow.header, at);
                    }
                }
            }
        }
    }

    /// `length` bytes are missing. Segments often begin where packets do: the next one shows whether it is one.
    pub(super) fn on_gap(&mut self, side: Side, length: u32, why: NotVisible, at: Moment) {
        let flow = &mut self.flows[side];
        flow.have = 0;
        flow.left = u32::from(flow.left).saturating_sub(length) as u16;
        self.tls.on_gap(side, length, why, at);
    }

    /// What was seen.
    pub(super) fn finish(self) -> Tls {
        self.tls.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Stage;
    use crate::tls::tests::segments;
    use crate::types::{PacketNo, Timestamp};

    const RECORDED: &str = include_str!("../tls/recorded/tls12.txt");
    const AT: Moment = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };

    fn packet(data: &[u8]) -> Vec<u8> {
        let length = (HEADER + data.len()) as u16;
        [&[PRELOGIN, 1][..], &length.to_be_bytes(), &[0, 0, 1, 0], data].concat()
    }

    #[test]
    fn the_handshake_in_packets_is_the_same_as_by_itself() {
        let flights = segments(RECORDED);
        let limits = Means::new(crate::Limits::default());
        let mut alone = TlsObserver::sharing(&limits, &limits.chains);
        flights.iter().for_each(|(side, bytes)| alone.on_bytes(*side, bytes, AT));
        let alone = alone.finish();
        assert_eq!(alone.stage, Stage::Established);
        for size in [1, 7, 300, 5_000] {
            let mut tds = Tds::new(&limits);
            for (number, (side, bytes)) in flights.iter().enumerate() {
                // Two packets for each flight of the handshake; then none.
                let (one, other) = bytes.split_at(20);
                let wrapped = if number < 4 { [packet(one), packet(other)].concat() } else { bytes.clone() };
                wrapped.chunks(size).for_each(|piece| tds.on_bytes(*side, piece, AT));
            }
            let tls = tds.finish();
            assert_eq!((tls.stage, tls.malformed), (alone.stage, None), "{size}");
            assert_eq!(tls.client_hello.unwrap().ja3(), alone.client_hello.as_ref().unwrap().ja3());
            assert_eq!(tls.server_hello.as_ref(), alone.server_hello.as_ref());
            assert_eq!(
                tls.server_certificate.map(|message| message.length),
                alone.server_certificate.as_ref().map(|message| message.length)
            );
        }
    }

    #[test]
    fn what_is_no_packet_is_told_so() {
        assert_eq!(content(&packet(b"abc")), Some(&b"abc"[..]));
        assert!(content(b"HTTP/1.1 200 OK").is_none() && content(&[PRELOGIN, 1, 0, 7, 0, 0, 0, 0]).is_none());
        let limits = Means::new(crate::Limits::default());
        let mut tds = Tds::new(&limits);
        let hello = segments(RECORDED).swap_remove(0).1;
        tds.on_bytes(Side::Client, &packet(&hello), AT);
        tds.on_gap(Side::Server, 100, NotVisible::NotCaptured, AT);
        tds.on_bytes(Side::Client, &[RESPONSE, 9, 9, 9, 9, 9, 9, 9, 9], AT);
        assert_eq!(tds.finish().malformed, Some((Side::Client, AT)));
    }
}
