//! What TCP did: handshake, half-streams, ranges, reassembly, segment classes, the end of life.
