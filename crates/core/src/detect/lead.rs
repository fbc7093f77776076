//! What leads to TLS at a service where it does not begin with the connection: STARTTLS and its like, or the CONNECT of a proxy.

use crate::record::{Connection, Speaks};

/// How TLS is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// After a conversation in clear, in the protocol that `openssl s_client -starttls` knows by this name.
    Starttls(&'static str),
    /// Through a proxy (RFC 9110 section 9.3.6), to this host and port, as sent: `None` where they were several.
    Proxy(Option<String>),
}

/// The same of several connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Leads {
    /// There was no TLS yet.
    #[default]
    None,
    One(Lead),
    /// TLS begins at once, or in several ways.
    Other,
}

impl Leads {
    /// One more connection; one without TLS does not count.
    #[inline]
    pub(super) fn note(&mut self, c: &Connection) {
        if c.tls.is_some() {
            self.note_one(c);
        }
    }

    fn note_one(&mut self, c: &Connection) {
        if *self == Self::Other {
            return;
        }
        let next = of(c).map_or(Self::Other, Self::One);
        *self = match (std::mem::take(self), next) {
            (Self::None, next) => next,
            (same, next) if same == next => same,
            (Self::One(Lead::Proxy(_)), Self::One(Lead::Proxy(_))) => Self::One(Lead::Proxy(None)),
            _ => Self::Other,
        };
    }

    /// How TLS is reached, where it does not begin with the connection and is reached in one way alone.
    pub(super) const fn only(&self) -> Option<&Lead> {
        match self {
            Self::One(lead) => Some(lead),
            Self::None | Self::Other => None,
        }
    }
}

fn of(c: &Connection) -> Option<Lead> {
    if let Some(http) = c.http.as_ref().filter(|http| http.first_method.as_deref() == Some("CONNECT")) {
        return Some(Lead::Proxy(http.host.clone()));
    }
    Some(Lead::Starttls(match c.begun_in? {
        Speaks::Smtp => "smtp",
        Speaks::Imap => "imap",
        Speaks::Pop3 => "pop3",
        Speaks::Ftp => "ftp",
        Speaks::Postgres => "postgres",
        Speaks::Mysql => "mysql",
        _ => return None,
    }))
}
