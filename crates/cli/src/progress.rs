//! One line on standard error that says how far reading has come; only where it is a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// The line. It is removed when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Line {
    next: Option<Instant>,
    shown: bool,
}

impl Line {
    /// Nothing is shown in the first half second: most captures are read by then.
    pub(crate) fn new(wanted: bool) -> Self {
        let wanted = wanted && std::io::stderr().is_terminal();
        Self { next: wanted.then(|| Instant::now() + Duration::from_millis(500)), shown: false }
    }

    /// Shows it again, at most ten times a second.
    pub(crate) fn tick(&mut self, progress: handshark::Progress) {
        let Some(next) = self.next else { return };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next = Some(now + Duration::from_millis(100));
        self.shown = true;
        drop(write!(std::io::stderr().lock(), "\r\x1b[2K{}", text(progress)));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.shown {
            drop(write!(std::io::stderr().lock(), "\r\x1b[2K"));
        }
    }
}

fn text(progress: handshark::Progress) -> String {
    let percent = progress.total_bytes.and_then(|total| progress.bytes.saturating_mul(100).checked_div(total));
    match percent {
        Some(percent) => format!("{:3} %  {} packets", percent.min(100), progress.packets),
        None => format!("{} MB  {} packets", progress.bytes / 1_000_000, progress.packets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_shown_where_the_size_is_known() {
        let progress = |total_bytes| handshark::Progress { bytes: 50_000_000, total_bytes, packets: 7 };
        assert_eq!(text(progress(Some(200_000_000))), " 25 %  7 packets");
        assert_eq!(text(progress(Some(0))), "50 MB  7 packets");
        assert_eq!(text(progress(None)), "50 MB  7 packets");
    }
}
