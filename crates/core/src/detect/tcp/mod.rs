//! Findings about tcp.
