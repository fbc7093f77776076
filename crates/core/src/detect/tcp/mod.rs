//! Findings about the opening, the life and the end of TCP connections.

pub(super) mod idle_close;
pub(super) mod injected_reset;
pub(super) mod stale_reuse;
pub(super) mod state_loss_drop;
pub(super) mod state_loss_reset;
