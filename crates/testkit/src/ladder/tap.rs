//! What the capture sees of the packets: order, filters, twins, and the mark of its end.

use std::net::SocketAddr;

use super::play::{Body, Packet};
use super::script::{Settings, Side, Twin};
use super::words::{LadderError, Place};
use crate::packets::{Flags, UdpPacket, bystander};

/// The second copy of a packet comes this much later.
const TWIN_DELAY_NS: i64 = 15_000;

/// Marks what is not captured, adds twins and the end, and sorts by time.
pub(super) fn watch(settings: &Settings, packets: Vec<Packet>) -> Result<Vec<Packet>, LadderError> {
    let mut seen = Vec::with_capacity(packets.len());
    for mut packet in packets {
        packet.captured &= captured(settings, &packet);
        let twin = settings.twin.or_else(|| packet.twin.then_some(Twin::Identical)).map(|twin| second(&packet, twin));
        seen.push(packet);
        seen.extend(twin);
    }
    seen.sort_by_key(|packet| packet.at_ns);
    if let Some((at_ns, place)) = &settings.end {
        if let Some(last) = seen.last().filter(|last| last.at_ns > *at_ns) {
            let seconds = last.at_ns as f64 / 1e9;
            return Err(place.error(format!("a time not before {seconds}, the last packet's")));
        }
        seen.push(end(*at_ns, place));
    }
    Ok(seen)
}

fn captured(settings: &Settings, packet: &Packet) -> bool {
    let dropped = settings
        .drop
        .iter()
        .any(|(connection, side)| *side == packet.side && connection.is_none_or(|number| number == packet.number));
    let filtered = settings.only_syn_fin_rst
        && match &packet.body {
            Body::Tcp(tcp) => !(tcp.flags.has(Flags::SYN) || tcp.flags.has(Flags::FIN) || tcp.flags.has(Flags::RST)),
            Body::Other(_) => true,
        };
    let too_early = settings.from_ns.is_some_and(|from_ns| packet.at_ns < from_ns);
    !dropped && !filtered && !too_early
}

fn second(packet: &Packet, twin: Twin) -> Packet {
    let mut copy = packet.clone();
    copy.at_ns += TWIN_DELAY_NS;
    copy.place.text.push_str(", twin");
    if twin == Twin::Forwarded {
        copy.interface += 1;
        copy.outgoing = !packet.outgoing;
        if let Body::Tcp(tcp) = &mut copy.body {
            tcp.ttl_hops = tcp.ttl_hops.saturating_sub(1);
        }
    }
    copy
}

/// One datagram between other hosts, so that the capture is seen to last until then.
fn end(at_ns: i64, place: &Place) -> Packet {
    let datagram = UdpPacket {
        source: SocketAddr::new(bystander(false, 1), 5_353),
        destination: SocketAddr::new(bystander(false, 2), 5_353),
        payload: b"the end".to_vec(),
    };
    Packet {
        at_ns,
        connection: "-".to_owned(),
        number: 0,
        side: Side::Client,
        body: Body::Other(datagram.ip_bytes()),
        interface: 0,
        outgoing: false,
        captured: true,
        twin: false,
        place: Place { text: "end of capture".to_owned(), ..place.clone() },
        note: "UDP between other hosts".to_owned(),
    }
}
