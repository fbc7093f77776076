//! One capture file with all that is in it, to be written again: packets, file headers, and blocks without packets.
//!
//! In: a file that is whole on disk. Out: [`Piece`]s, in their order. Packets have the numbers that [`Captures`](super::Captures)
//! gives them, and what is damaged is passed by in the same places.

use std::path::Path;

use super::bytes::Order;
use super::frame::{Frame, InterfaceId, Interfaces, LinkType};
use super::open::Source;
use crate::{CaptureError, Limits};

/// A capture file, read piece by piece.
///
/// ```no_run
/// use handshark::{Limits, capture::{Piece, Pieces}};
///
/// # fn main() -> Result<(), handshark::CaptureError> {
/// let mut pieces = Pieces::open("capture.pcapng".as_ref(), &Limits::default())?;
/// while let Some(piece) = pieces.next_piece()? {
///     if let Piece::Packet { frame, block } = piece {
///         println!("{}: {} bytes in {:?}", frame.number, frame.data.len(), block.map(|block| block.bytes.len()));
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pieces {
    source: Source,
}

/// What stands in a capture, one after the other.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// The file header of pcap or snoop; packets that follow have no blocks.
    Header(FileHeader),
    /// A block of pcapng without a packet: section header, interface, names, secrets, or any other.
    Block {
        /// The block.
        block: Block<'a>,
        /// Whether Wireshark gives it a packet number all the same.
        numbered: bool,
    },
    /// A packet.
    Packet {
        /// As the analysis sees it.
        frame: Frame<'a>,
        /// The block that holds it; `None` in pcap and snoop.
        block: Option<Block<'a>>,
    },
}

/// A block of pcapng, from its type to its second length, and with padding where the length forgets it.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The byte order of its section.
    pub order: Order,
}

/// What the file header of pcap or snoop says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The byte order of the file.
    pub order: Order,
    /// How packets begin.
    pub link: LinkType,
    /// The one interface of the packets that follow.
    pub interface: InterfaceId,
    /// Bytes kept of each packet; 0 means all.
    pub snaplen: u32,
    /// Bytes of frame check sequence at the end of each packet.
    pub fcs_len: u8,
    /// Whether times have nanoseconds; else microseconds.
    pub nanoseconds: bool,
}

impl Pieces {
    /// Opens a file.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, CaptureError> {
        Ok(Self { source: Source::file(path, limits)? })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The file is no capture, or the operating system refuses to read even its beginning. Refused later, what came before is
    /// given, as in an analysis.
    pub fn next_piece(&mut self) -> Result<Option<Piece<'_>>, CaptureError> {
        let found = loop {
            let Source { path, reader, .. } = &mut self.source;
            match reader.find_piece() {
                Ok(Some(found)) => break found,
                Ok(None) if reader.is_finished() => return Ok(None),
                Ok(None) => {}
                Err(error) => return Err(error.about(path.as_deref())),
            }
            let filled = self.source.fill();
            if self.source.reader.packets() == 0 {
                filled?;
            }
        };
        Ok(Some(self.source.reader.give_piece(found)))
    }

    /// Interfaces declared so far, with the drops that are known of so far.
    pub fn interfaces(&self) -> &Interfaces {
        self.source.reader.interfaces()
    }

    /// Bytes read so far, compressed where the file is.
    pub fn bytes_read(&self) -> u64 {
        self.source.reader.bytes_read()
    }

    /// Size of the file.
    pub fn total_bytes(&self) -> Option<u64> {
        self.source.size
    }
}
