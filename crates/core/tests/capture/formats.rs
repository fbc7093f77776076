//! Every format and what its headers mean.

use handshark::capture::{Interface, LinkType};

use crate::build::*;

const DATA: [u8; 5] = [1, 2, 3, 4, 5];

#[test]
fn every_pcap_magic_is_read() {
    for order in [Little, Big] {
        for (magic, nanos) in [(0xa1b2_c3d4, 250_000), (0xa1b2_3c4d, 250)] {
            let mut file = pcap(order, magic, 276);
            file.extend(record(order, 1_700_000_000, 250, 99, &DATA));
            let read = read(&file);
            let expected = Packet {
                number: 1,
                nanos: 1_700_000_000_000_000_000 + nanos,
                link: 276,
                interface: 0,
                data: DATA.to_vec(),
                original_len: 99,
                fcs_len: 0,
            };
            assert_eq!(read.packets, [expected], "{order:?} {magic:#x}");
            assert_eq!(read.codes(), []);
        }
    }
}

#[test]
fn the_modified_format_has_a_longer_record_header() {
    for order in [Little, Big] {
        let mut file = pcap(order, 0xa1b2_cd34, 1);
        for second in [10, 11] {
            let mut record = record(order, second, 1, 5, &DATA);
            record.splice(16..16, [9; 8]);
            file.extend(record);
        }
        let read = read(&file);
        assert_eq!(read.seconds(), [10, 11], "{order:?}");
        assert_eq!(read.packets[1].data, DATA);
    }
}

#[test]
fn a_file_header_without_packets_is_a_capture_of_none() {
    for file in [pcap(Little, 0xa1b2_c3d4, 1), section(Big), plain_ng(Little, [])] {
        let read = read(&file);
        assert!(read.packets.is_empty() && read.error.is_none() && read.quality.is_empty());
    }
}

#[test]
fn the_upper_bits_of_the_link_type_tell_of_the_check_sequence() {
    for (network, link, fcs_len) in
        [(0x2400_0001, 1, 4), (0x5400_0001, 1, 10), (0x2000_0069, 105, 0), (0x0030_0001, 1, 0)]
    {
        let mut file = pcap(Little, 0xa1b2_c3d4, network);
        file.extend(record(Little, 1, 1, 5, &DATA));
        let read = read(&file);
        assert_eq!((read.packets[0].link, read.packets[0].fcs_len), (link, fcs_len), "{network:#x}");
    }
}

#[test]
fn lengths_of_old_pcap_versions_may_be_swapped() {
    let mut file = pcap(Little, 0xa1b2_c3d4, 1);
    file[6] = 2;
    let mut swapped = record(Little, 1, 1, 90, &DATA);
    swapped[8..16].rotate_left(4);
    file.extend([swapped, record(Little, 2, 1, 5, &DATA)].concat());
    let read = read(&file);
    assert_eq!(read.packets.iter().map(|p| (p.data.len(), p.original_len)).collect::<Vec<_>>(), [(5, 90), (5, 5)]);
}

#[test]
fn a_packet_longer_than_the_snap_length_is_read() {
    let mut file = pcap(Little, 0xa1b2_c3d4, 1);
    file[16..20].copy_from_slice(&4_u32.to_le_bytes());
    for second in 1..4 {
        file.extend(record(Little, second, 1, 3, &DATA));
    }
    let read = read(&file);
    assert_eq!(read.seconds(), [1, 2, 3]);
    assert_eq!(read.codes(), []);
}

#[test]
fn an_empty_packet_has_a_number() {
    let file = [plain([5]), record(Little, 6, 0, 60, &[]), record(Little, 7, 0, 5, &DATA)].concat();
    let read = read(&file);
    assert_eq!(read.packets.iter().map(|p| (p.number, p.data.len())).collect::<Vec<_>>(), [(1, 40), (2, 0), (3, 5)]);
}

#[test]
fn a_fraction_above_one_second_is_held_and_counted() {
    let records = [999_999, 1_000_000, u32::MAX].map(|fraction| record(Little, 10, fraction, 5, &DATA));
    let read = read(&[pcap(Little, 0xa1b2_c3d4, 1), records.concat()].concat());
    let nanos: Vec<_> = read.packets.iter().map(|p| p.nanos).collect();
    assert_eq!(nanos, [10_999_999_000, 11_000_000_000, 11_000_000_000]);
    assert_eq!(read.codes(), [("time-out-of-range", 2)]);
}

