//! `--follow`: files that grow, are rotated, or come one after the other.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::live::signals::{catches_interrupts, send, until};
use crate::{assert_one_line, captures, file, folder, handshark, run};

/// The bytes of the header of a pcap file, and of one of its records.
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// One capture as two files: the first `records` records, and the rest.
fn in_two(capture: &[u8], records: usize) -> (Vec<u8>, Vec<u8>) {
    let mut at = FILE_HEADER;
    for _ in 0..records {
        let length: [u8; 4] = capture[at + 8..at + 12].try_into().expect("four bytes");
        at += RECORD_HEADER + u32::from_le_bytes(length) as usize;
    }
    (capture[..at].to_vec(), [&capture[..FILE_HEADER], &capture[at..]].concat())
}

fn follow(path: &str) -> Child {
    let args = ["--follow", path, "--format", "json"];
    let child = handshark(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    until(|| catches_interrupts(child.id()));
    child
}

/// Whether the process has this very file open, and has read it to its end.
fn has_read(child: &Child, path: &Path) -> bool {
    let Ok(wanted) = fs::metadata(path) else { return false };
    let folder = format!("/proc/{}/fd", child.id());
    fs::read_dir(&folder).is_ok_and(|files| {
        files.flatten().any(|file| {
            let is_it =
                fs::metadata(file.path()).is_ok_and(|open| (open.dev(), open.ino()) == (wanted.dev(), wanted.ino()));
            let about =
                fs::read_to_string(file.path().to_string_lossy().replace("/fd/", "/fdinfo/")).unwrap_or_default();
            let position =
                about.lines().find_map(|line| line.strip_prefix("pos:")).and_then(|at| at.trim().parse().ok());
            is_it && position == Some(wanted.len())
        })
    })
}

/// What the report says, but for the names of the files.
fn ended(child: Child) -> Value {
    send("-INT", &child);
    let said = child.wait_with_output().expect("it ends");
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    assert!(said.stderr.is_empty(), "{said:?}");
    nameless(&String::from_utf8(said.stdout).expect("UTF-8"))
}

fn nameless(report: &str) -> Value {
    let mut report: Value = serde_json::from_str(report).expect("JSON");
    report["capture"]["files"].take();
    report
}

fn at_once(paths: &[&str]) -> Value {
    let said = run(&[paths, &["--format", "json"]].concat(), b"");
    assert_eq!(said.code, Some(0), "{said:?}");
    nameless(&said.out)
}

#[test]
fn a_file_that_grows_is_read_as_if_it_had_been_there() {
    let folder = folder("follow-grows");
    let whole = captures::refused_and_without_sni();
    // Its writer stands in the middle of the header, then of a record.
    let path = file(&folder, "a.pcap", &whole[..10]);
    let child = follow(&path);
    for part in [&whole[10..150], &whole[150..]] {
        // A file is opened once its header is whole.
        until(|| fs::metadata(&path).is_ok_and(|file| file.len() < 24) || has_read(&child, Path::new(&path)));
        fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(part)).expect("it grows");
    }
    until(|| has_read(&child, Path::new(&path)));
    assert_eq!(ended(child), at_once(&[&path]));
}

#[test]
fn a_file_that_is_rotated_goes_on_in_the_next() {
    let folder = folder("follow-rotated");
    let (first, second) = in_two(&captures::refused_and_without_sni(), 4);
    let path = file(&folder, "a.pcap", &first);
    let child = follow(&path);
    until(|| has_read(&child, Path::new(&path)));
    let moved = folder.join("a.pcap.1");
    fs::rename(&path, &moved).expect("it is moved");
    fs::write(&path, &second).expect("a new one is there");
    until(|| has_read(&child, Path::new(&path)));
    assert_eq!(ended(child), at_once(&[moved.to_str().expect("UTF-8"), &path]));
}

