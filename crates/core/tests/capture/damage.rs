//! Damage: what comes before it, what comes after it, and what is said.

use handshark::{CaptureError, Limits};

use crate::build::*;

/// The offset of the record with this index.
fn offset_of(index: u32) -> usize {
    plain(0..index).len()
}

#[test]
fn a_damaged_length_costs_its_own_packet_alone() {
    for lie in [0xffff_ffff_u32, 0x7fff_ffff, 300_000] {
        let mut file = plain(100..120);
        let at = offset_of(10);
        file[at + 8..at + 12].copy_from_slice(&lie.to_le_bytes());
        let read = read(&file);
        let expected: Vec<i64> = (100..120).filter(|&s| s != 110).collect();
        assert_eq!(read.seconds(), expected, "{lie:#x}");
        assert_eq!(read.codes(), [("damaged", 1)]);
        let note = &read.quality[0].note;
        assert!(note.contains(&format!("bytes {at} to {} are damaged", offset_of(11))), "{note}");
        assert!(note.contains(&format!("claims {lie} bytes")), "{note}");
    }
}

#[test]
fn a_length_that_swallows_others_is_noticed_when_it_exceeds_the_original() {
    let mut file = plain(100..120);
    let at = offset_of(10);
    file[at + 8..at + 12].copy_from_slice(&500_u32.to_le_bytes());
    let read = read(&file);
    assert_eq!(read.seconds().len(), 19);
    assert_eq!(read.codes(), [("damaged", 1)]);
}

#[test]
fn missing_and_added_bytes_are_passed_by() {
    let clean = plain(100..120);
    let at = offset_of(10) + 30;
    let missing = [&clean[..at], &clean[at + 9..]].concat();
    let added = [&clean[..at], &[0xcc; 1_000], &clean[at..]].concat();
    for file in [missing, added] {
        let read = read(&file);
        // The packet in which it happened is given with wrong bytes: nothing in the format tells.
        assert_eq!(read.seconds().iter().filter(|&&s| s < 110).count(), 10);
        assert_eq!(read.seconds().iter().filter(|&&s| s > 111).count(), 8);
        assert_eq!(read.codes(), [("damaged", 1)]);
    }
}

#[test]
fn damaged_snoop_records_are_passed_by() {
    // The lengths of the fifth record.
    let mut file = plain_snoop(100..140);
    let fifth = plain_snoop(100..104).len();
    file[fifth + 4..fifth + 12].fill(0xee);
    let read = read(&file);
    assert_eq!(read.seconds(), (100..104).chain(105..140).collect::<Vec<_>>());
    assert!(read.codes().iter().any(|(code, _)| *code == "damaged"), "{:?}", read.codes());
}

#[test]
fn a_hole_of_zeros_holds_no_packets() {
    let clean = plain(1_700_000_000..1_700_000_020);
    let at = offset_of(10);
    let read = read(&[&clean[..at], &[0; 4_096], &clean[at..]].concat());
    assert_eq!(read.seconds(), (1_700_000_000..1_700_000_020).collect::<Vec<_>>());
    assert_eq!(read.codes(), [("damaged", 1)]);
    let tail = super::build::read(&[clean, vec![0; 100_000]].concat());
    assert_eq!(tail.packets.len(), 20);
    assert!(tail.quality[0].note.contains("to the end, 100000 bytes"), "{}", tail.quality[0].note);
}

#[test]
fn damage_to_the_end_is_told_with_what_was_read() {
    let at = offset_of(10);
    let file = [&plain(100..110)[..], &[0xaa; 5_000]].concat();
    let read = read(&file);
    assert_eq!(read.packets.len(), 10);
    assert!(read.error.is_none());
    assert!(read.quality[0].note.starts_with(&format!("from byte {at} to the end, 5000 bytes are damaged")));
}

#[test]
fn a_file_of_damage_alone_is_an_error() {
    let read = read(&[pcap(Little, 0xa1b2_c3d4, 1), vec![0xaa; 5_000]].concat());
    assert!(matches!(read.error, Some(CaptureError::Damaged { offset: 24, .. })), "{:?}", read.error);
}

#[test]
fn damage_again_and_again_is_counted() {
    let mut file = plain(100..140);
    for index in [5, 15, 25] {
        let at = offset_of(index);
        file[at + 8..at + 16].fill(0xff);
    }
    let read = read(&file);
    assert_eq!(read.packets.len(), 37);
    assert_eq!(read.codes(), [("damaged", 3)]);
    assert!(read.quality[0].note.contains("3 damaged places"), "{}", read.quality[0].note);
}

