//! Files that follow each other while the capture is still being made: each is read to its end, then the next is asked for.

use std::cmp::Reverse;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use super::{Captures, Member};
use crate::capture::open::Source;
use crate::types::Timestamp;
use crate::{CaptureError, Limits};

/// A file that comes next: what it is called, and its bytes.
pub type NextFile = (PathBuf, Box<dyn Read + Send>);

/// Where the next file comes from.
pub(super) struct Following {
    next: Box<dyn FnMut() -> io::Result<Option<NextFile>> + Send>,
    limits: Limits,
}

impl Captures {
    /// Files one after the other, as a capture is rotated. When the file at hand has ended, `next` gives the one that goes on; `None`
    /// ends the capture. Both `next` and a file may have nothing now: they say [`ErrorKind::WouldBlock`], which
    /// [`Self::next_frame`] passes on, and are asked again by its next call. Of a file that is no capture the
    /// [quality](Self::quality) tells, and the next one is asked for.
    ///
    /// A file costs some memory after its end: the notes on it, about a kilobyte.
    pub fn following(next: Box<dyn FnMut() -> io::Result<Option<NextFile>> + Send>, limits: &Limits) -> Self {
        Self { following: Some(Following { next, limits: limits.clone() }), ..Self::empty() }
    }

    /// Takes the next file in, where there is one.
    pub(super) fn follow(&mut self) -> Result<bool, CaptureError> {
        let Some(Following { next, limits }) = &mut self.following else { return Ok(false) };
        let (path, source) = loop {
            match next() {
                Ok(Some(file)) => break file,
                Ok(None) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(CaptureError::Io { path: None, source }),
            }
        };
        let name = path.to_string_lossy().into_owned();
        self.waiting.push(Reverse((Timestamp::MIN, self.members.len())));
        self.members.push(Member::new(&name, Source::followed(path, source, limits)));
        Ok(true)
    }
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Following").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Its pieces one after the other, and between them nothing for now.
    struct Growing(VecDeque<Option<Vec<u8>>>);

    impl Read for Growing {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.pop_front() {
                None => Ok(0),
                Some(None) => Err(ErrorKind::WouldBlock.into()),
                Some(Some(piece)) => {
                    into[..piece.len()].copy_from_slice(&piece);
                    Ok(piece.len())
                }
            }
        }
    }

    fn pcap(seconds: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
        for &second in seconds {
            bytes.extend([second, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 0xab, second]);
        }
        bytes
    }

    /// What was given: the second of each packet with its number, and `None` where there was nothing for now.
    fn given(captures: &mut Captures) -> Vec<Option<(u64, u8)>> {
        let mut given = Vec::new();
        loop {
            match captures.next_frame() {
                Ok(Some(frame)) => given.push(Some((frame.number.number(), frame.data[1]))),
                Ok(None) => return given,
                Err(error) => {
                    assert!(error.would_block(), "{error}");
                    given.push(None);
                }
            }
        }
    }

    #[test]
    fn files_go_on_where_the_one_before_ended_and_wait_for_what_is_not_there_yet() {
        let (first, second) = (pcap(&[1, 2]), pcap(&[3, 4]));
        let growing = |bytes: &[u8], at: usize| {
            let (before, after) = bytes.split_at(at);
            Some(Growing([Some(before.to_vec()), None, Some(after.to_vec())].into()))
        };
        let text = Some(Growing([Some(b"this is no capture at all, but some words".to_vec())].into()));
        let mut files: VecDeque<Option<Growing>> =
            [growing(&first, 10), None, growing(&second, 45), text, growing(&pcap(&[5]), 24)].into();
        let next = move || match files.pop_front() {
            None => Ok(None),
            Some(None) => Err(ErrorKind::WouldBlock.into()),
            Some(Some(file)) => Ok(Some((PathBuf::from("file"), Box::new(file) as Box<dyn Read + Send>))),
        };
        let mut captures = Captures::following(Box::new(next), &Limits::default());
        let expected = [None, Some((1, 1)), Some((2, 2)), None, Some((3, 3)), None, Some((4, 4)), None, Some((5, 5))];
        assert_eq!(given(&mut captures), expected);
        let quality = captures.quality();
        assert_eq!(quality.iter().map(|quality| quality.code).collect::<Vec<_>>(), ["read-error"], "{quality:?}");
        assert_eq!(captures.files().count(), 4);
    }
}
