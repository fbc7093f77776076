//! The command `handshark` as a library: `run(args)` is shared by the native binary and the Python console script.

#![forbid(unsafe_code)]
