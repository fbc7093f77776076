//! Attempts that were given up because another one, at another address, was answered first: the losers of a race (RFC 8305).
//!
//! Nothing in a packet says that two attempts belong together. What is asked for: the same port, at the same time, by the same client
//! or in the other address family; each winner wins over one loser; and its server is not one that is used anyway, without a race.

use super::ServiceKey;
use super::tcp::refusal_of_syn_ack;
use super::thresholds::{CONNECT_TIMEOUT_LEAST, FALLBACK_WITHIN};
use crate::record::Connection;
use crate::types::{Endpoint, Moment};

/// Attempts that were given up, and those that won over them, in bounded memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Races {
    lost: Vec<Lost>,
    /// The latest that opened: a winner may end before its loser. In no order: the next takes the place of the oldest.
    recent: Vec<Attempt>,
    next: usize,
    winners: Vec<Winner>,
    /// There were more than are kept.
    more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempt {
    client: Endpoint,
    server: Endpoint,
    syn: Moment,
    answer: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lost {
    attempt: Attempt,
    winner: Option<Attempt>,
}

/// How often a server won, and how often it was connected to since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Winner {
    server: Endpoint,
    won: u64,
    opened: u64,
}

/// All attempts at one service that were given up, each beside one that was answered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raced {
    /// How many.
    pub(super) attempts: u64,
    /// Who was faster, for example.
    pub(super) by: Endpoint,
    /// The SYN-ACK that came first.
    pub(super) proof: Moment,
}

const MOST: usize = 256;
const RECENT: usize = 32;

impl Races {
    /// A finished connection.
    #[inline]
    pub(super) fn note(&mut self, c: &Connection) {
        let (Some(syn), Some(answer), false) = (c.opening.syn, c.opening.syn_ack, self.more) else { return };
        let attempt = Attempt { client: c.client, server: c.server, syn, answer };
        if c.opening.ack.is_some() {
            // Who won won over one that lost.
            if !self.lost.is_empty() {
                return self.note_opened(attempt);
            }
            self.keep(attempt);
        } else if answer.at.since(syn.at) >= CONNECT_TIMEOUT_LEAST && refusal_of_syn_ack(c).is_some() {
            self.note_lost(attempt);
        }
    }

    fn note_opened(&mut self, attempt: Attempt) {
        if let Some(winner) = self.winners.iter_mut().find(|winner| winner.server == attempt.server) {
            winner.opened += 1;
        }
        if let Some(lost) = self.lost.iter_mut().find(|lost| lost.winner.is_none() && is_won(&lost.attempt, &attempt)) {
            lost.winner = Some(attempt);
            self.note_winner(attempt.server);
            return;
        }
        self.keep(attempt);
    }

    #[inline]
    fn keep(&mut self, attempt: Attempt) {
        match self.recent.get_mut(self.next) {
            Some(oldest) => *oldest = attempt,
            None => self.recent.push(attempt),
        }
        self.next = (self.next + 1) % RECENT;
    }

    #[cold]
    fn note_lost(&mut self, attempt: Attempt) {
        if self.lost.len() == MOST {
            self.more = true;
            return;
        }
        let won = self.recent.iter().enumerate().filter(|(_, opened)| is_won(&attempt, opened));
        let place = won.min_by_key(|(_, opened)| opened.answer.packet).map(|(place, _)| place);
        let winner = place.map(|place| self.recent.swap_remove(place));
        self.next = self.next.min(self.recent.len());
        self.lost.push(Lost { attempt, winner });
        if let Some(winner) = winner {
            self.note_winner(winner.server);
        }
    }

    fn note_winner(&mut self, server: Endpoint) {
        let room = self.winners.len() < RECENT;
        match self.winners.iter_mut().find(|winner| winner.server == server) {
            Some(winner) => winner.won += 1,
            None if room => self.winners.push(Winner { server, won: 1, opened: 1 }),
            None => self.more = true,
        }
    }

    /// The race that the attempts at a service lost; `None` unless it is shown for each of them.
    pub(super) fn of(&self, service: ServiceKey) -> Option<Raced> {
        let lost = self.lost.iter().filter(|lost| {
            let server = lost.attempt.server;
            (server.address, server.port) == (service.address, service.port)
        });
        let mut raced: Option<Raced> = None;
        for lost in lost {
            let winner = lost.winner.filter(|winner| self.is_used_for_races(winner.server))?;
            let known = raced.get_or_insert(Raced { attempts: 0, by: winner.server, proof: winner.answer });
            known.attempts += 1;
        }
        raced.filter(|_| !self.more)
    }