#[test]
fn interfaces_of_pcapng_have_their_own_names_links_and_clocks() {
    for order in [Little, Big] {
        let offset = order.u64(100_u64.wrapping_neg());
        let file = [
            section(order),
            interface(order, 1, 128, &[(2, b"eth0"), (9, &[9])]),
            interface(order, 276, 0, &[(2, b"any\0\0"), (9, &[0x80 | 10]), (14, &offset), (13, &[4])]),
            interface(order, 113, 0, &[]),
            enhanced(order, 0, 1_700_000_000_000_000_001, 60, &DATA),
            enhanced(order, 1, 1024 * 1_700_000_100 + 512, 5, &DATA),
            enhanced(order, 2, 1_700_000_001_000_000, 5, &[1; 8]),
        ];
        let read = read(&file.concat());
        let told = read.packets.iter().map(|p| (p.nanos - 1_700_000_000_000_000_000, p.link, p.interface, p.fcs_len));
        let told: Vec<_> = told.collect();
        assert_eq!(told, [(1, 1, 0, 0), (500_000_000, 276, 1, 4), (1_000_000_000, 113, 2, 0)], "{order:?}");
        let names: Vec<_> = read.reader.interfaces().iter().map(|i| (i.name.as_deref(), i.snaplen)).collect();
        assert_eq!(names, [(Some("eth0"), 128), (Some("any"), 0), (None, 0)]);
        assert_eq!(read.reader.link_types(), [LinkType(1), LinkType(276), LinkType(113)]);
        assert_eq!(read.codes(), []);
    }
}

/// All resolutions through a whole file, against floor(ticks / ticks per second) in another arithmetic.
#[test]
fn every_resolution_of_pcapng_is_read() {
    for resolution in 0..=u8::MAX {
        let power = i32::from(resolution & 0x7f);
        let per_second = if resolution & 0x80 == 0 { 10_f64.powi(power) } else { 2_f64.powi(power) };
        // About 1000 seconds, where 64 bits can say that; a power of two, so that `f64` holds it.
        let ticks = (1000.0 * per_second).min(2_f64.powi(62)).max(1.0) as u64;
        let ticks = 1_u64 << ticks.ilog2();
        let file =
            [section(Little), interface(Little, 1, 0, &[(9, &[resolution])]), enhanced(Little, 0, ticks, 5, &DATA)];
        let read = read(&file.concat());
        let expected = ticks as f64 / per_second * 1e9;
        let found = read.packets[0].nanos as f64;
        assert!((found - expected).abs() <= 1.0 + expected * 1e-12, "{resolution:#x}: {found} is not {expected}");
    }
}

#[test]
fn a_time_beyond_2262_is_held_and_counted() {
    let file =
        [plain_ng(Little, [9]), enhanced(Little, 0, u64::MAX, 5, &DATA), enhanced(Little, 0, 10_000_000, 5, &DATA)];
    let read = read(&file.concat());
    assert_eq!(read.packets.iter().map(|p| p.nanos).collect::<Vec<_>>(), [9_000_000_000, i64::MAX, 10_000_000_000]);
    assert_eq!(read.codes(), [("time-out-of-range", 1)]);
}

#[test]
fn simple_and_obsolete_packets_are_read() {
    for order in [Little, Big] {
        let simple = [&order.u32(9)[..], &[7; 9]].concat();
        let simple_cut = [&order.u32(900)[..], &[7; 12]].concat();
        let words =
            [[&order.u16(0)[..], &order.u16(3)].concat(), [0, 11_000_000, 3, 70].map(|w| order.u32(w)).concat()];
        let obsolete = [words.concat(), vec![8, 8, 8]].concat();
        let file = [
            section(order),
            interface(order, 1, 12, &[]),
            enhanced(order, 0, 5_000_000, 5, &DATA),
            block(order, 3, &simple),
            block(order, 3, &simple_cut),
            block(order, 2, &obsolete),
        ];
        let read = read(&file.concat());
        let told: Vec<_> = read.packets.iter().map(|p| (p.nanos / 1_000_000, p.data.clone(), p.original_len)).collect();
        let expected =
            [(5_000, DATA.to_vec(), 5), (5_000, vec![7; 9], 9), (5_000, vec![7; 12], 900), (11_000, vec![8; 3], 70)];
        assert_eq!(told, expected, "{order:?}");
        assert_eq!(read.codes(), [("without-time", 2)]);
    }
}

#[test]
fn blocks_without_packets_are_passed_by_and_custom_ones_have_numbers() {
    let packet = |second: u64| enhanced(Little, 0, second * 1_000_000, 5, &DATA);
    let file = [
        section(Little),
        block(Little, 4, &[1; 33]),
        interface(Little, 1, 0, &[]),
        block(Little, 10, b"TLSKLOG-"),
        packet(1),
        block(Little, 0x7777_7777, &[]),
        packet(2),
        block(Little, 0xbad, &[0xd9, 0x7e, 0, 0, 1, 2]),
        block(Little, 9, b"MESSAGE=x"),
        packet(3),
    ];
    let read = read(&file.concat());
    assert_eq!(read.packets.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 2, 5]);
    assert_eq!(read.codes(), []);
}

