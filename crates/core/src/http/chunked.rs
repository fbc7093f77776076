//! The chunked coding (RFC 9112 section 7.1), read for its lengths alone.

/// Where a side stands in a chunked body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chunked {
    /// In the line with a chunk's size.
    Size { value: u64, digits: u8, extension: bool },
    /// In a chunk: bytes of data and its CRLF that are still to come.
    Data(u64),
    /// After the last chunk, in a trailer line that is empty so far or not.
    Trailer { empty: bool },
}

/// What became of the body after a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The piece is used up.
    Open,
    /// The body has ended, perhaps before the piece's end.
    Ended,
    /// This is no chunked coding.
    Wrong,
}

/// 2^60 is more than any body.
const MAX_DIGITS: u8 = 15;

impl Chunked {
    pub(super) const START: Self = Self::Size { value: 0, digits: 0, extension: false };

    /// Goes on with the next bytes.
    pub(super) fn advance(&mut self, bytes: &mut &[u8]) -> Outcome {
        loop {
            match *self {
                Self::Data(0) => *self = Self::START,
                Self::Data(left) => {
                    let here = (bytes.len() as u64).min(left);
                    *bytes = bytes.get(here as usize..).unwrap_or_default();
                    *self = Self::Data(left - here);
                    if here < left {
                        return Outcome::Open;
                    }
                }
                Self::Size { value, digits, extension } => {
                    let Some((&byte, rest)) = bytes.split_first() else { return Outcome::Open };
                    *bytes = rest;
                    *self = match byte {
                        b'\n' if digits == 0 => return Outcome::Wrong,
                        b'\n' if value == 0 => Self::Trailer { empty: true },
                        // The data and its CRLF.
                        b'\n' => Self::Data(value + 2),
                        _ if extension => *self,
                        b';' | b' ' | b'\t' | b'\r' if digits > 0 => Self::Size { value, digits, extension: true },
                        _ => match char::from(byte).to_digit(16) {
                            Some(digit) if digits < MAX_DIGITS => {
                                Self::Size { value: value << 4 | u64::from(digit), digits: digits + 1, extension }
                            }
                            Some(_) | None => return Outcome::Wrong,
                        },
                    };
                }
                Self::Trailer { empty } => {
                    let Some((&byte, rest)) = bytes.split_first() else { return Outcome::Open };
                    *bytes = rest;
                    match byte {
                        b'\n' if empty => return Outcome::Ended,
                        b'\n' => *self = Self::Trailer { empty: true },
                        b'\r' => {}
                        _ => *self = Self::Trailer { empty: false },
                    }
                }
            }
        }
    }

    /// Steps over missing bytes; false where they were more than the chunk's rest.
    pub(super) const fn gap(&mut self, length: u64) -> bool {
        match *self {
            Self::Data(left) if length <= left => {
                *self = Self::Data(left - length);
                true
            }
            Self::Data(_) | Self::Size { .. } | Self::Trailer { .. } => false,
        }
    }
}
