//! Files, directories and streams as one capture in time order.

use std::io::{Cursor, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use handshark::capture::Captures;
use handshark::{CaptureError, Limits};

use crate::build::*;

/// A directory that is removed with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("handshark-capture-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a file for the test");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn open(paths: &[&Path]) -> Result<Captures, CaptureError> {
    let paths: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
    Captures::open(&paths, &Limits::default())
}

/// Number, second and interface of each packet.
fn all(captures: &mut Captures) -> Vec<(u64, i64, u16)> {
    let mut all = Vec::new();
    while let Some(frame) = captures.next_frame().expect("readable") {
        all.push((frame.number.number(), frame.time.as_nanos() / 1_000_000_000, frame.interface.0));
    }
    all
}

fn codes(captures: &Captures) -> Vec<(&'static str, u64)> {
    captures.quality().iter().map(|quality| (quality.code, quality.count)).collect()
}

#[test]
fn files_that_overlap_are_merged_by_time() {
    let folder = Folder::new();
    let odd = folder.write("odd.pcap", &plain([1, 3, 5, 7]));
    let even = folder.write("even.pcap", &plain([2, 3, 4, 9]));
    let mut captures = open(&[&odd, &even]).unwrap();
    assert_eq!(captures.total_bytes(), Some(2 * plain([1, 3, 5, 7]).len() as u64));
    // At equal times the file that was named first comes first; they were captured at two places.
    let expected = [(1, 1, 0), (2, 2, 1), (3, 3, 0), (4, 3, 1), (5, 4, 1), (6, 5, 0), (7, 7, 0), (8, 9, 1)];
    assert_eq!(all(&mut captures), expected);
    assert_eq!(captures.bytes_read(), captures.total_bytes().unwrap());
    assert_eq!(codes(&captures), []);
}

#[test]
fn rotated_files_are_put_in_order_and_share_their_interface() {
    let folder = Folder::new();
    let later = folder.write("a.pcap", &plain(10..15));
    let earlier = folder.write("b.pcap", &plain(0..5));
    let between = folder.write("c.pcap", &plain(5..10));
    let mut captures = open(&[&later, &earlier, &between]).unwrap();
    assert_eq!(all(&mut captures), (0..15).map(|i| (i as u64 + 1, i, 0)).collect::<Vec<_>>());
    assert_eq!(captures.interfaces().len(), 1);
    assert_eq!(captures.files().count(), 3);
}

#[test]
fn a_file_that_shrinks_or_is_removed_gives_what_it_had() {
    let folder = Folder::new();
    // More than is read at once.
    let path = folder.write("a.pcap", &plain(0..60_000));
    let whole = std::fs::metadata(&path).unwrap().len();
    let begun = |captures: &mut Captures| captures.next_frame().unwrap().map(|frame| frame.number.number());

    let mut captures = open(&[&path]).unwrap();
    assert_eq!(begun(&mut captures), Some(1));
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(whole / 2 + 7).unwrap();
    let read = all(&mut captures).len();
    assert!((1..=30_000).contains(&read), "{read}");
    assert_eq!(codes(&captures), [("cut-short", 1)]);

    let path = folder.write("b.pcap", &plain(0..60_000));
    let mut captures = open(&[&path]).unwrap();
    assert_eq!(begun(&mut captures), Some(1));
    if std::fs::remove_file(&path).is_ok() {
        assert_eq!(all(&mut captures).len(), 59_999);
    }
}

#[test]
fn a_file_that_is_gone_when_its_turn_comes_is_left_out_and_counted() {
    let folder = Folder::new();
    let paths: Vec<PathBuf> = (0..5_u32)
        .map(|number| folder.write(&format!("{number}.pcap"), &plain(10 * number..10 * number + 3)))
        .collect();
    let mut captures = Captures::open(&paths, &Limits::default()).unwrap();
    for gone in [1, 4] {
        std::fs::remove_file(&paths[gone]).unwrap();
    }
    let seconds: Vec<i64> = all(&mut captures).into_iter().map(|(_, second, _)| second).collect();
    assert_eq!(seconds, [0, 1, 2, 20, 21, 22, 30, 31, 32]);
    assert_eq!(codes(&captures), [("unreadable-file", 2)]);
    assert!(captures.quality()[0].note.contains("1.pcap"), "{:?}", captures.quality());
    assert!(captures.next_frame().unwrap().is_none(), "it has ended");

    // Alone in its directory: an error, once.
    let alone = Folder::new();
    let path = alone.write("a.pcap", &plain(0..3));
    let mut captures = open(&[&alone.0]).unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(matches!(captures.next_frame(), Err(CaptureError::Io { .. })));
    assert!(captures.next_frame().unwrap().is_none(), "it has ended");
}

#[test]
fn a_directory_stands_for_the_captures_in_it() {
    let folder = Folder::new();
    folder.write("2.pcap", &plain([2]));
    folder.write("1.anything", &plain([1]));
    folder.write("README.txt", b"what these are");
    folder.write("3.pcap", b"");
    std::fs::create_dir(folder.0.join("sub")).unwrap();
    let mut captures = open(&[&folder.0]).unwrap();
    assert_eq!(all(&mut captures), [(1, 1, 0), (2, 2, 0)]);
    assert_eq!(codes(&captures), [("unreadable-file", 1), ("other-files", 1)]);
}

#[test]
fn a_directory_without_captures_says_so() {
    let folder = Folder::new();
    assert!(matches!(open(&[&folder.0]), Err(CaptureError::NoCaptures { .. })));
    folder.write("a.txt", b"text and more text");
    let error = open(&[&folder.0]).unwrap_err();
    assert!(error.to_string().contains("no capture file"), "{error}");
}

