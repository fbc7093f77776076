//! Hellos that are cut, damaged or made up: nothing panics, and nothing that was not seen is called absent.

use proptest::prelude::*;

use super::{Segment, assert_same_facts, observe, observe_in_pieces, packet, recording};
use crate::limits::Limits;
use crate::tls::{ClientHello, Probe, Sni, Stage, TlsObserver, probe};
use crate::types::{NotVisible, Side};

fn hello() -> Vec<u8> {
    recording!("tls13").swap_remove(0).1
}

#[test]
fn a_hello_cut_anywhere_is_not_called_without_a_name() {
    let hello = hello();
    for length in 1..hello.len() {
        let mut ended = TlsObserver::new(&Limits::default());
        ended.on_bytes(Side::Client, &hello[..length], packet(1));
        let ended = ended.finish();
        assert_eq!((ended.stage, &ended.client_hello), (Stage::Begun, &None));

        let mut snapped = TlsObserver::new(&Limits::default());
        snapped.on_bytes(Side::Client, &hello[..length], packet(1));
        snapped.on_gap(Side::Client, (hello.len() - length) as u32, NotVisible::CutBySnaplen, packet(1));
        let snapped = snapped.finish();
        assert_eq!(snapped.client_hello, None);
        assert_eq!(snapped.client_hello_cut, Some((packet(1), NotVisible::CutBySnaplen)), "after {length} bytes");
        assert_eq!(snapped.malformed, None);
        if let Some(part) = snapped.client_hello_part {
            assert!(part.malformed && part.ja3().is_none() && part.ja4().is_none());
            assert!(matches!(part.sni, Sni::Present(_) | Sni::NotVisible(NotVisible::CutBySnaplen)));
        }
    }
}

#[test]
fn a_name_before_the_cut_is_known() {
    let hello = hello();
    let mut observer = TlsObserver::new(&Limits::default());
    observer.on_bytes(Side::Client, &hello[..200], packet(1));
    observer.on_gap(Side::Client, 141, NotVisible::CutBySnaplen, packet(1));
    let part = observer.finish().client_hello_part.unwrap();
    assert_eq!(part.sni, Sni::Present("shop.example.test".to_owned()));
}

/// Places of the two-byte lengths of a hello, found by a walk that knows only the outermost form.
fn length_fields(hello: &[u8]) -> Vec<usize> {
    let at = |place: usize| usize::from(u16::from_be_bytes([hello[place], hello[place + 1]]));
    let session_id = 5 + 4 + 2 + 32;
    let suites = session_id + 1 + usize::from(hello[session_id]);
    let compression = suites + 2 + at(suites);
    let extensions = compression + 1 + usize::from(hello[compression]);
    let mut fields = vec![3, 7, suites, extensions];
    let mut place = extensions + 2;
    while place < hello.len() {
        fields.push(place + 2);
        // Lists within server_name, ALPN, groups, algorithms and key shares.
        match at(place) {
            0 => fields.extend([place + 4, place + 7]),
            10 | 13 | 16 => fields.push(place + 4),
            51 => fields.extend([place + 4, place + 8]),
            _ => {}
        }
        place += 4 + at(place + 2);
    }
    fields
}

#[test]
fn no_value_of_any_length_field_hides_the_name() {
    let original = hello();
    let fields = length_fields(&original);
    assert_eq!(fields.len(), 22);
    for field in fields {
        let mut hello = original.clone();
        for value in 0..=u16::MAX {
            hello[field..field + 2].copy_from_slice(&value.to_be_bytes());
            let tls = observe(&[(Side::Client, hello.clone())]);
            let read = [&tls.client_hello, &tls.client_hello_part];
            for hello in read.into_iter().flatten() {
                assert_ne!(hello.sni, Sni::Absent, "{value:#06x} at {field}");
            }
        }
    }
}

/// Says Absent only for a hello that a strict reader would follow to its end, too.
fn is_honest(hello: &ClientHello) -> bool {
    hello.sni != Sni::Absent || (!hello.malformed && !hello.extensions.contains(&0))
}

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

/// Record headers with all sorts of bytes after them.
fn records() -> impl Strategy<Value = Vec<u8>> {
    let record = (20_u8..=24, 0_u8..=4, proptest::collection::vec(any::<u8>(), 0..80), -3_i32..=3);
    proptest::collection::vec(record, 0..6).prop_map(|records| {
        let one = |(content_type, minor, body, off): (u8, u8, Vec<u8>, i32)| {
            let length = (body.len() as i32 + if off.abs() == 3 { off } else { 0 }).max(0) as u16;
            [vec![content_type, 3, minor], length.to_be_bytes().to_vec(), body].concat()
        };
        records.into_iter().flat_map(one).collect()
    })
}

/// What happens to one side.
#[derive(Clone, Debug)]
enum Event {
    Bytes(Side, Vec<u8>),
    Gap(Side, u32),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let bytes = prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), records()];
    let event = prop_oneof![
        4 => (sides(), bytes).prop_map(|(side, bytes)| Event::Bytes(side, bytes)),
        1 => (sides(), 0_u32..400).prop_map(|(side, length)| Event::Gap(side, length)),
    ];
    proptest::collection::vec(event, 0..12)
}

proptest! {
    #[test]
    fn any_bytes_and_gaps_are_survived(events in events()) {
        let mut observer = TlsObserver::new(&Limits { max_handshake_bytes: 64, ..Limits::default() });
        for (index, event) in events.into_iter().enumerate() {
            match event {
                Event::Bytes(side, bytes) => observer.on_bytes(side, &bytes, packet(index + 1)),
                Event::Gap(side, length) => observer.on_gap(side, length, NotVisible::NotCaptured, packet(index + 1)),
            }
        }
        let tls = observer.finish();
        for hello in [&tls.client_hello, &tls.second_client_hello, &tls.client_hello_part].into_iter().flatten() {
            prop_assert!(is_honest(hello));
            let _ = (hello.ja3(), hello.ja4());
        }
    }

    #[test]
    fn any_bytes_mean_the_same_in_any_pieces(
        segments in proptest::collection::vec((sides(), records()), 0..6),
        size in 1_usize..9,
    ) {
        assert_same_facts(observe_in_pieces(&segments, size), observe(&segments));
    }

    #[test]
    fn a_damaged_recording_is_survived(place in 0_usize..1_200, value: u8, size in 1_usize..400) {
        let mut segments: Vec<Segment> = recording!("hello-retry");
        let mut left = place;
        for (_, bytes) in &mut segments {
            match bytes.get_mut(left) {
                Some(byte) => {
                    *byte = value;
                    break;
                }
                None => left -= bytes.len(),
            }
        }
        let tls = observe_in_pieces(&segments, size);
        for hello in [&tls.client_hello, &tls.second_client_hello].into_iter().flatten() {
            prop_assert!(is_honest(hello));
        }
    }

    #[test]
    fn more_bytes_never_take_back_a_probe(bytes in records()) {
        let mut before = Probe::NeedMore;
        for length in 0..bytes.len() {
            let now = probe(&bytes[..length]);
            prop_assert!(before == Probe::NeedMore || now == before || (before, now) == (Probe::Yes, Probe::No));
            before = now;
        }
    }
}
