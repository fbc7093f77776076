//! Vectors with a length in front (RFC 8446 section 3.4).

/// Bytes under construction.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// What `fill` writes, behind its length in `width` bytes.
    pub(super) fn vector(&mut self, width: usize, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        let length = inner.0.len().to_be_bytes();
        let (high, low) = length.split_at(length.len() - width);
        assert!(high.iter().all(|byte| *byte == 0), "{} bytes do not fit a length of {width} bytes", inner.0.len());
        self.bytes(low);
        self.bytes(&inner.0);
    }

    /// An extension (RFC 8446 section 4.2).
    pub(super) fn extension(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        self.u16(kind);
        self.vector(2, fill);
    }

    /// A handshake message (RFC 8446 section 4).
    pub(super) fn handshake(kind: u8, fill: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut message = Self::default();
        message.u8(kind);
        message.vector(3, fill);
        message.0
    }
}
