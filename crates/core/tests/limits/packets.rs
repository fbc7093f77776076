//! Small captures of raw IPv4, byte by byte.

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

/// A capture that grows by a packet each millisecond. The client is `10.0.0.1`, the server `10.0.0.2:443`; a connection is
/// named by the client's port.
pub(crate) struct Pcap {
    bytes: Vec<u8>,
    packets: u32,
}

impl Default for Pcap {
    fn default() -> Self {
        let mut bytes = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0]);
        Self { bytes, packets: 0 }
    }
}

impl Pcap {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same file with another length in its header.
    pub(crate) fn with_snaplen(mut self, snaplen: u32) -> Self {
        self.bytes[16..20].copy_from_slice(&snaplen.to_le_bytes());
        self
    }

    /// SYN, SYN/ACK and ACK: the client's payload begins at 101, the server's at 501.
    pub(crate) fn open(&mut self, port: u16) {
        self.client(port, SYN, 100, b"");
        self.server(port, SYN | ACK, 500, b"");
        self.client(port, ACK, 101, b"");
    }

    /// A SYN that a port of the server refuses.
    pub(crate) fn refused_by(&mut self, port: u16, server_port: u16) {
        self.push(&ip(6, 0, [10, 0, 0, 1], [10, 0, 0, 2], &tcp(40_000 + port, server_port, SYN, 100, 0, b"")));
        self.push(&ip(6, 0, [10, 0, 0, 2], [10, 0, 0, 1], &tcp(server_port, 40_000 + port, RST | ACK, 0, 101, b"")));
    }

    pub(crate) fn client(&mut self, port: u16, flags: u8, seq: u32, payload: &[u8]) {
        let ack = if flags & ACK > 0 { 501 } else { 0 };
        self.push(&ip(6, 0, [10, 0, 0, 1], [10, 0, 0, 2], &tcp(port, 443, flags, seq, ack, payload)));
    }

    pub(crate) fn server(&mut self, port: u16, flags: u8, seq: u32, payload: &[u8]) {
        self.push(&ip(6, 0, [10, 0, 0, 2], [10, 0, 0, 1], &tcp(443, port, flags, seq, 101, payload)));
    }

    /// The first fragment of a packet whose other ones never come.
    pub(crate) fn first_fragment(&mut self, id: u8, payload: &[u8]) {
        let mut packet = ip(6, 0x20, [10, 0, 0, 1], [10, 0, 0, 2], payload);
        packet[5] = id;
        self.push(&packet);
    }

    /// A SYN in so many IPv4 headers.
    pub(crate) fn tunnelled(&mut self, headers: usize) {
        let syn = ip(6, 0, [10, 0, 0, 1], [10, 0, 0, 2], &tcp(1, 443, SYN, 100, 0, b""));
        let packet = (1..headers).fold(syn, |inner, _| ip(4, 0, [10, 0, 0, 1], [10, 0, 0, 2], &inner));
        self.push(&packet);
    }

    fn push(&mut self, packet: &[u8]) {
        self.packets += 1;
        let length = packet.len() as u32;
        for field in [1_795_257_241, self.packets * 1_000, length, length] {
            self.bytes.extend(field.to_le_bytes());
        }
        self.bytes.extend(packet);
    }
}

fn ip(protocol: u8, flags: u8, source: [u8; 4], destination: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 1, flags, 0, 64, protocol, 0, 0];
    packet.extend(source);
    packet.extend(destination);
    packet.extend(payload);
    packet
}

fn tcp(from: u16, to: u16, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}
