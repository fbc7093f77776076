//! Which files are read: those that were named, and the captures in directories.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use super::{Captures, Member, State, add};
use crate::capture::open::{Source, directory};
use crate::types::{Timestamp, escaped};
use crate::{CaptureError, Limits, Quality};

impl Captures {
    /// Opens files and directories as one capture in time order. A directory stands for the captures in it, told by their
    /// first bytes and read in the order of their times; what else is in it is passed by.
    ///
    /// Of several files, those that are empty or no captures are left out and named in [`Self::quality`].
    ///
    /// # Errors
    /// A file can not be opened, or not one is a capture.
    pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Self, CaptureError> {
        let mut captures = Self::empty();
        let mut first_error = None;
        for path in paths {
            match directory(path)? {
                None => {
                    let mut member = Member::new(&path.to_string_lossy(), Source::file(path, limits)?);
                    // A pipe would have to wait for its writer, and alone it needs no place in time.
                    let may_wait = paths.len() == 1 && !member.source.is_regular();
                    let first = if may_wait { Ok(Some(Timestamp::MIN)) } else { member.source.peek() };
                    captures.admit(member, first, paths.len() > 1, limits, &mut first_error)?;
                }
                Some(files) => captures.open_directory(path, &files, limits, &mut first_error)?,
            }
        }
        match first_error {
            Some(error) if captures.members.is_empty() => Err(error),
            _ => Ok(captures),
        }
    }

    fn open_directory(
        &mut self,
        path: &Path,
        files: &[PathBuf],
        limits: &Limits,
        first_error: &mut Option<CaptureError>,
    ) -> Result<(), CaptureError> {
        let before = self.members.len();
        let mut others = 0_u64;
        for file in files {
            let source = match Source::file(file, limits) {
                Ok(source) => source,
                Err(error) => {
                    self.leave_out(error, first_error);
                    continue;
                }
            };
            let mut member = Member::new(&file.to_string_lossy(), source);
            match member.source.peek() {
                Err(CaptureError::NotACapture { .. }) => others += 1,
                first => self.admit(member, first, true, limits, first_error)?,
            }
        }
        if self.members.len() == before {
            first_error.get_or_insert_with(|| CaptureError::NoCaptures { path: path.to_path_buf() });
        } else if others > 0 {
            let note =
                format!("{}: {others} files are no captures and were not read", escaped(&path.to_string_lossy()));
            add(&mut self.unread, Quality { code: "other-files", count: others, note });
        }
        Ok(())
    }

    /// Takes a member in, given what came of looking at its first packet.
    fn admit(
        &mut self,
        mut member: Member,
        first: Result<Option<Timestamp>, CaptureError>,
        one_of_several: bool,
        limits: &Limits,
        first_error: &mut Option<CaptureError>,
    ) -> Result<(), CaptureError> {
        let index = self.members.len();
        match first {
            Ok(Some(time)) => self.waiting.push(Reverse((time, index))),
            Ok(None) => member.state = State::Done,
            Err(error) if one_of_several && !matches!(error, CaptureError::Io { .. }) => {
                self.leave_out(error, first_error);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if one_of_several && member.source.is_regular() && member.state == State::Waiting {
            member.source.close(limits);
        }
        self.members.push(member);
        Ok(())
    }

    /// A file among several that can not be read.
    fn leave_out(&mut self, error: CaptureError, first_error: &mut Option<CaptureError>) {
        add(&mut self.unread, Quality { code: "unreadable-file", count: 1, note: error.to_string() });
        first_error.get_or_insert(error);
    }
}
