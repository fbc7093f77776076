//! Packets as a capture file, and as a list for people.

use std::fmt::Write;

use super::play::Packet;
use super::script::{Format, Settings};
use crate::packets::Crossing;
use crate::writers::{Order, Pcap, Pcapng};

/// The ladder's zero: 2023-11-14 22:13:20 UTC.
const ZERO_NS: i64 = 1_700_000_000_000_000_000;

/// The capture file of the packets that were captured.
pub(super) fn capture(settings: &Settings, packets: &[Packet]) -> Vec<u8> {
    let format = match settings.format {
        Some(format) => format,
        None if settings.interfaces.is_empty() => Format::Pcap,
        None => Format::Pcapng,
    };
    let frames = packets.iter().filter(|packet| packet.captured).map(|packet| {
        let interface = u32::try_from(packet.interface).expect("few interfaces");
        let crossing = Crossing { interface: interface + 1, outgoing: packet.outgoing };
        (interface, ZERO_NS + packet.at_ns, settings.link.frame(&packet.body.ip_bytes(), crossing))
    });
    let snaplen = usize::try_from(settings.snaplen).unwrap_or(usize::MAX);
    let kept = |frame: &[u8]| frame.len().min(snaplen);
    if format == Format::Pcapng {
        let mut file = Pcapng::new(Order::Little);
        let highest = packets.iter().map(|packet| packet.interface).max().unwrap_or(0);
        for index in 0..settings.interfaces.len().max(highest + 1) {
            file.interface(
                settings.link,
                settings.snaplen,
                settings.interfaces.get(index).map(String::as_str),
                Some(9),
            );
        }
        for (interface, at_ns, frame) in frames {
            file.packet(interface, at_ns, &frame[..kept(&frame)], frame.len());
        }
        return file.into_bytes();
    }
    let order = if format == Format::PcapBig { Order::Big } else { Order::Little };
    let nanoseconds = format == Format::PcapNanoseconds;
    let mut file = Pcap::with(order, nanoseconds, u32::from(settings.link.number()), settings.snaplen);
    for (_, at_ns, frame) in frames {
        file.packet(at_ns, &frame[..kept(&frame)], frame.len());
    }
    file.into_bytes()
}

/// One line for each packet.
pub(super) fn listing(packets: &[Packet]) -> String {
    let mut text = String::new();
    let mut number = 0;
    for packet in packets {
        let shown = if packet.captured {
            number += 1;
            format!("#{number}")
        } else {
            "unseen".to_owned()
        };
        let seconds = packet.at_ns as f64 / 1e9;
        let Packet { connection, side, place, note, body, .. } = packet;
        let (side, ttl) = (side.letter(), body.ttl());
        let said = format!("(line {}: {})", place.line, place.text);
        writeln!(text, "{shown:>7} {seconds:>12.6}  {connection:>6} {side}  {note}{ttl}  {said}")
            .expect("a String takes all");
    }
    text
}
