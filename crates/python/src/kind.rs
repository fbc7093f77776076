//! Which table: its name, and what its columns mean.

use handshark::record::{CERTIFICATE_COLUMNS, COLUMNS, HELLO_COLUMNS};
use handshark_output::rows::RowKind;

use crate::{findings, services};

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connections,
    Hellos,
    Certificates,
    Findings,
    Services,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Connections, Self::Hellos, Self::Certificates, Self::Findings, Self::Services];

    /// As the attribute of `Capture` is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Hellos => "hellos",
            Self::Certificates => "certificates",
            Self::Findings => "findings",
            Self::Services => "services",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Names of the columns and what they mean.
    pub(crate) fn about(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Connections => COLUMNS.iter().map(|column| (column.name, column.about)).collect(),
            Self::Hellos => HELLO_COLUMNS.iter().map(|column| (column.name, column.about)).collect(),
            Self::Certificates => CERTIFICATE_COLUMNS.iter().map(|column| (column.name, column.about)).collect(),
            Self::Findings => findings::COLUMNS.to_vec(),
            Self::Services => services::COLUMNS.to_vec(),
        }
    }
}

impl From<RowKind> for Kind {
    fn from(kind: RowKind) -> Self {
        match kind {
            RowKind::Connections => Self::Connections,
            RowKind::Hellos => Self::Hellos,
            RowKind::Certificates => Self::Certificates,
        }
    }
}
