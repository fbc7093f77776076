//! Findings about http.
