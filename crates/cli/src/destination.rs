//! Where the output goes: standard output, or a file that appears whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::path::{Path, PathBuf};

use handshark::capture::Captures;
use handshark::{CaptureError, Limits};
use handshark_output::text::Style;

use crate::args::{Color, Common, Look};
use crate::failure::Failure;

/// An open destination. Without [`Destination::commit`] a file that was to be replaced stays as it was.
#[derive(Debug)]
pub(crate) struct Destination {
    writer: BufWriter<Target>,
    name: String,
    replaces: Option<Replacement>,
}

#[derive(Debug)]
enum Target {
    Stdout(StdoutLock<'static>),
    File(File),
}

/// A file that is written beside the one it will replace.
#[derive(Debug)]
struct Replacement {
    temporary: PathBuf,
    path: PathBuf,
}

impl Destination {
    /// Standard output, or the file of `--output`; never one of the captures.
    pub(crate) fn open(common: &Common) -> Result<Self, Failure> {
        let Some(path) = common.way.output.as_deref().filter(|path| *path != Path::new("-")) else {
            return Ok(Self::stdout());
        };
        let name = path.to_string_lossy().into_owned();
        if common.captures.iter().any(|capture| is_read(capture, path, common.follow)) {
            return Err(Failure::Usage(format!("{name}: this is one of the captures; it is not overwritten")));
        }
        let opened = match fs::metadata(path) {
            // A device or a pipe is written to; it can not be replaced.
            Ok(metadata) if !metadata.is_file() => OpenOptions::new().write(true).open(path).map(|file| (file, None)),
            // Someone else may have laid the link in a folder for all: what is behind it is not touched, and it is not lost.
            Ok(_) | Err(_) if path.is_symlink() => {
                return Err(Failure::Usage(format!(
                    "{name}: this is a symbolic link; name the file that is to be written"
                )));
            }
            before => temporary(path, before.ok().as_ref())
                .map(|(file, temporary)| (file, Some(Replacement { temporary, path: path.to_path_buf() }))),
        };
        let (file, replaces) = opened.map_err(|source| Failure::write(&name, source))?;
        Ok(Self { writer: buffered(Target::File(file)), name, replaces })
    }

    pub(crate) fn stdout() -> Self {
        let target = Target::Stdout(io::stdout().lock());
        Self { writer: buffered(target), name: "standard output".to_owned(), replaces: None }
    }

    /// Whether it is standard output, wherever that goes.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.writer.get_ref(), Target::Stdout(_))
    }

    /// Whether a person is reading along.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_stdout() && io::stdout().is_terminal()
    }

    /// The file to remove if the program is stopped.
    pub(crate) fn temporary(&self) -> Option<PathBuf> {
        self.replaces.as_ref().map(|replacement| replacement.temporary.clone())
    }

    /// How text looks there.
    pub(crate) fn style(&self, look: &Look) -> Style {
        let color = match look.color {
            Color::Always => true,
            Color::Never => false,
            // What this knows: NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb, and whether it is a terminal.
            Color::Auto if self.is_stdout() => {
                anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
            Color::Auto => false,
        };
        let of_terminal = || terminal_size::terminal_size().map(|(width, _)| width.0.clamp(60, 120));
        let width = look.width.or_else(|| if self.is_terminal() { of_terminal() } else { None });
        Style { width: usize::from(width.unwrap_or(100)), color }
    }

    /// An error of writing here.
    pub(crate) fn failure(&self, source: io::Error) -> Failure {
        Failure::write(&self.name, source)
    }

    /// Writes out what is buffered and puts the file in its place.
    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        let done = self.writer.flush().and_then(|()| match (self.writer.get_ref(), &self.replaces) {
            (Target::File(file), Some(replacement)) => {
                file.sync_all()?;
                fs::rename(&replacement.temporary, &replacement.path)
            }
            (Target::File(_) | Target::Stdout(_), _) => Ok(()),
        });
        done.map_err(|source| self.failure(source))?;
        self.replaces = None;
        Ok(())
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Some(replacement) = &self.replaces {
            drop(fs::remove_file(&replacement.temporary));
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

fn buffered(target: Target) -> BufWriter<Target> {
    BufWriter::with_capacity(64 * 1024, target)
}

/// A new file in the same folder, so that the rename is atomic; who may read the file that was there `before` may read it, and
/// nobody else. `create_new` follows no link and takes no existing file.
fn temporary(path: &Path, before: Option<&Metadata>) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..100 {
        let mut candidate = hidden.clone();
        candidate.push(format!(".{}-{attempt}.tmp", std::process::id()));
        let candidate = path.with_file_name(candidate);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        match open_like(&mut options, &candidate, before) {
            Ok(file) => return Ok((file, candidate)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// Opens a new file with the permissions of another one, and its owner and group where the system allows that.
#[cfg(unix)]
fn open_like(options: &mut OpenOptions, path: &Path, before: Option<&Metadata>) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
    let Some(before) = before else { return options.open(path) };
    let mode = before.mode() & 0o777;
    // Who opens it now could read later on what is written.
    let file = options.mode(mode & 0o600).open(path)?;
    let made = file.metadata()?;
    let owned = (made.uid(), made.gid()) == (before.uid(), before.gid())
        || fchown(&file, Some(before.uid()), Some(before.gid())).is_ok();
    // What the old group was allowed is not for another one, but for what all are allowed.
    let mode = if owned { mode } else { mode & 0o707 | (mode & 0o007) << 3 };
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(file)
}

#[cfg(not(unix))]
fn open_like(options: &mut OpenOptions, path: &Path, _: Option<&Metadata>) -> io::Result<File> {
    options.open(path)
}

/// Whether `path` is what is named, or a capture in the directory that is named. Of the other files there none is read: a report
/// that an earlier call left is replaced.
fn is_read(named: &Path, path: &Path, follow: bool) -> bool {
    let Ok(files) = fs::read_dir(named) else { return is_same_file(named, path) };
    path.exists() && files.flatten().any(|file| is_same_file(&file.path(), path)) && may_be_capture(path, follow)
}

/// Whether its bytes are a capture's. Of a file that can not be looked into nobody knows, and an empty one that is followed has a
/// writer that may just have begun.
fn may_be_capture(path: &Path, follow: bool) -> bool {
    match Captures::open(&[path.to_path_buf()], &Limits::default()) {
        Err(CaptureError::NotACapture { .. }) => false,
        Err(CaptureError::Empty { .. }) => follow,
        Ok(_) | Err(_) => true,
    }
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
