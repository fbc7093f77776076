//! Linux netfilter log: attributes, one of which holds the packet.

use crate::net::{Header, Piece, Skip, Step, Walk};

/// `NFULA_PAYLOAD` of `linux/netfilter/nfnetlink_log.h`.
const PAYLOAD: u16 = 9;

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[family, version, _, _], mut rest) = piece.split()?;
    if version != 0 {
        return Err(Skip::Malformed);
    }
    loop {
        let (&[l1, l2, t1, t2], value) = rest.split()?;
        // The byte order is that of the host that captured. A length is at least 4, and the type is a small number.
        let (len, kind) = match [t1, t2] {
            [0, _] => (u16::from_be_bytes([l1, l2]), u16::from_be_bytes([t1, t2])),
            _ => (u16::from_le_bytes([l1, l2]), u16::from_le_bytes([t1, t2])),
        };
        let len = usize::from(len);
        if len < 4 {
            return Err(Skip::Malformed);
        }
        if kind & 0x7fff == PAYLOAD {
            let packet = value.with_wire_len(len - 4);
            return match family {
                2 | 10 => Ok((Header::Ip, packet)),
                _ => Err(Skip::NotIp),
            };
        }
        // Attributes are padded to 4 bytes.
        rest = rest.after(len.next_multiple_of(4))?;
    }
}
