//! `handshark annotate`: the capture again, with the findings as comments on its packets.
//!
//! The file is read twice, because what a packet proves is known at the end alone: once for the analysis, once to be
//! written. An excerpt takes a reading more between them, to find the packets of its connections.

use std::path::Path;

use handshark::capture::{Piece, Pieces};
use handshark::detect::Severity;
use handshark::excerpt::{Excerpt, Kept};
use handshark::types::escaped;
use handshark::{Limits, Progress, Report};
use handshark_output::annotate::{Comments, Notes};
use handshark_output::pcapng::{Commented, Writer};

use crate::analysis::{self, Input, Manners, Quiet, Shared};
use crate::args::{Annotate, Color, Common, Look, Way};
use crate::destination::Destination;
use crate::failure::Failure;
use crate::limits::limits;
use crate::progress::Line;
use crate::say;

pub(crate) fn run(job: Annotate) -> Result<i32, Failure> {
    let Annotate { input, output, only_evidence, only, min_severity, fail_on, reading } = job;
    can_be_read_twice(&input)?;
    let look = Look { color: Color::Auto, width: None };
    let way = Way { reading, output: Some(output), look };
    let common = Common { captures: vec![input.clone()], only, follow: false, fail_on, way };
    let out = Destination::open(&common)?;
    if out.is_terminal() {
        return Err(Failure::Usage("pcapng is not for a terminal: name a file to write".to_owned()));
    }
    let taker = Shared::new(Quiet::<Notes>::default());
    let manners = Manners { no_progress: false, temporary: out.temporary() };
    let report = analysis::read(&common, &Input::of(&common)?, &taker, manners)?;
    let mut report = report.ok_or(Failure::ClosedPipe)?;
    let only = &common.only;
    report.findings.retain(|finding| only.is_empty() || only.contains(&finding.code));
    // What is left out for its severity alone still counts for the exit code.
    let worst = report.worst();
    report.findings.retain(|finding| min_severity.is_none_or(|least| finding.severity >= Severity::from(least)));
    if !only.is_empty() {
        report.unexplained.clear();
    }

    let name = input.file_name().unwrap_or(input.as_os_str()).to_string_lossy();
    let comments = taker.kept().told(&report, &escaped(&name), only_evidence);
    let limits = limits(&common.way.reading.limits);
    let again = Again { path: &input, limits, no_progress: common.way.reading.no_progress };
    let kept = if only_evidence { Some(again.excerpt(&report)?) } else { None };
    let mut copy = Copy::new(out, comments, kept);
    let dropped = again.read(|piece| copy.piece(piece))?;
    copy.end(dropped)?;
    let code = analysis::conclude(&common, &report, worst);
    copy.warn(&input, &report);
    Ok(code)
}

/// One file that is there from its beginning each time; else a line that says what to do.
fn can_be_read_twice(input: &Path) -> Result<(), Failure> {
    let name = input.to_string_lossy();
    let why = if input == Path::new("-") {
        "standard input can not be read twice: write it to a file first (cat > capture.pcap)".to_owned()
    } else if input.is_dir() {
        format!("{name}: a directory; join its captures first: mergecap -w joined.pcapng {name}/*")
    } else if input.exists() && !input.is_file() {
        format!("{name}: no regular file, and it can not be read twice: copy it to a file first")
    } else {
        return Ok(());
    };
    Err(Failure::Usage(format!("annotate: {why}")))
}

/// The file once more.
#[derive(Debug)]
struct Again<'a> {
    path: &'a Path,
    limits: Limits,
    no_progress: bool,
}

/// Pieces between two looks at the clock.
const TICK_EVERY: u64 = 16_384;

