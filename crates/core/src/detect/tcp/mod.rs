//! Findings about the opening, the life and the end of TCP connections.

pub(super) mod abortive_close;
pub(super) mod accept_queue_overflow;
mod after_handshake;
pub(super) mod connect_abandoned;
pub(super) mod connection_churn;
pub(super) mod connection_refused;
pub(super) mod ephemeral_port_exhaustion;
pub(super) mod half_close_leak;
pub(super) mod health_check;
pub(super) mod icmp_rejected;
pub(super) mod idle_close;
mod idle_timer;
pub(super) mod injected_reset;
pub(super) mod keepalive_unanswered;
pub(super) mod local_connect_failure;
pub(super) mod max_age_close;
pub(super) mod mtu_blackhole;
mod never_taken;
pub(super) mod new_flow_drop;
pub(super) mod reset_of_syn_ack;
pub(super) mod retry_storm;
pub(super) mod silent_idle_drop;
pub(super) mod stale_nat_target;
pub(super) mod stale_reuse;
pub(super) mod state_loss_drop;
pub(super) mod state_loss_reset;
pub(super) mod syn_ack_unanswered;
pub(super) mod syn_retried;
pub(super) mod syn_unanswered;
pub(super) mod time_wait_collision;
pub(super) mod unread_data_reset;
pub(super) mod untranslated_reply;
pub(super) mod zero_window_stall;

pub(super) use connection_churn::is_short;
pub(super) use idle_close::is_busy;
pub(super) use injected_reset::has_usual_ttl;

use crate::record::{Connection, Reset};
use crate::types::Side;

/// The RST by which a host answered a SYN-ACK of which it knew nothing (RFC 9293 section 3.5.2), where it never accepted one.
pub(in crate::detect) fn refusal_of_syn_ack(c: &Connection) -> Option<Reset> {
    let syn_ack = c.opening.syn_ack?;
    let reset = c.ending.reset?;
    let bare = reset.by == Side::Client && !reset.ack && reset.at.packet > syn_ack.packet;
    let accepted = c.opening.ack.is_some() || c.ending.fin.client.is_some() || c.carried_payload();
    (bare && !accepted).then_some(reset)
}
