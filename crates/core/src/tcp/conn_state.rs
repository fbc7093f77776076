//! Zeek's `conn_state`.

/// The state of Zeek's `conn_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "Zeek's own names; the meaning of each is what `meaning` returns")]
pub enum ConnState {
    S0,
    S1,
    Sf,
    Rej,
    S2,
    S3,
    Rsto,
    Rstr,
    Rstos0,
    Rstrh,
    Sh,
    Shr,
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
