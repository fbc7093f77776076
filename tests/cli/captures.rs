//! Small captures, byte by byte: Ethernet, IPv4, TCP.

pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const FIN: u8 = 0x01;

/// One packet of a connection between `10.0.0.1:PORT` and `10.0.0.2:443`.
pub(crate) struct Packet<'a> {
    pub(crate) millis: u32,
    pub(crate) client_port: u16,
    pub(crate) from_client: bool,
    pub(crate) flags: u8,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) payload: &'a [u8],
}

/// A pcap file with microseconds.
pub(crate) fn pcap(packets: &[Packet<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0]);
    file.extend([0; 8]);
    file.extend(262_144_u32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for packet in packets {
        let frame = frame(packet);
        let (seconds, micros) = (1_795_257_241 + packet.millis / 1_000, packet.millis % 1_000 * 1_000);
        let length = u32::try_from(frame.len()).expect("small frames");
        for field in [seconds, micros, length, length] {
            file.extend(field.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

fn frame(packet: &Packet<'_>) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let (source, destination) = if packet.from_client { (client, server) } else { (server, client) };
    let (from, to) = if packet.from_client { (packet.client_port, 443) } else { (443, packet.client_port) };
    let length = u16::try_from(40 + packet.payload.len()).expect("small packets");
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
    frame.extend([0x45, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
    frame.extend(source);
    frame.extend(destination);
    frame.extend(from.to_be_bytes());
    frame.extend(to.to_be_bytes());
    frame.extend(packet.seq.to_be_bytes());
    frame.extend(packet.ack.to_be_bytes());
    let window: u16 = if packet.flags & RST > 0 { 0 } else { 64_240 };
    frame.extend([0x50, packet.flags]);
    frame.extend(window.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(packet.payload);
    frame
}

/// Shorthand: a packet without payload.
fn bare(millis: u32, client_port: u16, from_client: bool, flags: u8, seq: u32, ack: u32) -> Packet<'static> {
    Packet { millis, client_port, from_client, flags, seq, ack, payload: b"" }
}

/// Two connections: one is refused, one opens, sends a ClientHello without SNI and is closed by the server at once.
pub(crate) fn refused_and_without_sni() -> Vec<u8> {
    let hello = client_hello();
    let after = 1_001 + u32::try_from(hello.len()).expect("a small hello");
    let hello = Packet {
        millis: 1_020,
        client_port: 40_001,
        from_client: true,
        flags: ACK,
        seq: 1_001,
        ack: 5_001,
        payload: &hello,
    };
    pcap(&[
        bare(0, 40_000, true, SYN, 100, 0),
        bare(1, 40_000, false, RST | ACK, 0, 101),
        bare(1_000, 40_001, true, SYN, 1_000, 0),
        bare(1_010, 40_001, false, SYN | ACK, 5_000, 1_001),
        bare(1_011, 40_001, true, ACK, 1_001, 5_001),
        hello,
        bare(1_030, 40_001, false, ACK, 5_001, after),
        bare(1_040, 40_001, false, FIN | ACK, 5_001, after),
        bare(1_050, 40_001, true, FIN | ACK, after, 5_002),
        bare(1_060, 40_001, false, ACK, 5_002, after + 1),
    ])
}

/// A TLS 1.2 ClientHello in one record, with supported_groups and without server_name.
fn client_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0); // session identifier
    body.extend([0, 4, 0xc0, 0x2f, 0x00, 0x9c]);
    body.extend([1, 0]); // compression
    body.extend([0, 8, 0, 10, 0, 4, 0, 2, 0, 29]); // extensions: supported_groups x25519
    let length = u8::try_from(body.len()).expect("a small hello");
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(body);
    record
}
