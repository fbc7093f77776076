//! Packets that another library wrote, read here.

use etherparse::{PacketBuilder, TcpOptionElement};
use proptest::prelude::*;

use super::{decoder, frame, roads_agree};
use crate::net::Decoded;

proptest! {
    #[test]
    fn what_etherparse_writes_is_read(
        (v6, vlan) in (any::<bool>(), prop::option::of(1u16..4095)),
        (ports, seq, ack) in (any::<(u16, u16)>(), any::<u32>(), any::<u32>()),
        (window, ttl, flags) in (any::<u16>(), any::<u8>(), 0u8..32),
        (mss, shift, stamps, sack) in
            (prop::option::of(any::<u16>()), prop::option::of(0u8..15), prop::option::of(any::<(u32, u32)>()), any::<bool>()),
        payload in prop::collection::vec(any::<u8>(), 0..64),
        padding in 0usize..8,
    ) {
        let mut options = Vec::new();
        options.extend(mss.map(TcpOptionElement::MaximumSegmentSize));
        options.extend(shift.map(TcpOptionElement::WindowScale));
        options.extend(stamps.map(|(value, echo)| TcpOptionElement::Timestamp(value, echo)));
        options.extend(sack.then_some(TcpOptionElement::SelectiveAcknowledgementPermitted));

        let link = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let source4 = [192, 0, 2, 1];
        let source6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let ip = match (vlan, v6) {
            (None, false) => link.ipv4(source4, [192, 0, 2, 2], ttl),
            (None, true) => link.ipv6(source6, [0xfe; 16], ttl),
            (Some(id), false) => link.single_vlan(id.try_into().unwrap()).ipv4(source4, [192, 0, 2, 2], ttl),
            (Some(id), true) => link.single_vlan(id.try_into().unwrap()).ipv6(source6, [0xfe; 16], ttl),
        };
        let mut tcp = ip.tcp(ports.0, ports.1, seq, window);
        if flags & 1 != 0 { tcp = tcp.fin(); }
        if flags & 2 != 0 { tcp = tcp.syn(); }
        if flags & 4 != 0 { tcp = tcp.rst(); }
        if flags & 8 != 0 { tcp = tcp.psh(); }
        if flags & 16 != 0 { tcp = tcp.ack(ack); }
        let mut data = Vec::new();
        tcp.options(&options).unwrap().write(&mut data, &payload).unwrap();
        data.resize(data.len() + padding, 0);

        let mut decoder = decoder();
        let frame = frame(1, &data);
        prop_assert_eq!(roads_agree(&frame), vlan.is_none());
        let Decoded::Tcp(segment) = decoder.decode(&frame) else { panic!("no segment") };
        prop_assert_eq!((segment.tuple.source.port, segment.tuple.destination.port), ports);
        prop_assert_eq!(segment.tuple.source.address.is_ipv6(), v6);
        prop_assert_eq!((segment.seq.0, segment.window, segment.ttl, segment.flags.0), (seq, window, ttl, flags));
        prop_assert_eq!(segment.ack.0, if flags & 16 != 0 { ack } else { 0 });
        prop_assert_eq!(segment.payload, &payload[..]);
        prop_assert_eq!(segment.payload_len as usize, payload.len());
        prop_assert_eq!((segment.options.mss, segment.options.window_scale), (mss, shift));
        prop_assert_eq!((segment.options.timestamps, segment.options.sack_permitted), (stamps, sack));
        prop_assert_eq!(segment.options.any, !options.is_empty());
        prop_assert_eq!(segment.place.vlan, vlan);
    }
}
