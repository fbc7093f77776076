//! Colours, or none: a decision of the caller, never of this crate.

use anstyle::{AnsiColor, Style};
use handshark::detect::Severity;

/// Puts styles around text where colour is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    pub(crate) color: bool,
}

/// Section headings, verdict, evidence.
pub(crate) const STRONG: Style = Style::new().bold();
/// Code and filters, to be copied.
pub(crate) const CODE: Style = AnsiColor::Cyan.on_default();

impl Paint {
    pub(crate) fn with(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(crate) fn severity(self, severity: Severity) -> String {
        let (style, word) = match severity {
            Severity::Error => (AnsiColor::Red.on_default().bold(), "ERROR"),
            Severity::Warning => (AnsiColor::Yellow.on_default().bold(), "WARNING"),
            Severity::Info => (AnsiColor::Blue.on_default().bold(), "INFO"),
        };
        self.with(style, word)
    }
}
