//! A Certificate message in clear (RFC 5246 section 7.4.2): the chain's bytes, kept once however often it is sent.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use foldhash::fast::FixedState;

use super::Certificate;
use super::cursor::Cursor;
use crate::Limits;
use crate::types::{Moment, NotVisible};

/// A Certificate message, of a server or of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateMessage {
    /// The packet with its first byte.
    pub begun: Moment,
    /// The packet that completes it, or the last that brought bytes of it.
    pub completed: Moment,
    /// Length of the message's body in bytes, as its header says; `None` where not even that was captured. 3 means that the
    /// list is empty: a client that was asked and has none (RFC 5246 section 7.4.6).
    pub length: Option<u32>,
    /// The chain, or why it is not whole in the capture.
    pub chain: Result<Arc<Chain>, NotVisible>,
}

impl CertificateMessage {
    /// The certificates, the sender's own one first; empty also where the message was not captured whole.
    pub fn certificates(&self) -> &[Certificate] {
        self.chain.as_ref().map_or(&[], |chain| chain.certificates())
    }

    /// The sender's own certificate.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.certificates().first().filter(|certificate| !certificate.malformed)
    }

    /// Whether the sender has no certificate to show, which is visible from the length alone.
    pub fn is_empty(&self) -> bool {
        self.length == Some(EMPTY_LIST)
    }
}

/// An empty list is its own length and nothing else.
const EMPTY_LIST: u32 = 3;

/// The certificates of one message: read when somebody asks for them first.
pub struct Chain {
    bytes: Box<[u8]>,
    read: OnceLock<Box<[Certificate]>>,
    among: Arc<Shared>,
}

/// Certificates that are read of one chain: real ones have two to five, and RFC 5246 sets no bound.
const MOST_CERTIFICATES: usize = 16;

impl Chain {
    /// The body of the message as sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The certificates, the sender's own one first; at most 16.
    pub fn certificates(&self) -> &[Certificate] {
        self.read.get_or_init(|| {
            let mut body = Cursor::new(&self.bytes);
            let mut list = Cursor::new(body.vector24().unwrap_or_else(|| body.rest()));
            let each = std::iter::from_fn(|| if list.is_empty() { None } else { list.vector24() });
            each.take(MOST_CERTIFICATES).map(Certificate::read).collect()
        })
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.among.held.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// The chains that connections of one analysis hold. Connections to one server bring the same bytes again and again: equal ones
/// share one chain as long as any of them lives. It keeps nothing alive.
#[derive(Clone, Debug)]
pub(crate) struct Chains(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    known: Mutex<Vec<Weak<Chain>>>,
    /// Bytes of all that live.
    held: AtomicUsize,
    most: usize,
}

/// Chains that are looked for; another chain with the same place takes it over.
const KNOWN: usize = 256;

impl Chains {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            known: Mutex::default(),
            held: AtomicUsize::new(0),
            most: limits.max_certificate_bytes,
        }))
    }

    /// The chain in the body of a Certificate message, or that there is no room for it.
    pub(crate) fn keep(&self, body: &[u8]) -> Result<Arc<Chain>, NotVisible> {
        let Shared { known, held, most } = &*self.0;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            known.resize(KNOWN, Weak::new());
        }
        let place = FixedState::default().hash_one(body) as usize % KNOWN;
        let slot = known.get_mut(place).ok_or(NotVisible::OverLimit)?;
        if let Some(chain) = slot.upgrade()
            && *chain.bytes == *body
        {
            return Ok(chain);
        }
        if held.load(Ordering::Relaxed).saturating_add(body.len()) > *most {
            return Err(NotVisible::OverLimit);
        }
        held.fetch_add(body.len(), Ordering::Relaxed);
        let chain = Arc::new(Chain { bytes: body.into(), read: OnceLock::new(), among: Arc::clone(&self.0) });
        *slot = Arc::downgrade(&chain);
        Ok(chain)
    }
}

impl PartialEq for Chain {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Chain {}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.certificates()).finish()
    }
}
