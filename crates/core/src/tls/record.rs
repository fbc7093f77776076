//! Records of one side (RFC 8446 section 5.1): where one begins and which bytes are its body.
//!
//! In: any pieces of the byte stream. Out: record headers and slices of bodies. Nothing is kept besides a header that
//! lies across two pieces.

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) content_type: u8,
    pub(crate) version: u16,
    pub(crate) length: u16,
}

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(crate) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(crate) const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;

/// 2^14 and what TLS 1.2 allows for its expansion (RFC 5246 section 6.2.3).
const MAX_RECORD_LENGTH: u16 = 16_384 + 2_048;

impl RecordHeader {
    pub(crate) const SIZE: usize = 5;

    /// The header, where the bytes can be one.
    pub(crate) fn parse(bytes: [u8; Self::SIZE]) -> Option<Self> {
        let [content_type, major, minor, high, low] = bytes;
        let header =
            Self { content_type, version: u16::from_be_bytes([major, minor]), length: u16::from_be_bytes([high, low]) };
        let plausible = (CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&content_type)
            && major == 3
            && minor <= 4
            && header.length <= MAX_RECORD_LENGTH
            // RFC 8446 section 5: a change_cipher_spec record is the single byte 0x01.
            && (content_type != CHANGE_CIPHER_SPEC || header.length == 1);
        plausible.then_some(header)
    }
}

/// The two-byte header and the first three bytes of an SSLv2 ClientHello (RFC 5246 appendix E.2), or of the ServerHello that
/// answers it in SSLv2 (draft-hickman-netscape-ssl-00 section 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sslv2Header {
    /// The bytes that were taken for it.
    pub(super) bytes: [u8; RecordHeader::SIZE],
    pub(super) answers: bool,
    pub(super) version: u16,
    /// Bytes of the message, without the two-byte header.
    pub(super) length: u16,
}

impl Sslv2Header {
    /// Message type and version; of a ServerHello its type, whether the session is known, and the kind of certificate.
    pub(super) const CONSUMED: u16 = 3;
    pub(super) const VERSION: u16 = 0x0002;

    pub(super) fn parse(bytes: [u8; RecordHeader::SIZE]) -> Option<Self> {
        let [high, low, message_type, major, minor] = bytes;
        let length = u16::from_be_bytes([high & 0x7f, low]);
        if high & 0x80 != 0 && message_type == 4 {
            // Version and three lengths follow.
            let plausible = major <= 1 && minor <= 1 && length >= Self::CONSUMED + 8;
            return plausible.then_some(Self { bytes, answers: true, version: Self::VERSION, length });
        }
        let version = u16::from_be_bytes([major, minor]);
        // Three lengths, one cipher spec of three bytes, and a challenge of 16 bytes or more.
        let plausible = high & 0x80 != 0
            && message_type == 1
            && (version == 0x0002 || (0x0300..=0x0304).contains(&version))
            && length >= Self::CONSUMED + 6 + 3 + 16;
        plausible.then_some(Self { bytes, answers: false, version, length })
    }
}

/// One step through the bytes of a side.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// A record begins.
    Record(RecordHeader),
    /// The stream begins with an SSLv2 hello; its body follows as if it were a record's.
    Sslv2(Sslv2Header),
    /// The next bytes of the current record's body.
    Body(&'a [u8]),
    /// The bytes are no record: there is no way back. These stand where the header should, of the stream's first record or of a
    /// later one.
    NotARecord { header: [u8; RecordHeader::SIZE], first: bool },
}

/// What a gap did to the framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterGap {
    /// The gap ended within the current record, or at its end.
    InStep,
    /// Nobody knows where the next record begins.
    Lost,
}

/// Where one side stands in its records.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: [u8; RecordHeader::SIZE],
    /// Bytes of `header` that are there.
    have: u8,
    /// Bytes of the current body that are still to come.
    left: u16,
    /// Whether a record was read before.
    begun: bool,
    lost: bool,
}

impl Records {
    /// The next step; `None` when the piece is used up.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Step<'a>> {
        if bytes.is_empty() {
            return None;
        }
        if self.left > 0 {
            let (body, rest) = bytes.split_at(bytes.len().min(self.left.into()));
            self.left -= body.len() as u16;
            *bytes = rest;
            return Some(Step::Body(body));
        }
        let header = self.header(bytes)?;
        let step = match (RecordHeader::parse(header), Sslv2Header::parse(header)) {
            (Some(record), _) => {
                self.left = record.length;
                Step::Record(record)
            }
            (None, Some(sslv2)) if !self.begun => {
                self.left = sslv2.length - Sslv2Header::CONSUMED;
                Step::Sslv2(sslv2)
            }
            (None, _) => Step::NotARecord { header, first: !self.begun },
        };
        self.begun = true;
        Some(step)
    }

    /// A whole header, from what was kept and the front of the piece.
    fn header(&mut self, bytes: &mut &[u8]) -> Option<[u8; RecordHeader::SIZE]> {
        if self.have == 0
            && let Some((header, rest)) = bytes.split_first_chunk()
        {
            *bytes = rest;
            return Some(*header);
        }
        let open = self.header.get_mut(usize::from(self.have)..)?;
        let length = open.len().min(bytes.len());
        let (now, rest) = bytes.split_at(length);
        open.get_mut(..length)?.copy_from_slice(now);
        *bytes = rest;
        self.have += length as u8;
        if usize::from(self.have) < RecordHeader::SIZE {
            return None;
        }
        self.have = 0;
        Some(self.header)
    }

    /// Whether bytes of the current body are still to come.
    pub(super) const fn body_goes_on(&self) -> bool {
        self.left > 0
    }

    /// Whether no byte of a record is pending: the next byte begins one.
    pub(super) const fn at_boundary(&self) -> bool {
        self.have == 0 && self.left == 0 && !self.lost
    }

    /// Whether a record was begun of which bytes are still to come; a part of a header must look like one.
    pub(super) const fn stands_in_a_record(&self) -> bool {
        let [content_type, major, ..] = self.header;
        let looks_like_one =
            matches!(content_type, CHANGE_CIPHER_SPEC..=APPLICATION_DATA) && (self.have < 2 || major == 3);
        !self.lost && (self.left > 0 || self.have > 0 && looks_like_one)
    }

    /// The content type of a header of which only a part is there.
    pub(super) fn partial_header(&self) -> Option<u8> {
        (self.have > 0).then_some(self.header[0])
    }

    /// Whether the stream of records was begun.
    pub(super) const fn begun(&self) -> bool {
        self.begun || self.have > 0
    }

    /// Steps over `length` bytes that are missing.
    pub(super) fn gap(&mut self, length: u32) -> AfterGap {
        if !self.lost && u32::from(self.left) >= length && self.left > 0 {
            self.left -= length as u16;
            return AfterGap::InStep;
        }
        *self = Self { begun: true, lost: true, ..Self::default() };
        AfterGap::Lost
    }

    /// Whether the place in the records is unknown.
    pub(super) const fn lost(&self) -> bool {
        self.lost
    }

    /// After a gap: whether this piece begins like a record. Segments often begin where records begin; the five bytes
    /// of a header are by chance like one once in some ten million times.
    pub(super) fn resume(&mut self, piece: &[u8]) -> bool {
        let found = piece.first_chunk().is_some_and(|&header| RecordHeader::parse(header).is_some());
        self.lost = !found;
        found
    }
}
