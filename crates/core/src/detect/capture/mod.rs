//! Findings about capture.
