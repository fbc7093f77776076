//! Findings about the opening, the life and the end of TCP connections.

pub(super) mod abortive_close;
pub(super) mod connection_churn;
pub(super) mod connection_refused;
pub(super) mod half_close_leak;
pub(super) mod health_check;
pub(super) mod icmp_rejected;
pub(super) mod idle_close;
pub(super) mod injected_reset;
pub(super) mod keepalive_unanswered;
pub(super) mod max_age_close;
pub(super) mod mtu_blackhole;
pub(super) mod silent_idle_drop;
pub(super) mod stale_reuse;
pub(super) mod state_loss_drop;
pub(super) mod state_loss_reset;
pub(super) mod syn_unanswered;
pub(super) mod unread_data_reset;
pub(super) mod zero_window_stall;
