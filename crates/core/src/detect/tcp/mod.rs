//! Findings about tcp.

pub(super) mod connection_churn;
pub(super) mod connection_refused;
pub(super) mod health_check;
pub(super) mod syn_unanswered;
