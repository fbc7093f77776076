//! What connections are followed with.

use std::ops::Deref;

use super::ftp::Announced;
use crate::Limits;
use crate::tls::Chains;

/// The limits, and what connections of one analysis share within them. It can be used as the limits.
#[derive(Debug)]
pub(crate) struct Means {
    limits: Limits,
    pub(super) chains: Chains,
    /// Data connections of FTP that are to come.
    pub(crate) announced: Announced,
}

impl Means {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { chains: Chains::new(&limits), announced: Announced::default(), limits }
    }
}

impl Deref for Means {
    type Target = Limits;

    fn deref(&self) -> &Limits {
        &self.limits
    }
}