#[test]
fn one_bad_file_alone_is_an_error_and_among_others_a_warning() {
    let folder = Folder::new();
    let text = folder.write("a.txt", b"text and more text");
    let good = folder.write("b.pcap", &plain([1]));
    let error = open(&[&text]).unwrap_err();
    assert!(error.path() == Some(&text) && error.to_string().contains("not a packet capture: text"), "{error}");
    let mut captures = open(&[&text, &good]).unwrap();
    assert_eq!(all(&mut captures).len(), 1);
    assert_eq!(codes(&captures), [("unreadable-file", 1)]);
    assert!(matches!(open(&[&good, &folder.0.join("missing")]), Err(CaptureError::Io { .. })));
}

#[test]
fn warnings_of_several_files_name_the_file_and_add_up() {
    let folder = Folder::new();
    let cut = |seconds: std::ops::Range<u32>| {
        let mut file = plain(seconds);
        file.truncate(file.len() - 5);
        file
    };
    let paths =
        [folder.write("a.pcap", &cut(0..5)), folder.write("b.pcap", &cut(5..10)), folder.write("c.pcap", &plain([11]))];
    let mut captures = open(&[&paths[0], &paths[1], &paths[2]]).unwrap();
    assert_eq!(all(&mut captures).len(), 9);
    assert_eq!(codes(&captures), [("cut-short", 2)]);
    assert!(captures.quality()[0].note.contains("a.pcap: the capture ends"), "{:?}", captures.quality());
}

#[test]
fn drops_of_files_that_share_an_interface_add_up() {
    let folder = Folder::new();
    let file = |second: u64, drops: u64| {
        let statistics = [vec![0; 12], options(Little, &[(5, &drops.to_le_bytes())])].concat();
        let head = [section(Little), interface(Little, 1, 0, &[(2, b"eth0")])].concat();
        [head, enhanced(Little, 0, second * 1_000_000, 4, &[1; 4]), block(Little, 5, &statistics)].concat()
    };
    let (a, b) = (folder.write("a", &file(1, 5)), folder.write("b", &file(2, 7)));
    let mut captures = open(&[&a, &b]).unwrap();
    assert_eq!(all(&mut captures).len(), 2);
    assert_eq!(captures.interfaces().len(), 1);
    assert_eq!(codes(&captures), [("capture-drops", 12)]);
}

/// A stream that gives one byte at a time, is interrupted now and then, and may end in an error.
struct Slow {
    bytes: Cursor<Vec<u8>>,
    calls: u32,
    end: Option<ErrorKind>,
}

impl Read for Slow {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(ErrorKind::Interrupted.into());
        }
        let len = out.len().min(1);
        match (self.bytes.read(&mut out[..len])?, self.end.take()) {
            (0, Some(kind)) => Err(Error::new(kind, "the other side went away")),
            (count, end) => {
                self.end = end;
                Ok(count)
            }
        }
    }
}

#[test]
fn a_slow_and_interrupted_stream_is_read() {
    let source = Slow { bytes: Cursor::new(plain(0..5)), calls: 0, end: None };
    let mut captures = Captures::from_read("-", Box::new(source), &Limits::default());
    assert_eq!(all(&mut captures).len(), 5);
    assert_eq!((captures.files().next(), captures.total_bytes()), (Some("-"), None));
    assert_eq!(codes(&captures), []);
}

#[test]
fn a_stream_that_breaks_says_so_once_after_what_it_gave() {
    let source = Slow { bytes: Cursor::new(plain(0..5)), calls: 0, end: Some(ErrorKind::ConnectionReset) };
    let mut captures = Captures::from_read("-", Box::new(source), &Limits::default());
    for _ in 0..5 {
        assert!(captures.next_frame().unwrap().is_some());
    }
    assert!(matches!(captures.next_frame(), Err(CaptureError::Io { path: None, .. })));
    assert!(captures.next_frame().unwrap().is_none());
    assert!(captures.next_frame().unwrap().is_none());
}

#[test]
fn a_stream_that_is_no_capture_says_so_without_a_path() {
    let mut captures = Captures::from_read("-", Box::new(Cursor::new(b"bash: no".to_vec())), &Limits::default());
    let error = captures.next_frame().unwrap_err();
    assert!(error.path().is_none() && error.to_string().starts_with("standard input: not a packet capture"), "{error}");
}

#[test]
fn numbers_skip_over_blocks_that_wireshark_numbers() {
    let packet = |second: u64| enhanced(Little, 0, second * 1_000_000, 4, &[1; 4]);
    let custom = block(Little, 0xbad, &[0xd9, 0x7e, 0, 0]);
    let file = [plain_ng(Little, []), custom, packet(1), packet(2)].concat();
    let mut captures = Captures::from_read("-", Box::new(Cursor::new(file)), &Limits::default());
    assert_eq!(all(&mut captures).iter().map(|p| p.0).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn captures_can_go_to_another_thread() {
    fn goes<T: Send>() {}
    goes::<Captures>();
    goes::<handshark::capture::Reader>();
}

/// Many interfaces in one file cost what they are, not their square.
#[test]
fn many_interfaces_are_read_in_time() {
    let mut file = section(Little);
    for id in 0..66_000_u32 {
        file.extend(interface(Little, 1, 0, &[]));
        file.extend(enhanced(Little, id, 1, 4, &[1; 4]));
    }
    let mut captures = Captures::from_read("-", Box::new(Cursor::new(file)), &Limits::default());
    assert_eq!(all(&mut captures).len(), 65_535);
    assert_eq!(captures.interfaces().len(), 65_535);
    assert_eq!(codes(&captures), [("damaged", 930)]);
}
