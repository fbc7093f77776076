//! What one segment tells of its sender and of its receiver.

use crate::net::Segment;
use crate::tcp::classify::Class;
use crate::tcp::half::{Ends, Half};
use crate::tcp::zeek::Zeek;
use crate::tcp::{Opening, Probes, Unanswered, ZeroWindow};
use crate::types::{Moment, Side};

/// SYN retries that are kept with their packets.
const KEPT_RETRIES: usize = 11;

/// Follows the opening handshake. A segment that neither opens nor acknowledges is no part of it.
pub(super) fn note_opening(opening: &mut Opening, side: Side, s: &Segment<'_>, at: Moment, challenges: bool) {
    if s.flags.opens() {
        opening.syn_count += 1;
        match opening.syn {
            None => {
                opening.syn = Some(at);
                opening.syn_with_data = s.payload_len > 0;
            }
            Some(_) if side == Side::Server => opening.simultaneous = true,
            Some(_) if opening.syn_retries.len() < KEPT_RETRIES => opening.syn_retries.push(at),
            Some(_) => {}
        }
    } else if s.flags.accepts() {
        opening.syn_ack_count += 1;
        opening.syn_ack.get_or_insert(at);
    } else if challenges {
        opening.challenge_ack.get_or_insert(at);
    } else if s.flags.ack() && !s.flags.rst() && side == Side::Client && opening.syn_ack.is_some() {
        opening.ack.get_or_insert(at);
    }
}

/// Counts what is not usual.
#[cold]
pub(super) fn count(zeek: &mut Zeek, ends: &mut Ends<'_>, s: &Segment<'_>, class: Class, at: Moment) {
    let Ends { side, me, peer } = ends;
    let side = *side;
    let traffic = &mut me.traffic;
    if class.keep_alive() {
        traffic.keep_alives += 1;
        Probes::sent(&mut traffic.probes, at, traffic.last_packet, peer.traffic.last_packet);
    }
    if class.zero_window() {
        // A side that never announced another window did not run full: its packets were made by hand.
        if me.window > 0 || traffic.zero_window.is_some() {
            ZeroWindow::shut(&mut traffic.zero_window, at);
        }
        traffic.zero_windows += 1;
        zeek.counted(side, b'W', traffic.zero_windows);
    }
    traffic.out_of_order += u32::from(class.is_out_of_order());
    if class.is_retransmission() {
        traffic.retransmitted += 1;
    }
    if class.ack_of_uncaptured() && !peer.has_sent_all_before(s.ack) {
        peer.gaps += 1;
        peer.first_gap.get_or_insert(at);
        zeek.counted(side.peer(), b'G', peer.gaps);
    }
}

/// Moves the sender's edges forward, and follows its oldest unanswered segment.
pub(super) fn note_sent(me: &mut Half, peer: &Half, s: &Segment<'_>, at: Moment, class: Class) {
    let end = Half::end_of(s);
    if end != s.seq && !class.is_probe() {
        if class.is_retransmission() {
            note_unanswered(me, peer, s, at);
        } else if me.oldest.is_none() {
            me.set_oldest(s.seq, at);
        }
    }
    // A hole before this segment: what may be acknowledged without having been captured ends before it.
    let ahead = me.next.is_some_and(|next| s.seq.is_after(next));
    if ahead && !s.flags.rst() {
        me.note_ahead(at);
    }
    match me.acknowledgeable {
        Some(known) if ahead || !known.is_before(end) => {}
        _ => me.acknowledgeable = Some(end),
    }
    if s.flags.rst() {
        return;
    }
    match me.next {
        Some(next) if class.zero_window_probe() || !end.is_after(next) => {}
        _ => (me.next, me.next_at) = (Some(end), at.at),
    }
    me.window = s.window;
    if s.window > 0
        && let Some(stall) = &mut me.traffic.zero_window
    {
        stall.opened(at);
    }
}

/// Follows what a side acknowledges.
pub(super) fn note_acknowledged(me: &mut Half, peer: &mut Half, s: &Segment<'_>, at: Moment, class: Class) {
    let advanced = match me.last_ack {
        Some(last) => s.ack.is_after(last),
        None => true,
    };
    if !s.flags.rst() {
        me.last_ack_at = at.at;
        if advanced {
            me.duplicate_acks = 0;
            me.first_ack.get_or_insert(s.ack);
            let gain = me.last_ack.map_or(0, |last| s.ack.distance_from(last).unsigned_abs());
            me.taken = me.taken.max(gain.min(peer.traffic.largest_payload));
            me.arrived = None;
            me.last_ack = Some(s.ack);
        }
        if s.options.sacked > 0 {
            let length = u32::from(s.options.sacked);
            let (first, largest) = me.arrived.unwrap_or((at, 0));
            me.arrived = Some((first, largest.max(length)));
        }
        if !advanced && me.last_ack == Some(s.ack) && me.window == s.window && s.window != 0 && is_bare(s) {
            me.duplicate_acks += 1;
        }
    }
    if class.ack_of_uncaptured() {
        peer.acknowledgeable = Some(s.ack);
    } else if let (Some(acknowledgeable), Some(next)) = (peer.acknowledgeable, peer.next) {
        // Everything up to the ACK arrived; what was captured after it is in order again.
        if !s.ack.is_before(acknowledgeable) && !s.ack.is_after(next) {
            peer.acknowledgeable = Some(next);
        }
    }
    if advanced {
        if peer.oldest.is_some_and(|(seq, _)| s.ack.is_after(seq)) {
            // An ACK of what came before it is no answer to a segment that is sent again and again.
            peer.oldest = None;
            peer.traffic.unanswered = None;
        }
        if let Some(fin) = &mut peer.fin
            && s.ack.is_after(fin.seq)
            && fin.acknowledged.is_none()
        {
            fin.acknowledged = Some(at);
        }
    }
}

/// Whether a segment brings nothing but its ACK.
const fn is_bare(s: &Segment<'_>) -> bool {
    s.payload_len == 0 && !s.flags.any_of_three()
}

/// Follows a segment that is sent again and again.
#[cold]
pub(super) fn note_unanswered(me: &mut Half, peer: &Half, s: &Segment<'_>, at: Moment) {
    if s.flags.syn() || peer.last_ack.is_some_and(|ack| !Half::end_of(s).is_after(ack)) {
        return;
    }
    match &mut me.traffic.unanswered {
        Some(unanswered) if me.oldest.is_some_and(|(seq, _)| seq == s.seq) => {
            unanswered.last = at;
            unanswered.retransmissions += 1;
        }
        Some(_) => {}
        None => {
            let first = match me.oldest {
                Some((seq, first)) if seq == s.seq => first,
                _ => {
                    // Its first transmission was not captured, or not as a segment of its own.
                    me.set_oldest(s.seq, at);
                    at
                }
            };
            me.traffic.unanswered = Some(Box::new(Unanswered {
                first,
                second: at,
                last: at,
                retransmissions: 1,
                length: s.payload_len,
                taken: peer.taken,
                arrived: None,
            }));
        }
    }
}
