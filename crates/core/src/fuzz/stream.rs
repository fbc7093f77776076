//! Reassembly against an array of bytes.

use super::{Choices, moment};
use crate::tcp::{Assembler, Piece};
use crate::types::Seq;

/// Segments in any order, overlapping and with other bytes, cut by the snap length or not, and holes that are given up:
/// against an array in which the byte captured first stands.
///
/// # Panics
/// What comes out differs from the array.
pub fn reassembly(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let base = u32::from_le_bytes([choices.byte(), choices.byte(), choices.byte(), choices.byte()]);
    let mut model = Model::default();
    let mut assembler = Assembler::default();
    assembler.begin(Seq(base));
    let mut step = 0;
    while !choices.is_empty() && step < 600 {
        step += 1;
        let mut out = Vec::new();
        let mut give = |piece: Piece<'_>, _| out.extend(Cell::of(&piece));
        let what = choices.byte();
        if what == 0xff {
            assembler.skip_hole(moment(step), &mut give);
            model.skip();
        } else {
            let offset = usize::from(u16::from_le_bytes([choices.byte(), what])) % WINDOW;
            let (length, cut) = (usize::from(choices.byte()), usize::from(choices.byte() % 4) * 5);
            // Bytes of its own, so that a wrong winner shows.
            let bytes: Vec<u8> = (0..length).map(|at| (step * 31 + at) as u8).collect();
            let whole = (length + cut) as u32;
            let from = Seq(base.wrapping_add(offset as u32));
            let given_up = assembler.add(from, &bytes, whole, moment(step), 1 << 20, &mut give);
            assert!(!given_up, "there is room for all");
            model.add(offset, &bytes, cut);
        }
        assert_eq!(out, model.drain(), "step {step}");
        assert!(assembler.held() <= WINDOW + 255, "{} held", assembler.held());
    }
}

/// Offsets that a segment can begin at.
const WINDOW: usize = 4_096;

/// What is known of a place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Byte(u8),
    Cut,
    Missing,
}

impl Cell {
    fn of(piece: &Piece<'_>) -> Vec<Self> {
        match piece {
            Piece::Bytes(bytes) => bytes.iter().copied().map(Self::Byte).collect(),
            Piece::Cut(length) => vec![Self::Cut; *length as usize],
            Piece::Missing(length) => vec![Self::Missing; *length as usize],
        }
    }
}

#[derive(Debug, Default)]
struct Model {
    cells: Vec<Option<Cell>>,
    given: usize,
}

impl Model {
    fn add(&mut self, offset: usize, bytes: &[u8], cut: usize) {
        let cells = bytes.iter().copied().map(Cell::Byte).chain(std::iter::repeat_n(Cell::Cut, cut));
        for (at, cell) in cells.enumerate().map(|(at, cell)| (offset + at, cell)) {
            if self.cells.len() <= at {
                self.cells.resize(at + 1, None);
            }
            if at >= self.given {
                self.cells[at].get_or_insert(cell);
            }
        }
    }

    fn skip(&mut self) {
        let Some(ahead) = self.cells.iter().skip(self.given).position(Option::is_some) else { return };
        self.cells[self.given..self.given + ahead].fill(Some(Cell::Missing));
    }

    fn drain(&mut self) -> Vec<Cell> {
        let out: Vec<Cell> = self.cells.iter().skip(self.given).map_while(|cell| *cell).collect();
        self.given += out.len();
        out
    }
}
