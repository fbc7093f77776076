//! Reports and rows in every format: one file each. Formatting only; no arithmetic, no judgement.

#![forbid(unsafe_code)]
