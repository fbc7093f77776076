//! Requests that wait for their response, in a few bytes.

/// What a request means for the response to it (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Its response has a body as its head says.
    Usual,
    /// HEAD: its response has no body.
    Head,
    /// CONNECT: after a successful response there is no more HTTP.
    Connect,
}

/// A queue of pipelined requests. The first 32 are known by kind, later ones are counted and taken as usual.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outstanding {
    /// Two bits for each request, the oldest lowest.
    kinds: u64,
    /// Requests without response; below zero where responses came first.
    count: i64,
}

const KNOWN: i64 = 32;

impl Outstanding {
    pub(super) const fn push(&mut self, asked: Asked) {
        if self.count >= 0 && self.count < KNOWN {
            let kind = match asked {
                Asked::Usual => 0,
                Asked::Head => 1,
                Asked::Connect => 2,
            };
            self.kinds |= kind << (2 * self.count);
        }
        self.count += 1;
    }

    /// The request that a response answers. A response to a request that was not seen is taken as a usual one.
    pub(super) const fn pop(&mut self) -> Asked {
        self.count -= 1;
        if self.count < 0 {
            return Asked::Usual;
        }
        let kind = self.kinds & 3;
        self.kinds >>= 2;
        match kind {
            1 => Asked::Head,
            2 => Asked::Connect,
            _ => Asked::Usual,
        }
    }

    /// Whether one request waits, and no more: the next response answers it.
    pub(super) const fn is_one(&self) -> bool {
        self.count == 1
    }

    /// After a gap nobody knows which response is next: it is taken as the answer to the last request.
    pub(super) const fn keep_last(&mut self) {
        if self.count > 1 {
            self.kinds = if self.count <= KNOWN { self.kinds >> (2 * (self.count - 1)) } else { 0 };
            self.count = 1;
        }
        if self.count < 0 {
            self.count = 0;
        }
    }
}
