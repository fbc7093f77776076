//! Findings about the capture itself: what it could not show, and the command that would show it.

pub(super) mod capture_drops;
pub(super) mod duplicate_packets;
pub(super) mod flags_only_capture;
pub(super) mod mid_stream_start;
pub(super) mod offload_artifacts;
pub(super) mod one_way_capture;
pub(super) mod snaplen_truncated;
