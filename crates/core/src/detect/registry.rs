//! All detectors, in the order in which they look: the capture first, then the opening, TLS, the life and the end.
//!
//! To add one: its two files and one line here.

use super::Detector;
use super::tls;

/// All detectors. The command, the manual, Python and the tests follow this list.
pub const DETECTORS: &[&dyn Detector] = &[&tls::missing_sni::MissingSni];

/// The detector with this code.
pub fn by_code(code: &str) -> Option<&'static dyn Detector> {
    DETECTORS.iter().copied().find(|detector| detector.code() == code)
}
