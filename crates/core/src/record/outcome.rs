//! What became of a connection, in one word.

use super::{CloseKind, Connection, Outcome};
use crate::tls::Stage;

/// The first line that holds.
pub(super) fn of(c: &Connection) -> Outcome {
    let opened = c.opening.syn_ack.is_some() || c.opening.ack.is_some();
    let carried = c.carried_payload();
    if c.visibility.mid_stream {
        return Outcome::MidStream;
    }
    if !opened && !carried {
        return match (&c.ending.reset, &c.icmp_error) {
            (Some(reset), _) if reset.by == crate::types::Side::Server => Outcome::Refused,
            (_, Some(_)) => Outcome::Prohibited,
            _ => Outcome::Unanswered,
        };
    }
    if let Some(tls) = &c.tls
        && !matches!(tls.stage, Stage::Established | Stage::ClientFinished | Stage::MidStream)
    {
        let ended = c.ending.kind != CloseKind::Open;
        if tls.fatal_alert().is_some() {
            return Outcome::TlsFailed;
        }
        if c.ending.kind == CloseKind::Reset {
            return Outcome::ResetInHandshake;
        }
        if ended && !super::timeline::is_blind(c) {
            return Outcome::TlsFailed;
        }
    }
    if let Some(tls) = &c.tls
        && tls.fatal_alert().is_some()
        && tls.client_data_records == 0
    {
        return Outcome::TlsFailed;
    }
    match c.ending.kind {
        // A client that resets with ACK right after the SYN-ACK had what it wanted: a check whether somebody listens.
        CloseKind::Reset if !carried && c.opening.ack.is_none() && !is_check(c) => Outcome::ResetInHandshake,
        CloseKind::Fin | CloseKind::Reset if !carried && !c.visibility.flags_only => Outcome::HealthCheck,
        CloseKind::Reset => Outcome::Reset,
        CloseKind::Fin => {
            let lost = c.ending.late_write.is_some() && c.ending.reset.is_some();
            if lost { Outcome::Reset } else { Outcome::Established }
        }
        CloseKind::Timeout => Outcome::TimedOut,
        CloseKind::Open => Outcome::Open,
    }
}

fn is_check(c: &Connection) -> bool {
    c.ending.reset.is_some_and(|reset| reset.by == crate::types::Side::Client && reset.ack)
}
