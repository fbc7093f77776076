use handshark::capture::{InterfaceId, LinkType};
use handshark::types::PacketNo;

use super::*;

fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let len = u32_of(order, body.len() as u32 + 12);
    [&u32_of(order, kind)[..], &len, body, &len].concat()
}

fn packet_body(order: Order, data: &[u8], options: &[u8]) -> Vec<u8> {
    let len = data.len() as u32;
    let mut body = [0, 1, 2, len, len].map(|word| u32_of(order, word)).concat();
    body.extend_from_slice(data);
    pad(&mut body);
    body.extend_from_slice(options);
    body
}

fn frame(data: &[u8]) -> Frame<'_> {
    Frame {
        number: PacketNo::FIRST,
        time: Timestamp::from_nanos(1_795_257_241_123_456_789),
        link: LinkType::ETHERNET,
        interface: InterfaceId(0),
        data,
        original_len: 1_500,
        fcs_len: 0,
    }
}

fn options(order: Order, all: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    all.iter().for_each(|(code, value)| option(&mut out, order, *code, value));
    out
}

fn written(packet: &[u8], order: Order, data: &[u8], comments: &[&str]) -> (Vec<u8>, Commented) {
    let mut writer = Writer::new(Vec::new(), String::new());
    let comments: Vec<String> = comments.iter().map(|text| (*text).to_owned()).collect();
    let block = Block { bytes: packet, order };
    let commented = writer.packet(&frame(data), Some(block), &comments).expect("memory");
    (writer.out().clone(), commented)
}

#[test]
fn comments_stand_before_the_options_that_were_there() {
    for order in [Order::Little, Order::Big] {
        for kind in [PACKET, ENHANCED_PACKET] {
            let theirs = options(order, &[(2, &[1; 4]), (OPTION_COMMENT, b"theirs"), (OPTION_END, &[])]);
            let before = block(order, kind, &packet_body(order, &[7; 5], &theirs));
            let ours = options(order, &[(OPTION_COMMENT, b"one"), (OPTION_COMMENT, "zwölf".as_bytes())]);
            let after = block(order, kind, &packet_body(order, &[7; 5], &[ours, theirs].concat()));
            assert_eq!(written(&before, order, &[7; 5], &["one", "zwölf"]), (after, Commented::Yes));
            assert_eq!(written(&before, order, &[7; 5], &[]), (before, Commented::Yes));
        }
    }
}

#[test]
fn options_get_an_end_where_it_is_missing_and_broken_ones_stay_as_they_are() {
    let order = Order::Little;
    let comment = options(order, &[(OPTION_COMMENT, b"one")]);
    let end = options(order, &[(OPTION_END, &[])]);
    let open = options(order, &[(2, &[1; 4])]);
    let broken = [9, 0, 0xff, 0xff, 6, 0, 0, 0];
    for (theirs, expected) in [
        (vec![], [&comment[..], &end].concat()),
        (end.clone(), [&comment[..], &end].concat()),
        (open.clone(), [&comment[..], &open, &end].concat()),
        (broken.to_vec(), [&comment[..], &broken].concat()),
    ] {
        let before = block(order, ENHANCED_PACKET, &packet_body(order, &[7; 4], &theirs));
        let after = block(order, ENHANCED_PACKET, &packet_body(order, &[7; 4], &expected));
        assert_eq!(written(&before, order, &[7; 4], &["one"]), (after, Commented::Yes), "{theirs:?}");
    }
}

#[test]
fn a_block_without_options_or_without_room_is_left_as_it_is() {
    let order = Order::Big;
    let simple = block(order, 3, &[0, 0, 0, 4, 7, 7, 7, 7]);
    assert_eq!(written(&simple, order, &[7; 4], &["one"]), (simple, Commented::No));
    let huge = options(order, &[(2_988, &[0; 65_532])]).repeat(255);
    let full = block(order, ENHANCED_PACKET, &packet_body(order, &[7; 4], &huge));
    assert!(full.len() < MAX_BLOCK);
    let long = "x".repeat(MAX_COMMENT);
    let many: Vec<&str> = (0..20).map(|_| long.as_str()).collect();
    let (bytes, commented) = written(&full, order, &[7; 4], &many);
    assert_eq!((bytes.len(), commented), (full.len(), Commented::No));
    assert_eq!(written(&full, order, &[7; 4], &["one"]).1, Commented::Yes);
}

#[test]
fn a_section_no_longer_says_how_long_it_is_and_the_first_tells_of_the_file() {
    for order in [Order::Little, Order::Big] {
        let body = |length: [u8; 8], options: &[u8]| {
            [&u32_of(order, 0x1a2b_3c4d)[..], &u16_of(order, 1), &u16_of(order, 0), &length, options].concat()
        };
        let theirs = options(order, &[(4, b"dumpcap"), (OPTION_END, &[])]);
        let section = block(order, SECTION_HEADER, &body([0, 0, 0, 0, 0, 0, 1, 0], &theirs));
        let mut writer = Writer::new(Vec::new(), "about".to_owned());
        for _ in 0..2 {
            writer.block(Block { bytes: &section, order }).expect("memory");
        }
        let ours = options(order, &[(OPTION_COMMENT, b"about")]);
        let first = block(order, SECTION_HEADER, &body([0xff; 8], &[&ours[..], &theirs].concat()));
        let second = block(order, SECTION_HEADER, &body([0xff; 8], &theirs));
        assert_eq!(*writer.out(), [first, second].concat());
    }
}

#[test]
fn what_was_no_pcapng_keeps_its_order_times_and_lengths() {
    for (order, nanoseconds) in [(Order::Little, true), (Order::Big, false)] {
        let link = LinkType(113);
        let header = FileHeader { order, link, interface: InterfaceId(0), snaplen: 96, fcs_len: 4, nanoseconds };
        let mut writer = Writer::new(Vec::new(), "about".to_owned());
        writer.header(header).expect("memory");
        let comments = ["one".to_owned()];
        assert_eq!(writer.packet(&frame(&[7; 5]), None, &comments).expect("memory"), Commented::Yes);
        writer.drops(17).expect("memory");
        let bytes = writer.out().clone();
        let mut reader = handshark::capture::Reader::new(&handshark::Limits::default());
        assert_eq!(reader.push(&bytes), bytes.len());
        reader.end();
        let frame = reader.next_frame().expect("a capture").expect("a packet");
        let nanos = if nanoseconds { 1_795_257_241_123_456_789 } else { 1_795_257_241_123_456_000 };
        assert_eq!((frame.time.as_nanos(), frame.link, frame.data), (nanos, link, &[7; 5][..]));
        assert_eq!((frame.original_len, frame.fcs_len), (1_500, 4));
        assert!(reader.next_frame().expect("a capture").is_none());
        let interface = reader.interfaces().iter().next().expect("an interface");
        assert_eq!((interface.snaplen, interface.dropped), (96, Some(17)));
        assert!(reader.quality().iter().all(|quality| quality.code == "capture-drops"), "{:?}", reader.quality());
    }
}

#[test]
fn a_long_comment_is_cut_between_characters() {
    for (pad, kept) in [(0, 3_996), (1, 3_997)] {
        let long = format!("{}{}", "x".repeat(pad), "ü".repeat(3_000));
        let cut = cut(&long);
        assert_eq!((cut.len(), cut.ends_with("ü…")), (kept + "…".len(), true), "{pad}");
    }
    assert_eq!(cut("short"), "short");
}