#[test]
fn a_file_that_is_begun_anew_is_read_from_its_start() {
    let folder = folder("follow-anew");
    let (first, second) = in_two(&captures::refused_and_without_sni(), 8);
    assert!(second.len() < first.len(), "or nobody sees that it was begun anew");
    let path = file(&folder, "a.pcap", &first);
    let child = follow(&path);
    until(|| has_read(&child, Path::new(&path)));
    fs::write(&path, &second).expect("it is written anew");
    until(|| has_read(&child, Path::new(&path)));
    let kept = [file(&folder, "kept.1", &first), file(&folder, "kept.2", &second)];
    assert_eq!(ended(child), at_once(&[&kept[0], &kept[1]]));
}

#[test]
fn of_a_directory_the_files_are_read_that_come() {
    let folder = folder("follow-directory");
    let (first, second) = in_two(&captures::refused_and_without_sni(), 4);
    let paths = ["a.pcap", "b.pcap"].map(|name| folder.join(name));
    fs::write(&paths[0], &first).expect("a file");
    let child = follow(folder.to_str().expect("UTF-8"));
    until(|| has_read(&child, &paths[0]));
    fs::write(&paths[1], &second).expect("a file");
    until(|| has_read(&child, &paths[1]));
    assert_eq!(ended(child), at_once(&paths.each_ref().map(|path| path.to_str().expect("UTF-8"))));
}

#[test]
fn a_backlog_is_read_in_the_order_of_its_times_without_looking_at_all_for_each() {
    let folder = folder("follow-backlog");
    let whole = captures::refused_and_without_sni();
    let (first, second) = in_two(&whole, 4);
    let paths: Vec<_> = (0..600).map(|number| folder.join(format!("{:03}.pcap", 599 - number))).collect();
    let start = std::time::SystemTime::now() - std::time::Duration::from_secs(1_000);
    for (number, path) in paths.iter().enumerate() {
        let bytes = if number == 0 { &first } else { &second };
        fs::write(path, bytes).expect("a file");
        let at = start + std::time::Duration::from_secs(number as u64);
        fs::File::options().write(true).open(path).and_then(|file| file.set_modified(at)).expect("it is ours");
    }
    let child = follow(folder.to_str().expect("UTF-8"));
    until(|| has_read(&child, &paths[599]));
    let spent = fs::read_to_string(format!("/proc/{}/io", child.id())).expect("it is ours");
    let reads = spent.lines().find_map(|line| line.strip_prefix("syscr: ")).and_then(|count| count.parse::<u64>().ok());
    assert!(reads.is_some_and(|reads| reads < 600 * 20), "{spent}");
    send("-INT", &child);
    let said = child.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let names: Vec<&str> =
        report["capture"]["files"].as_array().expect("names").iter().flat_map(Value::as_str).collect();
    assert_eq!(names.len(), 600);
    assert!(names.iter().rev().is_sorted(), "the first that was written has the last name: {names:?}");
}

#[test]
fn a_log_beside_a_capture_does_not_end_it() {
    let folder = folder("follow-log");
    let whole = captures::refused_and_without_sni();
    let (path, log) = (folder.join("a.pcap"), folder.join("capture.log"));
    fs::write(&path, &whole[..150]).expect("a file");
    let child = follow(folder.to_str().expect("UTF-8"));
    until(|| has_read(&child, &path));
    fs::write(&log, "tcpdump: listening on eth0, link-type EN10MB\n").expect("a file");
    // It is seen by the next look, which comes before the one that reads on.
    std::thread::sleep(std::time::Duration::from_millis(300));
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(&whole[150..]))
        .expect("it grows");
    until(|| has_read(&child, &path));
    let path = path.to_str().expect("UTF-8");
    assert_eq!(ended(child), at_once(&[path]));
}

#[test]
fn what_can_not_be_followed_is_one_line_and_code_2() {
    let folder = folder("follow-nothing");
    let text = file(&folder, "text", b"not one packet, but enough of words");
    let directory = folder.to_str().expect("UTF-8");
    for args in [&["-"][..], &[], &[directory, directory], &["/dev/null"], &["/nowhere"], &[&text]] {
        let said = run(&[&["--follow"], args].concat(), b"");
        assert_eq!(said.code, Some(2), "{args:?}: {said:?}");
        assert_one_line(&said);
    }
}
