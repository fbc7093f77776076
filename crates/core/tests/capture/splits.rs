//! The same frames whatever the pieces, and everything before a cut.

use handshark::CaptureError;

use crate::build::*;

fn samples() -> Vec<Vec<u8>> {
    let mut damaged = plain(100..140);
    damaged[900..915].fill(0xee);
    let mut damaged_ng = plain_ng(Big, 100..140);
    damaged_ng[1_000..1_040].fill(0xee);
    let mut damaged_snoop = plain_snoop(100..140);
    damaged_snoop[900..915].fill(0xee);
    vec![
        plain(100..130),
        plain_ng(Little, 100..130),
        plain_ng(Big, 100..130),
        plain_snoop(100..130),
        damaged_snoop,
        [b"Defaulting container name to web.\r\n".to_vec(), plain(100..105)].concat(),
        [plain(100..105), plain_ng(Little, 105..110), plain(110..112)].concat(),
        damaged,
        damaged_ng,
    ]
}

#[test]
fn any_split_gives_the_same_frames_and_the_same_warnings() {
    for sample in samples() {
        let whole = read(&sample);
        assert!(whole.packets.len() > 4);
        for piece in [1, 7, 23, 64] {
            let pieces = read_in(&sample, piece);
            assert_eq!(pieces.packets, whole.packets, "in pieces of {piece}");
            assert_eq!(pieces.quality, whole.quality, "in pieces of {piece}");
        }
    }
}

/// A live capture shows a packet as soon as its last byte is here.
#[test]
fn a_packet_is_given_as_soon_as_it_is_whole() {
    for file in [plain([1, 2]), plain_ng(Little, [1, 2])] {
        let last = file.len() - 1;
        let mut reader = handshark::capture::Reader::new(&handshark::Limits::default());
        assert_eq!(reader.push(&file[..last]), last);
        assert!(reader.next_frame().unwrap().is_some());
        assert!(reader.next_frame().unwrap().is_none());
        assert_eq!(reader.push(&file[last..]), 1);
        assert!(reader.peek_time().unwrap().is_some());
        assert!(reader.next_frame().unwrap().is_some());
    }
}

#[test]
fn a_cut_at_any_byte_leaves_every_packet_before_it() {
    for file in [plain(100..108), plain_ng(Little, 100..108), plain_ng(Big, 100..108)] {
        let whole = read(&file);
        let header = if file[0] == 0xd4 { 24 } else { 28 };
        for cut in 0..file.len() {
            let read = read_in(&file[..cut], usize::MAX);
            match read.error {
                Some(CaptureError::Empty { .. }) => assert_eq!(cut, 0),
                Some(CaptureError::Damaged { offset, .. }) => assert!(offset == cut as u64 && cut < header, "{cut}"),
                Some(other) => panic!("{cut}: {other}"),
                None => assert!(cut >= header, "{cut}"),
            }
            assert_eq!(read.packets, whole.packets[..read.packets.len()], "{cut}");
            let clean = read.codes().is_empty();
            assert!(clean || read.codes() == [("cut-short", 1)], "{cut}: {:?}", read.quality);
            if !clean {
                let next = format!("ends at byte {cut} in the middle of packet {}", read.packets.len() + 1);
                assert!(read.quality[0].note.contains(&next), "{cut}: {}", read.quality[0].note);
            }
            if clean && cut >= header && cut + 1 < file.len() {
                let one_more = read_in(&file[..cut + 1], usize::MAX);
                assert_eq!(one_more.codes(), [("cut-short", 1)], "only record ends are clean: {cut}");
            }
        }
    }
}

#[test]
fn what_is_pushed_after_the_end_is_taken_and_forgotten() {
    let mut reader = handshark::capture::Reader::new(&handshark::Limits::default());
    let text = vec![b'x'; 70_000];
    assert_eq!(reader.push(&text), text.len());
    assert!(reader.next_frame().is_err());
    for _ in 0..20 {
        assert_eq!(reader.push(&text), text.len());
        assert!(reader.next_frame().unwrap().is_none());
    }
}
