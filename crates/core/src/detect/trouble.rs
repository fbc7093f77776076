//! Whom it hits while attempts go unanswered, and who is spared in the same seconds: clients and servers, by address.
//!
//! Nothing is counted before loss is known, so that a capture without any pays one comparison for each connection. From then on an attempt
//! counts by when it began, whatever became of it and whenever that is known: the shares are those of the wire.

use std::net::IpAddr;

use super::openings::Start;
use super::thresholds::{BUSY_MISSED_SHARE, HIT_LEAST, SPARED_EXPECTED};
use super::words::is_share;
use crate::record::Connection;
use crate::types::{Side, Span, Timestamp};

/// How attempts fared while some went unanswered, in bounded memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trouble {
    /// Attempts count that began between these; in order of time.
    windows: Vec<(Timestamp, Timestamp)>,
    clients: Vec<IpAddr>,
    servers: Vec<IpAddr>,
    seconds: Vec<Second>,
    /// The latest of them.
    latest: i64,
}

/// One second of trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Second {
    /// Seconds since 1970.
    at: i64,
    all: Fared,
    /// In the order of the addresses.
    clients: [Fared; MOST_ADDRESSES],
    servers: [Fared; MOST_ADDRESSES],
}

/// Attempts, and those of them whose first SYN was not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fared {
    pub(super) attempts: u64,
    pub(super) missed: u64,
}

impl Fared {
    pub(super) const fn add(&mut self, attempts: u64, missed: u64) {
        self.attempts += attempts;
        self.missed += missed;
    }

    pub(super) fn share(self) -> f64 {
        self.missed as f64 / self.attempts.max(1) as f64
    }
}

/// How one address fared.
pub(super) type OfAddress = (IpAddr, Fared);

/// Addresses of which some are hit and some are not, in the same seconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Contrast {
    /// The hardest hit first.
    pub(super) hit: Vec<OfAddress>,
    /// Those with the most attempts first.
    pub(super) spared: Vec<OfAddress>,
}

/// Addresses of each side that are told apart, and seconds: 17 KiB.
const MOST_ADDRESSES: usize = 8;
const MOST_SECONDS: usize = 64;
const MOST_WINDOWS: usize = 16;

/// How long after an unanswered attempt became known others still count.
const LASTS: Span = Span::from_secs(5);

impl Trouble {
    /// Whether loss was known when an attempt began.
    #[inline]
    pub(super) fn lasts_at(&self, began: Timestamp) -> bool {
        self.windows.last().is_some_and(|(_, until)| began <= *until)
    }

    /// An attempt, and how it fared. `latest`: until when attempts are known to have begun. What began later was not judged before now, so
    /// that nothing which was answered is left out.
    #[cold]
    pub(super) fn note(&mut self, c: &Connection, start: Start, latest: Timestamp) {
        let began = c.first.at;
        if self.windows.iter().any(|(since, until)| *since <= began && began <= *until) {
            self.count(c, start);
        }
        if start == Start::AtOnce {
            return;
        }
        let until = latest.plus(LASTS);
        let room = self.windows.len() < MOST_WINDOWS;
        match self.windows.last_mut() {
            Some((_, last)) if latest <= *last => *last = until,
            _ if room => self.windows.push((latest, until)),
            _ => {}
        }
    }

    fn count(&mut self, c: &Connection, start: Start) {
        let at = c.first.at.as_nanos().div_euclid(Span::from_secs(1).as_nanos());
        let is_full = self.seconds.len() == MOST_SECONDS;
        // A second is large: they are not searched for what lies behind all of them.
        if is_full && self.latest < at {
            return;
        }
        self.latest = self.latest.max(at);
        let known = self.seconds.iter().rposition(|second| second.at == at);
        let place = known.unwrap_or_else(|| {
            if !is_full {
                self.seconds.push(Second { at, ..Second::default() });
            }
            self.seconds.len() - 1
        });
        let Some(second) = self.seconds.get_mut(place).filter(|second| second.at == at) else { return };
        let missed = u64::from(start != Start::AtOnce);
        second.all.add(1, missed);
        for (addresses, fared, address) in [
            (&mut self.clients, &mut second.clients, c.client.address),
            (&mut self.servers, &mut second.servers, c.server.address),
        ] {
            if let Some(fared) = place_of(addresses, address).and_then(|place| fared.get_mut(place)) {
                fared.add(1, missed);
            }
        }
    }