impl Again<'_> {
    /// The packets that an excerpt keeps.
    fn excerpt(&self, report: &Report) -> Result<Kept, Failure> {
        let mut excerpt = Excerpt::new(&self.limits);
        let examples = report.findings.iter().flat_map(|finding| &finding.evidence);
        examples.chain(report.unexplained.iter().map(|kind| &kind.evidence)).for_each(|example| excerpt.want(example));
        self.read(|piece| {
            if let Piece::Packet { frame, .. } = piece {
                excerpt.on_frame(&frame);
            }
            Ok(())
        })?;
        Ok(excerpt.finish())
    }

    /// Hands every piece on; gives the drops that the capture tells of by other means than blocks.
    fn read(&self, mut take: impl FnMut(Piece<'_>) -> Result<(), Failure>) -> Result<Option<u64>, Failure> {
        let mut pieces = Pieces::open(self.path, &self.limits)?;
        let mut line = Line::new(!self.no_progress);
        let (mut count, mut packets, mut interface) = (0_u64, 0, None);
        while let Some(piece) = pieces.next_piece()? {
            match piece {
                Piece::Header(header) => interface = Some(header.interface),
                Piece::Packet { frame, .. } => packets = frame.number.number(),
                Piece::Block { .. } => {}
            }
            take(piece)?;
            count += 1;
            if count.is_multiple_of(TICK_EVERY) {
                let (bytes, total_bytes) = (pieces.bytes_read(), pieces.total_bytes());
                line.tick(Progress { bytes, total_bytes, packets });
            }
        }
        Ok(interface.and_then(|id| pieces.interfaces().by_id(id)?.dropped))
    }
}

/// Writes what is read.
#[derive(Debug)]
struct Copy {
    writer: Writer<Destination>,
    comments: Comments,
    /// Where it is an excerpt, its packets.
    kept: Option<Kept>,
    packets: u64,
    /// Packets whose blocks have no place for comments.
    without_place: u64,
}

impl Copy {
    fn new(out: Destination, comments: Comments, kept: Option<Kept>) -> Self {
        let writer = Writer::new(out, comments.file().to_owned());
        Self { writer, comments, kept, packets: 0, without_place: 0 }
    }

    fn piece(&mut self, piece: Piece<'_>) -> Result<(), Failure> {
        let written = match piece {
            Piece::Header(header) => self.writer.header(header),
            // What has a number among the packets is none, and of no use among few of them.
            Piece::Block { numbered: true, .. } if self.kept.is_some() => Ok(()),
            Piece::Block { block, .. } => self.writer.block(block),
            Piece::Packet { frame, block } => {
                self.packets += 1;
                if self.kept.as_ref().is_some_and(|kept| !kept.has(frame.number)) {
                    return Ok(());
                }
                let comments = self.comments.on(frame.number);
                self.writer.packet(&frame, block, &comments).map(|commented| {
                    self.without_place += u64::from(commented == Commented::No);
                })
            }
        };
        written.map_err(|source| self.writer.out().failure(source))
    }

    /// The end of the file, with the drops that none of its blocks tells of.
    fn end(&mut self, dropped: Option<u64>) -> Result<(), Failure> {
        let dropped = dropped.filter(|count| *count > 0);
        let written = dropped.map_or(Ok(()), |count| self.writer.drops(count));
        written.map_err(|source| self.writer.out().failure(source))?;
        self.writer.out().commit()
    }

    /// Says what the file lacks.
    fn warn(&self, input: &Path, report: &Report) {
        let name = input.to_string_lossy();
        let name = escaped(&name);
        if self.packets != report.capture.packets {
            let (before, now) = (report.capture.packets, self.packets);
            say(&format!(
                "{name}: warning: it changed while it was read, from {before} to {now} packets; comments are those of the \
                 first reading"
            ));
        }
        if self.without_place > 0 {
            let count = self.without_place;
            say(&format!(
                "{name}: warning: comments are left out where a block has no place for them (simple packet blocks, or 16 MiB \
                 already): {count} packets"
            ));
        }
        if self.comments.left_out() > 0 {
            let count = self.comments.left_out();
            say(&format!("{name}: warning: {count} comments on further connections are left out, there are too many"));
        }
    }
}
