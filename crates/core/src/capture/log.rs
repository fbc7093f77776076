//! What was wrong with the file: counted by kind, described once.

use crate::Quality;

/// Oddities of one file, each kind with the note of its first occurrence.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Quality>,
    /// Bytes skipped over damage, in all.
    skipped: u64,
}

impl Log {
    /// One occurrence; `note` is asked for the first of its kind alone.
    #[cold]
    pub(super) fn add(&mut self, code: &'static str, note: impl FnOnce() -> String) {
        match self.entries.iter_mut().find(|entry| entry.code == code) {
            Some(entry) => entry.count += 1,
            None => self.entries.push(Quality { code, count: 1, note: note() }),
        }
    }

    /// Damage over which `skipped` bytes were passed by.
    #[cold]
    pub(super) fn damaged(&mut self, skipped: u64, note: impl FnOnce() -> String) {
        self.skipped += skipped;
        self.add("damaged", note);
    }

    /// Whether this kind was met.
    pub(super) fn has(&self, code: &str) -> bool {
        self.entries.iter().any(|entry| entry.code == code)
    }

    /// All kinds, in order of appearance.
    pub(super) fn quality(&self) -> Vec<Quality> {
        let mut all = self.entries.clone();
        for entry in all.iter_mut().filter(|entry| entry.count > 1) {
            let Quality { code, count, note } = entry;
            match *code {
                "damaged" => {
                    *note =
                        format!("{note} (the first of {count} damaged places; {} bytes skipped in all)", self.skipped);
                }
                _ => *note = format!("{note} (the first of {count})"),
            }
        }
        all
    }
}