    /// How the addresses of one side fared in seconds in which loss was no chance.
    fn of_side(&self, side: Side) -> Vec<OfAddress> {
        let (addresses, of): (_, fn(&Second) -> &[Fared]) = match side {
            Side::Client => (&self.clients, |second| &second.clients),
            Side::Server => (&self.servers, |second| &second.servers),
        };
        let mut all: Vec<OfAddress> = addresses.iter().map(|address| (*address, Fared::default())).collect();
        let lossy = |second: &&Second| is_share(second.all.missed, second.all.attempts, BUSY_MISSED_SHARE);
        for second in self.seconds.iter().filter(lossy) {
            for ((_, sum), fared) in all.iter_mut().zip(of(second)) {
                sum.add(fared.attempts, fared.missed);
            }
        }
        all
    }

    /// Which addresses of one side are hit and which are spared, where that is no chance: of attempts that shared the fate of the others
    /// [`SPARED_EXPECTED`] would have gone unanswered, and none did.
    pub(super) fn contrast(&self, side: Side) -> Option<Contrast> {
        let all = self.of_side(side);
        let is_hit = |(_, fared): &OfAddress| {
            fared.missed >= HIT_LEAST && is_share(fared.missed, fared.attempts, BUSY_MISSED_SHARE)
        };
        let mut hit: Vec<OfAddress> = all.iter().copied().filter(is_hit).collect();
        let least = hit.iter().map(|(_, fared)| fared.share()).reduce(f64::min)?;
        let is_spared =
            |(_, fared): &OfAddress| fared.missed == 0 && fared.attempts as f64 * least >= SPARED_EXPECTED as f64;
        let mut spared: Vec<OfAddress> = all.iter().copied().filter(is_spared).collect();
        hit.sort_by(|(a, one), (b, other)| other.share().total_cmp(&one.share()).then_with(|| a.cmp(b)));
        spared.sort_by(|(a, one), (b, other)| other.attempts.cmp(&one.attempts).then_with(|| a.cmp(b)));
        (!spared.is_empty()).then_some(Contrast { hit, spared })
    }
}

/// The place of an address, if there is room for it.
fn place_of(addresses: &mut Vec<IpAddr>, address: IpAddr) -> Option<usize> {
    addresses.iter().position(|known| *known == address).or_else(|| {
        let room = addresses.len() < MOST_ADDRESSES;
        room.then(|| {
            addresses.push(address);
            addresses.len() - 1
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds in which two clients made attempts: how many each, and how many of them went unanswered.
    fn after(seconds: &[[(u64, u64); 2]]) -> Trouble {
        let clients = [[10, 0, 9, 9], [10, 0, 9, 10]].map(IpAddr::from);
        let seconds = seconds.iter().zip(0..).map(|(fared, at)| {
            let mut second = Second { at, ..Second::default() };
            for ((attempts, missed), of) in fared.iter().zip(&mut second.clients) {
                second.all.add(*attempts, *missed);
                of.add(*attempts, *missed);
            }
            second
        });
        Trouble { clients: clients.to_vec(), seconds: seconds.collect(), ..Trouble::default() }
    }

    #[test]
    fn who_is_spared_was_there_when_others_were_hit() {
        let found = after(&[[(80, 10), (40, 0)], [(80, 10), (40, 0)]]).contrast(Side::Client).expect("a contrast");
        assert_eq!(found.hit.iter().map(|(_, fared)| (fared.attempts, fared.missed)).collect::<Vec<_>>(), [(160, 20)]);
        assert_eq!(found.spared.iter().map(|(_, fared)| fared.attempts).collect::<Vec<_>>(), [80]);
        let others = after(&[[(80, 10), (0, 0)], [(80, 10), (0, 0)], [(0, 0), (800, 0)]]);
        assert_eq!(others.contrast(Side::Client), None, "it was quiet while there was loss");
    }

    #[test]
    fn a_few_that_were_answered_are_no_contrast() {
        assert_eq!(after(&[[(160, 20), (40, 0)]]).contrast(Side::Client), None, "five would have been missed");
        assert_eq!(after(&[[(160, 20), (800, 1)]]).contrast(Side::Client), None, "all are hit, some less");
        assert_eq!(after(&[[(20, 9), (800, 0)]]).contrast(Side::Client), None, "and few missed ones are chance");
    }

    #[test]
    fn memory_is_bounded() {
        let mut known = Vec::new();
        let places: Vec<_> = (0..20).map(|n| place_of(&mut known, IpAddr::from([10, 0, 0, n]))).collect();
        assert_eq!(known.len(), MOST_ADDRESSES);
        assert_eq!(places.iter().flatten().count(), MOST_ADDRESSES);
    }
}