/// A damaged header may look like a packet of another year; what follows it must be found all the same.
#[test]
fn a_wrong_time_before_the_damage_does_not_hide_what_follows() {
    let mut file = plain(1_700_000_000..1_700_000_030);
    let (at, next) = (offset_of(10), offset_of(11));
    file[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
    file[next + 8..next + 12].fill(0xff);
    let read = read(&file);
    assert_eq!(read.packets.len(), 29);
    assert_eq!(read.codes(), [("damaged", 1)]);
}

#[test]
fn a_damaged_pcapng_block_costs_itself_alone() {
    for order in [Little, Big] {
        let block_len = |index| plain_ng(order, 0..index).len();
        for (at, lie) in [(4, 0xffff_fff0_u32), (4, 0), (4, 24), (0, 0x6666_6666)] {
            let mut file = plain_ng(order, 100..120);
            let start = block_len(10);
            file[start + at..start + at + 4].copy_from_slice(&order.u32(lie));
            let read = read(&file);
            let expected: Vec<i64> = (100..120).filter(|&s| s != 110).collect();
            assert_eq!(read.seconds(), expected, "{order:?} {at} {lie:#x}");
            // An unknown block type is no damage: it is passed by as the format asks.
            let codes = if at == 0 { vec![] } else { vec![("damaged", 1)] };
            assert_eq!(read.codes(), codes, "{order:?} {at} {lie:#x}");
        }
    }
}

#[test]
fn a_packet_that_contradicts_its_block_is_passed_by() {
    let good = |second: u64| enhanced(Little, 0, second * 1_000_000, 4, &[1; 4]);
    let mut too_long = good(2);
    too_long[20..24].copy_from_slice(&64_u32.to_le_bytes());
    let unknown_interface = enhanced(Little, 7, 3_000_000, 4, &[1; 4]);
    let too_short = block(Little, 6, &[0; 8]);
    let file = [plain_ng(Little, []), good(1), too_long, unknown_interface, too_short, good(4)].concat();
    let read = read(&file);
    assert_eq!(read.seconds(), [1, 4]);
    assert_eq!(read.codes(), [("damaged", 3)]);
}

#[test]
fn an_interface_with_broken_options_keeps_its_number() {
    let broken = [&[1, 0, 0, 0, 0, 0, 0, 0][..], &[9, 0, 0xff, 0xff, 6, 0, 0, 0]].concat();
    let file = [
        section(Little),
        block(Little, 1, &broken),
        interface(Little, 113, 0, &[]),
        enhanced(Little, 1, 1, 4, &[1; 4]),
    ];
    assert_eq!(read(&file.concat()).packets[0].link, 113);
}

#[test]
fn joined_captures_are_read_one_after_the_other() {
    let little = plain([1, 2]);
    let mut nanos = pcap(Big, 0xa1b2_3c4d, 113);
    nanos.extend(record(Big, 3, 9, 4, &[1; 4]));
    let ng = plain_ng(Little, [4]);
    let file = [&little[..], &nanos, &ng, &little].concat();
    let read = read(&file);
    let told: Vec<_> = read.packets.iter().map(|p| (p.number, p.nanos / 1_000_000_000, p.link)).collect();
    assert_eq!(told, [(1, 1, 1), (2, 2, 1), (3, 3, 113), (4, 4, 1), (5, 1, 1), (6, 2, 1)]);
    assert_eq!(read.codes(), [("joined", 3)]);
    assert!(read.quality[0].note.contains(&format!("byte {}", little.len())), "{}", read.quality[0].note);
}

#[test]
fn a_capture_behind_a_cut_one_is_found() {
    let first = plain(100..110);
    let cut = &first[..first.len() - 20];
    let read = read(&[cut, &plain(110..130)].concat());
    assert_eq!(read.seconds().first(), Some(&100));
    assert_eq!(read.seconds().last(), Some(&129));
    assert!(read.packets.len() >= 29, "{}", read.packets.len());
    assert!(read.codes().iter().any(|(code, _)| *code == "damaged"), "{:?}", read.quality);
}

#[test]
fn a_lie_about_a_length_takes_no_memory_and_no_time() {
    let mut file = pcap(Little, 0xa1b2_c3d4, 1);
    // A snap length that allows everything.
    file[16..20].fill(0xff);
    file.extend(record(Little, 1, 1, 40, &[0xf1; 40]));
    let mut lie = record(Little, 2, 1, 0xffff_ffff, &[0xf1; 40]);
    lie[8..12].copy_from_slice(&15_000_000_u32.to_le_bytes());
    file.extend(lie);
    let read = read(&file);
    assert_eq!(read.packets.len(), 1);
    assert_eq!(read.quality.len(), 1);
}

#[test]
fn small_limits_bound_what_is_believed() {
    let limits = Limits { max_packet_bytes: 1_000, max_block_bytes: 2_000, ..Limits::default() };
    let ng =
        [plain_ng(Little, [1]), enhanced(Little, 0, 0, 1_500, &[1; 1_500]), enhanced(Little, 0, 3_000_000, 4, &[1; 4])];
    assert_eq!(read_with(&ng.concat(), 10, &limits).seconds(), [1, 3]);
    let large = [plain_ng(Little, [1]), block(Little, 10, &[7; 5_000]), enhanced(Little, 0, 3_000_000, 4, &[1; 4])];
    let read = read_with(&large.concat(), 10, &limits);
    assert_eq!((read.seconds(), read.codes()), (vec![1, 3], vec![("damaged", 1)]));
}

/// Every byte of small files, set to every value that tends to hurt: never a panic, never a packet lost before the change.
#[test]
fn no_changed_byte_does_harm_before_it() {
    for file in [plain(100..106), plain_ng(Little, 100..106), plain_ng(Big, 100..106)] {
        let whole = read(&file);
        for at in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, file[at] ^ 1] {
                let mut changed = file.clone();
                changed[at] = value;
                let one = read(&changed);
                let pieces = read_in(&changed, 7);
                assert_eq!(one.packets, pieces.packets, "{at} {value}");
                assert_eq!(one.quality, pieces.quality, "{at} {value}");
                let ends = whole.packets.iter().scan(0, |end, packet| {
                    *end = file.windows(packet.data.len()).rposition(|w| w == packet.data).unwrap() + packet.data.len();
                    Some(*end)
                });
                // Padding and the second length of a pcapng block come behind its packet.
                let before = ends.filter(|&end| end + 7 <= at).count();
                assert_eq!(one.packets.get(..before), Some(&whole.packets[..before]), "{at} {value}");
            }
        }
    }
}
