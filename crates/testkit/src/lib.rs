//! Ladders to packets to captures, for tests alone. Uses none of the decoders that it tests.

#![forbid(unsafe_code)]
