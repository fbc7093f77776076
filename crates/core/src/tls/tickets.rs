//! Session tickets of TLS 1.3: what a server sends after the handshake whether anybody asked for anything or not.
//!
//! They are encrypted as data is (RFC 8446 section 4.6.1), and come about when the first request does. Servers that send several (OpenSSL,
//! BoringSSL, GnuTLS: two unless they are told otherwise) make them equally long, which data hardly ever is. One alone can not be told from an
//! answer.

/// The first records of a server after the client's Finished.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tickets {
    /// The length of the first.
    length: Option<u16>,
    /// How many were as long.
    alike: u8,
    /// The client has sent data.
    asked: bool,
    /// What follows is data.
    over: bool,
}

/// More than these are no tickets, but a stream of data in records of one size.
const MOST: u8 = 4;
/// A ticket of OpenSSL is a record of some 250 bytes, and a few hundred more with a client's certificate in it. From 1,369 on servers
/// have sizes in which they send the beginning of an answer.
const LENGTHS: std::ops::RangeInclusive<u16> = 100..=1_300;

impl Tickets {
    /// The next record of the server after the client's Finished.
    pub(super) fn note(&mut self, length: u16) {
        if self.over {
            return;
        }
        match self.length {
            None if LENGTHS.contains(&length) => (self.length, self.alike) = (Some(length), 1),
            Some(first) if first == length && self.alike == MOST => (self.alike, self.over) = (0, true),
            Some(first) if first == length => self.alike += 1,
            _ => self.over = true,
        }
    }

    /// The client sent data: what comes after its second turn are answers, however alike. (Once its direction is decided nobody tells of it here:
    /// who counts turns has to look, too.)
    pub(super) fn on_client_data(&mut self) {
        self.over |= self.alike >= 2 || self.asked && self.alike > 0;
        self.asked = true;
    }

    /// How many of the records so far were tickets.
    pub(super) const fn count(&self) -> u32 {
        if self.alike >= 2 { self.alike as u32 } else { 0 }
    }

    /// The same at the end, where it is known whether the client asked for anything.
    pub(super) const fn count_where(&self, client_asked: bool) -> u32 {
        if client_asked { self.count() } else { self.alike as u32 }
    }

    /// Whether the next record may still show that those before it were tickets, or be one.
    pub(super) const fn may_go_on(&self) -> bool {
        !self.over
    }
}

#[cfg(test)]
mod tests {
    use super::Tickets;

    /// Records of the server by their length, and `0` for data of the client.
    fn count(steps: &[u16]) -> u32 {
        let mut tickets = Tickets::default();
        for step in steps {
            match step {
                0 => tickets.on_client_data(),
                length => tickets.note(*length),
            }
        }
        tickets.count()
    }

    #[test]
    fn records_of_one_length_are_tickets_before_the_client_speaks_twice() {
        assert_eq!(count(&[250, 0, 250]), 2);
        assert_eq!(count(&[0, 282, 282, 900]), 2);
        assert_eq!(count(&[266, 266, 0, 266]), 2, "the last is an answer");
        for answers in
            [&[0, 282, 0, 282][..], &[0, 300, 310], &[574], &[0, 1_369, 1_369], &[0, 200, 200, 200, 200, 200]]
        {
            assert_eq!(count(answers), 0, "{answers:?}");
        }
    }
}
