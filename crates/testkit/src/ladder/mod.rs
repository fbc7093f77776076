//! Ladders: the tiny line language of the findings' pages. Its manual is the page of this crate.
//!
//! In: the markdown of a page. Out: its ladders, each with a capture and with what it expects of the report.

mod action;
mod connection;
mod expectation;
mod markdown;
mod parse;
mod peer;
mod play;
mod render;
mod script;
mod tap;
mod words;

pub use expectation::{Expectation, Expected, FindingExpected};
pub use markdown::{Heading, headings};
pub use words::LadderError;

use play::Packet;
use script::Script;

/// One ladder of a page, read and played.
#[derive(Debug)]
pub struct Ladder {
    heading: String,
    line: usize,
    source: String,
    script: Script,
    packets: Vec<Packet>,
}

/// The capture of one ladder that stands on no page and expects nothing.
///
/// # Errors
/// It can not be read or played.
pub fn played(ladder: &str) -> Result<Vec<u8>, LadderError> {
    Ok(Ladder::read("", 1, &format!("{ladder}\nexpect none\n"))?.capture())
}

/// The ladders of a page, in order.
///
/// # Errors
/// A ladder can not be read or played.
pub fn ladders(markdown: &str) -> Result<Vec<Ladder>, LadderError> {
    markdown::fences(markdown).map(|fence| Ladder::read(&fence.heading, fence.line, &fence.text)).collect()
}

impl Ladder {
    /// Reads one ladder; `line` is the line of the page before its first.
    fn read(heading: &str, line: usize, source: &str) -> Result<Self, LadderError> {
        let script = parse::script(line + 1, source)?;
        let packets = play::play(&script)?;
        Ok(Self { heading: heading.to_owned(), line, source: source.to_owned(), script, packets })
    }

    /// A ladder outside a page.
    ///
    /// # Errors
    /// It can not be read or played; lines count from 1.
    pub fn from_text(source: &str) -> Result<Self, LadderError> {
        Self::read("", 0, source)
    }

    /// The heading that it stands under.
    pub fn heading(&self) -> &str {
        &self.heading
    }

    /// The line of the page that opens it, from 1.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it expects of the report.
    pub fn expectations(&self) -> &[Expectation] {
        &self.script.expectations
    }

    /// The capture file.
    pub fn capture(&self) -> Vec<u8> {
        render::capture(&self.script.settings, &self.packets)
    }

    /// Every packet with its number in the capture, one a line; packets that were not captured have none.
    pub fn listing(&self) -> String {
        render::listing(&self.packets)
    }
}
