//! Frames as they come, in pieces and with holes.

use super::*;
use crate::types::{PacketNo, Timestamp};

const AT: Moment = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 0], payload].concat()
}

fn calm() -> Vec<u8> {
    [frame(6, 1, &[0; 8]), frame(0, 0, &[7; 300]), frame(7, 0, b"\0\0\0\x03\0\0\0\x0btoo_many_pings")].concat()
}

#[test]
fn pings_and_goaway_are_read_however_they_are_cut() {
    let client = [HTTP2_PREFACE, &frame(4, 0, &[]), &frame(6, 0, &[1; 8]), &frame(6, 1, &[2; 8])].concat();
    for size in 1..40 {
        let mut observer = Http2Observer::new();
        client.chunks(size).for_each(|piece| observer.on_bytes(Side::Client, piece, AT));
        calm().chunks(size).for_each(|piece| observer.on_bytes(Side::Server, piece, AT));
        let known = observer.finish();
        assert_eq!(known.pings, 1, "in pieces of {size}");
        let goaway = known.goaway.unwrap();
        assert_eq!((goaway.error, goaway.debug.as_str()), (Some(11), "too_many_pings"));
    }
}

#[test]
fn a_gap_within_a_body_does_no_harm_and_one_over_its_end_ends_it() {
    for (gap, read) in [(200, true), (300, true), (301, false)] {
        let mut observer = Http2Observer::new();
        let bytes = calm();
        observer.on_bytes(Side::Server, &bytes[..17 + 9], AT);
        observer.on_gap(Side::Server, gap);
        observer.on_bytes(Side::Server, &bytes[17 + 9 + gap as usize..], AT);
        assert_eq!(observer.finish().goaway.is_some(), read, "a gap of {gap}");
    }
}

#[test]
fn an_answer_in_http1_is_no_frame() {
    for size in 1..20 {
        let mut observer = Http2Observer::new();
        b"HTTP/1.1 400 Bad Request\r\n\r\n".chunks(size).for_each(|piece| observer.on_bytes(Side::Server, piece, AT));
        assert!(!observer.wants(Side::Server));
        assert_eq!(observer.finish().answered_in_http1, Some(AT), "in pieces of {size}");
    }
    let mut observer = Http2Observer::new();
    observer.on_bytes(Side::Server, &frame(4, 0, &[]), AT);
    observer.on_bytes(Side::Server, b"HTTP/1.1 ", AT);
    assert_eq!(observer.finish().answered_in_http1, None, "not at the beginning");
}

#[test]
fn what_is_no_frame_ends_it() {
    let mut observer = Http2Observer::new();
    observer.on_bytes(Side::Server, &frame(6, 0, &[0; 9]), AT);
    assert!(!observer.wants(Side::Server));
}