    /// Whether a server is not connected to much more often than it wins: else it was there by chance.
    fn is_used_for_races(&self, server: Endpoint) -> bool {
        self.winners.iter().any(|winner| winner.server == server && winner.opened <= winner.won * 2)
    }
}

/// Whether the one attempt was answered while the other still waited.
fn is_won(lost: &Attempt, opened: &Attempt) -> bool {
    let same_family = lost.server.address.is_ipv4() == opened.server.address.is_ipv4();
    let may_be_one_client = !same_family || lost.client.address == opened.client.address;
    let apart = opened.syn.at.since(lost.syn.at).abs();
    lost.server.port == opened.server.port
        && lost.server.address != opened.server.address
        && may_be_one_client
        && apart <= FALLBACK_WITHIN
        && lost.syn.packet < opened.answer.packet
        && opened.answer.packet < lost.answer.packet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    fn moment(packet: u64, millis: i64) -> Moment {
        let packet = PacketNo::new(packet).expect("a number from 1");
        Moment { packet, at: Timestamp::from_nanos(millis * 1_000_000) }
    }

    fn attempt(server: &str, syn: (u64, i64), answer: (u64, i64)) -> Attempt {
        let server: std::net::SocketAddr = server.parse().expect("an endpoint");
        let client: std::net::IpAddr =
            if server.is_ipv4() { [10, 0, 0, 9].into() } else { [0, 0, 0, 0, 0, 0, 0, 9].into() };
        Attempt {
            client: Endpoint::new(client, 40_000),
            server: Endpoint::new(server.ip(), server.port()),
            syn: moment(syn.0, syn.1),
            answer: moment(answer.0, answer.1),
        }
    }

    const SLOW: &str = "[2001:db8::5]:443";
    const FAST: &str = "192.0.2.5:443";

    fn service() -> ServiceKey {
        ServiceKey { address: "2001:db8::5".parse().expect("an address"), port: 443 }
    }

    #[test]
    fn the_loser_of_a_race_is_told_whoever_ends_first() {
        let (slow, fast) = (attempt(SLOW, (1, 0), (5, 400)), attempt(FAST, (2, 250), (3, 260)));
        let mut races = Races::default();
        races.note_lost(slow);
        races.note_opened(fast);
        let raced = races.of(service()).expect("a race");
        assert_eq!((raced.attempts, raced.proof), (1, fast.answer));
        let mut races = Races::default();
        races.note_opened(fast);
        races.note_lost(slow);
        assert!(races.of(service()).is_some());
    }

    #[test]
    fn one_that_nobody_won_over_spoils_it() {
        let mut races = Races::default();
        races.note_lost(attempt(SLOW, (1, 0), (5, 400)));
        races.note_lost(attempt(SLOW, (11, 9_000), (15, 9_400)));
        races.note_opened(attempt(FAST, (2, 250), (3, 260)));
        assert_eq!(races.of(service()), None, "the second had no rival");
        races.note_opened(attempt(FAST, (12, 9_250), (13, 9_260)));
        assert!(races.of(service()).is_some());
    }

    #[test]
    fn who_is_used_anyway_wins_no_race() {
        let mut races = Races::default();
        races.note_lost(attempt(SLOW, (1, 0), (5, 400)));
        races.note_opened(attempt(FAST, (2, 250), (3, 260)));
        for n in 0..3_u64 {
            races.note_opened(attempt(FAST, (20 + n, 20_000), (30 + n, 20_010)));
        }
        assert_eq!(races.of(service()), None);
    }

    #[test]
    fn other_ports_other_times_and_later_answers_are_no_race() {
        for other in [
            attempt("192.0.2.5:80", (2, 250), (3, 260)),
            attempt(FAST, (2, -3_000), (3, 260)),
            attempt(FAST, (2, 250), (6, 500)),
            attempt(SLOW, (2, 250), (3, 260)),
        ] {
            let mut races = Races::default();
            races.note_lost(attempt(SLOW, (1, 0), (5, 400)));
            races.note_opened(other);
            assert_eq!(races.of(service()), None, "{other:?}");
        }
    }
}
