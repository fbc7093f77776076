//! Commands that capture what a check could not see. `PORT`, `SERVER` and `FILE` are filled in where they are known.

/// Whole packets.
pub(super) const WHOLE: Option<&str> = Some("tcpdump -i any -s 0 -w FILE 'tcp port PORT'");

/// Whole packets, and a buffer large enough to lose none.
pub(super) const ALL_WHOLE: Option<&str> = Some("tcpdump -i any -s 0 -B 65536 -w FILE 'tcp port PORT'");

/// Headers, and not SYN, FIN and RST alone.
pub(super) const HEADERS: Option<&str> = Some("tcpdump -i any -s 128 -w FILE 'tcp port PORT'");

/// Headers, and a buffer large enough to lose none.
pub(super) const ALL_HEADERS: Option<&str> = Some("tcpdump -i any -s 128 -B 65536 -w FILE 'tcp port PORT'");
