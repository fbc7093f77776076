//! A capture read piece by piece: the packets are those of the analysis, and of whole pcapng no byte is missing.

use handshark::capture::{Captures, LinkType, Piece, Pieces};
use handshark::{CaptureError, Limits};

use crate::build::*;
use crate::files::Folder;

/// All that a file gave.
#[derive(Debug, Default)]
struct Copied {
    packets: Vec<Packet>,
    /// The bytes of all blocks, one after the other.
    blocks: Vec<u8>,
    /// Link type, snap length and nanoseconds of file headers, with the packets before them.
    headers: Vec<(u16, u32, bool, usize)>,
    /// Packets before each block that has a number and is none.
    numbered: Vec<usize>,
    dropped: Vec<Option<u64>>,
}

fn copied(file: &[u8]) -> Result<Copied, CaptureError> {
    let folder = Folder::new();
    let mut pieces = Pieces::open(&folder.write("in", file), &Limits::default())?;
    let mut copied = Copied::default();
    while let Some(piece) = pieces.next_piece()? {
        match piece {
            Piece::Header(header) => {
                let LinkType(link) = header.link;
                copied.headers.push((link, header.snaplen, header.nanoseconds, copied.packets.len()));
            }
            Piece::Block { block, numbered } => {
                copied.blocks.extend_from_slice(block.bytes);
                if numbered {
                    copied.numbered.push(copied.packets.len());
                }
            }
            Piece::Packet { frame, block } => {
                copied.blocks.extend(block.iter().flat_map(|block| block.bytes));
                copied.packets.push(Packet::from(frame));
            }
        }
    }
    copied.dropped = pieces.interfaces().iter().map(|interface| interface.dropped).collect();
    Ok(copied)
}

/// What the analysis reads of the same file.
fn analysed(file: &[u8]) -> Vec<Packet> {
    let folder = Folder::new();
    let mut captures = Captures::open(&[folder.write("in", file)], &Limits::default()).expect("a capture");
    let mut packets = Vec::new();
    while let Some(frame) = captures.next_frame().expect("a capture") {
        packets.push(Packet::from(frame));
    }
    packets
}

/// Every kind of block, in this order.
fn rich(order: Order) -> Vec<u8> {
    [
        section(order),
        interface(order, 1, 0, &[(2, b"eth0")]),
        block(order, 10, b"TLSK\x04\0\0\0keys"),
        enhanced(order, 0, 1_000_000, 60, &[1; 41]),
        block(order, 0xbad, &[0; 40]),
        block(order, 4, &[0; 4]),
        block(order, 3, &[&order.u32(4)[..], &[9; 4]].concat()),
        enhanced(order, 0, 2_000_000, 60, &[2; 60]),
        block(order, 5, &[0; 12]),
        block(order, 0x8000_0001, &[7; 20]),
    ]
    .concat()
}

#[test]
fn of_whole_pcapng_every_byte_comes_back() {
    for file in [rich(Little), rich(Big), [rich(Big), rich(Little)].concat()] {
        let copied = copied(&file).expect("a capture");
        assert_eq!(copied.blocks, file);
        assert_eq!(copied.packets, analysed(&file));
        assert_eq!((copied.numbered[0], copied.packets[1].number), (1, 3), "the custom block is number 2");
        assert!(copied.headers.is_empty());
    }
}

#[test]
fn packets_are_those_of_the_analysis_whatever_the_file_is() {
    let mut lie = [plain(1..30), vec![0xff; 300], plain(30..60)].concat();
    lie.truncate(lie.len() - 5);
    let files = [
        plain([1, 2, 3]),
        plain_snoop(1..20),
        plain_ng(Big, 1..2_000),
        lie,
        [plain_ng(Little, 1..5), vec![0; 64], plain_ng(Little, 5..9)].concat(),
        [b"tcpdump: listening on any\n".to_vec(), plain([1, 2])].concat(),
        [plain([1]), plain_ng(Little, [2, 3]), plain_snoop([4]), plain([5])].concat(),
    ];
    for (index, file) in files.iter().enumerate() {
        let copied = copied(file).expect("a capture");
        assert_eq!(copied.packets, analysed(file), "file {index}");
        for cut in [file.len() / 2, file.len() - 1] {
            let Ok(copied) = super::copy::copied(&file[..cut]) else { continue };
            assert_eq!(copied.packets, analysed(&file[..cut]), "file {index}, {cut} bytes");
        }
    }
}

#[test]
fn file_headers_are_told_where_they_stand() {
    let nanos = [pcap(Big, 0xa1b2_3c4d, 113), record(Big, 3, 9, 4, &[1; 4])].concat();
    let snoop = [snoop(4), snoop_record(4, 7, 60, 17, &[3; 60])].concat();
    let file = [plain([1, 2]), nanos, snoop, plain_ng(Little, [4])].concat();
    let copied = copied(&file).expect("a capture");
    assert_eq!(copied.headers, [(1, 65_535, false, 0), (113, 65_535, true, 2), (1, 0, false, 3)]);
    assert_eq!(copied.blocks, plain_ng(Little, [4]));
    assert_eq!(copied.dropped, [None, None, Some(17), None]);
}

#[test]
fn malformed_blocks_are_passed_by_and_what_is_no_capture_is_said() {
    let unknown_interface = enhanced(Little, 7, 3_000_000, 4, &[1; 4]);
    let file = [plain_ng(Little, [1]), unknown_interface, enhanced(Little, 0, 4_000_000, 4, &[1; 4])].concat();
    let copied = copied(&file).expect("a capture");
    assert_eq!(copied.packets, analysed(&file));
    assert_eq!(copied.packets.len(), 2);
    assert_eq!(copied.blocks.len(), file.len() - 36);
    let said = super::copy::copied(b"GET / HTTP/1.1\r\n\r\n").expect_err("no capture").to_string();
    assert!(said.contains("not a packet capture") && said.contains("/in: "), "{said}");
}
