//! Where a capture begins: at the first byte, inside a packing, after a banner, or behind another capture.

use super::{Reader, State, buffer};
use crate::capture::frame::Interface;
use crate::capture::magic::{self, Magic, Packing};
use crate::capture::pcap::Pcap;
use crate::capture::pcapng::{Opened, Section};
use crate::capture::record::Look;
use crate::capture::snoop::{self, Snoop};
use crate::capture::unpack::Unpacker;
use crate::{CaptureError, Quality};

/// How far into a stream a capture may begin: shells and wrappers write messages before it.
const BANNER_BYTES: usize = 64 * 1024;

impl Reader {
    /// The first bytes: a packing, a capture, or something before a capture.
    pub(super) fn start(&mut self) -> Result<Look, CaptureError> {
        let (bytes, at_end) = (self.buffer.unread(), self.at_end);
        if bytes.len() < 4 && !at_end {
            return Ok(Look::Need(4));
        }
        if bytes.is_empty() {
            return Err(match self.log.quality().first() {
                // A packed stream that broke before its first byte.
                Some(Quality { note, .. }) => CaptureError::Damaged { path: None, offset: 0, reason: note.clone() },
                None => CaptureError::Empty { path: None },
            });
        }
        if let Some(packing) = Packing::of(bytes) {
            return self.unpack(packing);
        }
        if let Some(magic) = Magic::of(bytes) {
            return self.open(magic);
        }
        if at_end && bytes.len() < 4 && Magic::begins_with(bytes) {
            return Err(self.cut_in_header());
        }
        self.search_banner()
    }

    fn unpack(&mut self, packing: Packing) -> Result<Look, CaptureError> {
        if let Some(outer) = &self.unpacker {
            let found = format!("{} inside {}; unpack it first", packing.name(), outer.packing.name());
            return Err(CaptureError::NotACapture { path: None, found });
        }
        let mut unpacker = Unpacker::new(self.buffer.unread(), packing);
        if self.at_end {
            unpacker.end();
        }
        self.at_end = false;
        self.unpacker = Some(Box::new(unpacker));
        self.buffer = buffer(&self.limits);
        Ok(Look::Need(4))
    }

    /// A capture may begin after some text: the messages of a shell, of `kubectl` or of the capturing program.
    fn search_banner(&mut self) -> Result<Look, CaptureError> {
        let bytes = self.buffer.unread();
        let State::Start(searched) = self.state else { return Ok(Look::End) };
        let stranger = magic::known_stranger(bytes).is_some();
        let searchable = bytes.get(..BANNER_BYTES + Magic::PLAUSIBLE_LEN).unwrap_or(bytes);
        let found = (searched..searchable.len()).find(|&at| Magic::plausible(&searchable[at..]).is_some());
        match found {
            Some(at) if !stranger => {
                let banner = String::from_utf8_lossy(&bytes[..at]).into_owned();
                self.buffer.consume(at);
                self.log.add("garbage-before", || {
                    let text = magic::shortened(banner.trim());
                    format!("{at} bytes before the capture were passed by: \"{text}\"")
                });
                self.state = State::Start(0);
                Ok(Look::Skip(0))
            }
            _ if stranger || self.at_end || searchable.len() == BANNER_BYTES + Magic::PLAUSIBLE_LEN => {
                let found = match bytes.len() {
                    0..4 => format!("{}, {} bytes long", magic::describe(bytes), bytes.len()),
                    _ => magic::describe(bytes),
                };
                Err(CaptureError::NotACapture { path: None, found })
            }
            _ => {
                self.state = State::Start((bytes.len() + 1).saturating_sub(Magic::PLAUSIBLE_LEN));
                Ok(Look::Need(bytes.len() + 1))
            }
        }
    }

    /// The first header of the input.
    fn open(&mut self, magic: Magic) -> Result<Look, CaptureError> {
        match self.open_at_front(magic) {
            Look::CutShort => Err(self.cut_in_header()),
            Look::Damaged(reason) => {
                Err(CaptureError::Damaged { path: None, offset: self.buffer.offset(), reason: reason.into_owned() })
            }
            look => Ok(look),
        }
    }

    /// A header behind other records: a section of the same pcapng file, or a file that was joined to this one.
    pub(super) fn open_another(&mut self) -> Look {
        let bytes = self.buffer.unread();
        let next_section = matches!(self.state, State::Pcapng(_)) && Magic::of(bytes) == Some(Magic::Pcapng);
        let magic = if next_section { Some(Magic::Pcapng) } else { Magic::plausible(bytes) };
        let Some(magic) = magic else { return Look::Damaged("a file header that makes no sense".into()) };
        let look = self.open_at_front(magic);
        if !next_section && matches!(look, Look::Skip(_)) {
            let offset = self.buffer.offset();
            self.log.add("joined", || {
                format!(
                    "another capture begins at byte {offset}, joined without a merging program; it was read as well"
                )
            });
        }
        look
    }

    /// Reads the file or section header at the front: [`Look::Skip`] over it, `Need`, `CutShort` or `Damaged`.
    fn open_at_front(&mut self, magic: Magic) -> Look {
        let (bytes, at_end) = (self.buffer.unread(), self.at_end);
        let needs = |wanted| if at_end { Look::CutShort } else { Look::Need(wanted) };
        match magic {
            Magic::Pcap => {
                let Some(mut pcap) = Pcap::open(bytes, &self.limits) else { return needs(Pcap::HEADER_LEN) };
                pcap.interface = self.interfaces.add(Interface {
                    name: None,
                    link: pcap.link,
                    snaplen: pcap.snaplen,
                    dropped: None,
                });
                self.state = State::Pcap(pcap);
                Look::Skip(Pcap::HEADER_LEN)
            }
            Magic::Pcapng => match Section::open(bytes, &self.limits) {
                Opened::Section(section, len) => {
                    self.state = State::Pcapng(section);
                    Look::Skip(len)
                }
                Opened::Need(wanted) => needs(wanted),
                Opened::Version(major, minor) => {
                    Look::Damaged(format!("pcapng version {major}.{minor} is not known").into())
                }
                Opened::Damaged(why) => Look::Damaged(why.into()),
            },
            Magic::Snoop => match Snoop::open(bytes, &self.limits) {
                snoop::Opened::Snoop(mut snoop) => {
                    snoop.interface =
                        self.interfaces.add(Interface { name: None, link: snoop.link, snaplen: 0, dropped: None });
                    self.state = State::Snoop(snoop);
                    Look::Skip(Snoop::HEADER_LEN)
                }
                snoop::Opened::Need(wanted) => needs(wanted),
                snoop::Opened::Version(version) => {
                    Look::Damaged(format!("snoop version {version} is not known").into())
                }
                snoop::Opened::Datalink(number) => {
                    Look::Damaged(format!("snoop datalink type {number} is not read").into())
                }
            },
        }
    }

    fn cut_in_header(&self) -> CaptureError {
        let unread = self.buffer.unread().len() as u64;
        let reason = "it ends in the middle of its file header".to_owned();
        CaptureError::Damaged { path: None, offset: self.buffer.offset() + unread, reason }
    }
}
