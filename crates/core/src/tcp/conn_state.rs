//! Zeek's `conn_state`.

/// The state of Zeek's `conn_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ConnState {
    /// Attempt seen, no reply.
    S0,
    /// Established, not terminated.
    S1,
    /// Established and terminated normally.
    Sf,
    /// Attempt rejected.
    Rej,
    /// Established, the client closed, no answer from the server.
    S2,
    /// Established, the server closed, no answer from the client.
    S3,
    /// Established, the client aborted.
    Rsto,
    /// The server aborted.
    Rstr,
    /// The client sent a SYN followed by a RST, no SYN-ACK seen.
    Rstos0,
    /// The server sent a SYN-ACK followed by a RST, no SYN seen.
    Rstrh,
    /// The client sent a SYN followed by a FIN, no SYN-ACK seen.
    Sh,
    /// The server sent a SYN-ACK followed by a FIN, no SYN seen.
    Shr,
    /// No SYN seen, midstream traffic.
    #[default]
    Oth,
}

impl ConnState {
    /// As Zeek writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::Sf => "SF",
            Self::Rej => "REJ",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::S0 => "attempt seen, no reply",
            Self::S1 => "established, not terminated",
            Self::Sf => "established and terminated normally",
            Self::Rej => "attempt rejected",
            Self::S2 => "established, the client closed, no answer from the server",
            Self::S3 => "established, the server closed, no answer from the client",
            Self::Rsto => "established, the client aborted",
            Self::Rstr => "the server aborted",
            Self::Rstos0 => "the client sent a SYN followed by a RST, no SYN-ACK seen",
            Self::Rstrh => "the server sent a SYN-ACK followed by a RST, no SYN seen",
            Self::Sh => "the client sent a SYN followed by a FIN, no SYN-ACK seen",
            Self::Shr => "the server sent a SYN-ACK followed by a FIN, no SYN seen",
            Self::Oth => "no SYN seen, midstream traffic",
        }
    }
}