#[test]
fn names_of_addresses_are_kept() {
    for order in [Little, Big] {
        let record = |kind, address: &[u8], names: &str| {
            let value = [address, names.as_bytes()].concat();
            let mut record = [&order.u16(kind)[..], &order.u16(value.len() as u16), &value].concat();
            record.resize(record.len().next_multiple_of(4), 0);
            record
        };
        let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        let records = [
            record(1, &[10, 0, 0, 5], "db.example\0other.example\0"),
            record(0x8000, &[1, 2], ""),
            record(2, &v6, "six.example\0"),
            record(1, &[10, 0, 0, 5], "later.example\0"),
            record(1, &[10, 0, 0], ""),
            record(0, &[], ""),
            record(1, &[10, 0, 0, 6], "behind-the-end\0"),
        ];
        let file = [section(order), interface(order, 1, 0, &[]), block(order, 4, &records.concat())];
        let read = read(&file.concat());
        let names: Vec<_> = read.reader.names().iter().map(|(address, name)| format!("{address} {name}")).collect();
        assert_eq!(names, ["10.0.0.5 db.example", "2001:db8::7 six.example"], "{order:?}");
        assert_eq!(read.codes(), []);
    }
    // A record that claims more than its block holds.
    let broken = [&Little.u16(1)[..], &Little.u16(500), &[10, 0, 0, 5]].concat();
    let read = read(&[section(Little), block(Little, 4, &broken)].concat());
    assert_eq!(read.reader.names().iter().count(), 0);
}

#[test]
fn sections_have_interfaces_and_byte_orders_of_their_own() {
    let section = |order, link, second: u64| {
        [section(order), interface(order, link, 0, &[]), enhanced(order, 0, second * 1_000_000, 5, &DATA)].concat()
    };
    let file = [section(Little, 1, 1), section(Big, 113, 2), section(Little, 101, 3)].concat();
    let read = read(&file);
    let told: Vec<_> = read.packets.iter().map(|p| (p.link, p.interface, p.nanos / 1_000_000_000)).collect();
    assert_eq!(told, [(1, 0, 1), (113, 1, 2), (101, 2, 3)]);
    assert_eq!(read.codes(), []);
}

#[test]
fn drops_that_the_capture_admits_are_told() {
    for order in [Little, Big] {
        let statistics = |interface, drops: &[(u16, &[u8])]| {
            let words = [interface, 0, 0].map(|word| order.u32(word)).concat();
            block(order, 5, &[words, options(order, drops)].concat())
        };
        let file = [
            section(order),
            interface(order, 1, 0, &[(2, b"eth0")]),
            interface(order, 1, 0, &[(2, b"eth1")]),
            statistics(0, &[(4, &order.u64(100)), (5, &order.u64(2))]),
            statistics(0, &[(5, &order.u64(17)), (7, &order.u64(3))]),
            statistics(1, &[(4, &order.u64(100)), (5, &order.u64(0))]),
        ];
        let read = read(&file.concat());
        let interfaces: Vec<_> = read.reader.interfaces().iter().map(|i: &Interface| i.dropped).collect();
        assert_eq!(interfaces, [Some(20), Some(0)]);
        assert_eq!(read.codes(), [("capture-drops", 20)]);
        assert!(read.quality[0].note.contains("eth0 dropped 20"), "{}", read.quality[0].note);
    }
}

#[test]
fn block_lengths_without_their_padding_are_understood() {
    let mut odd = enhanced(Little, 0, 1_000_000, 5, &DATA);
    let (len, end) = ((odd.len() as u32 - 3).to_le_bytes(), odd.len());
    odd[4..8].copy_from_slice(&len);
    odd[end - 4..].copy_from_slice(&len);
    let file = [plain_ng(Little, []), odd, enhanced(Little, 0, 2_000_000, 5, &DATA)].concat();
    assert_eq!(read(&file).seconds(), [1, 2]);
}

#[test]
fn a_block_larger_than_the_buffer_is_read() {
    let secrets = block(Little, 10, &vec![b's'; 700_000]);
    let file = [plain_ng(Little, [1]), secrets, enhanced(Little, 0, 2_000_000, 200_000, &[3; 200_000])].concat();
    for piece in [usize::MAX, 100_000, 4_096] {
        let read = read_in(&file, piece);
        assert_eq!(read.seconds(), [1, 2]);
        assert_eq!(read.packets[1].data.len(), 200_000);
    }
}

#[test]
fn snoop_is_read() {
    for (datalink, link) in [(0, 1), (4, 1), (8, 10), (26, 242)] {
        let records = [snoop_record(1_700_000_000, 250, 99, 0, &DATA), snoop_record(1_700_000_001, 0, 5, 3, &DATA)];
        let read = read(&[snoop(datalink), records.concat()].concat());
        let expected = Packet {
            number: 1,
            nanos: 1_700_000_000_000_250_000,
            link,
            interface: 0,
            data: DATA.to_vec(),
            original_len: 99,
            fcs_len: 0,
        };
        assert_eq!(read.packets[0], expected);
        assert_eq!(read.seconds(), [1_700_000_000, 1_700_000_001]);
        assert_eq!(read.codes(), [("capture-drops", 3)]);
    }
    let error = |file: &[u8]| read(file).error.map(|error| error.to_string()).unwrap_or_default();
    assert!(error(&snoop(9)).contains("snoop datalink type 9 is not read"));
    assert!(error(b"snoop\0\0\0\0\0\0\x03\0\0\0\x04").contains("snoop version 3 is not known"));
    assert!(error(b"snoop says hello to everybody").contains("text"));
}
