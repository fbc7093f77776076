//! Where the output goes, and what happens when it can not.

use std::fs;
use std::process::Stdio;

use crate::{Said, assert_one_line, captures, file, folder, handshark, run};

/// A reader that has gone: `handshark explain | head -0`.
#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = folder("closed-pipe");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    for args in [&["explain", "missing-sni"][..], &[&path], &[&path, "--format", "json"], &["connections", &path]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child = handshark(args).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn();
        let said: Said = child.and_then(std::process::Child::wait_with_output).expect("the command ends").into();
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_line_and_code_2() {
    let folder = folder("full-disk");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    for args in [&["explain", "missing-sni"][..], &[&path], &["connections", "--format", "csv", &path]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let child = handshark(args).stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn();
        let said: Said = child.and_then(std::process::Child::wait_with_output).expect("the command ends").into();
        assert_eq!(said.code, Some(2), "{args:?} {said:?}");
        assert_one_line(&said);
    }
    let said = run(&[&path, "--output", "/dev/full"], b"");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_one_line(&said);
}

#[test]
fn an_output_file_is_replaced_whole() {
    let folder = folder("replaced");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let report = file(&folder, "report.json", b"an older and longer report");
    let said = run(&[&path, "--format", "json", "--output", &report], b"");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    assert_eq!(fs::read_to_string(&report).expect("the report"), run(&[&path, "--format", "json"], b"").out);
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2, "nothing else is left");
}

#[test]
fn when_reading_fails_the_output_file_stays_as_it_was() {
    let folder = folder("kept");
    let text = file(&folder, "notes.txt", b"no capture at all\n");
    let report = file(&folder, "report.json", b"an older report");
    let said = run(&["connections", &text, "--output", &report], b"");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(fs::read(&report).expect("the report"), b"an older report");
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2, "nothing else is left");
}

#[test]
fn a_capture_is_never_overwritten() {
    let folder = folder("same");
    let bytes = captures::refused_and_without_sni();
    let path = file(&folder, "two.pcap", &bytes);
    let said = run(&[&path, "--output", &path], b"");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_one_line(&said);
    assert_eq!(fs::read(&path).expect("the capture"), bytes);
}

#[test]
fn a_capture_in_a_directory_that_is_read_is_never_overwritten() {
    let folder = folder("same-directory");
    let bytes = captures::refused_and_without_sni();
    let path = file(&folder, "two.pcap", &bytes);
    let directory = folder.to_str().expect("UTF-8");
    for args in [&[directory][..], &["--follow", directory], &["connections", directory]] {
        let said = run(&[args, &["--output", &path]].concat(), b"");
        assert_eq!(said.code, Some(2), "{args:?} {said:?}");
        assert_one_line(&said);
        assert_eq!(fs::read(&path).expect("the capture"), bytes, "{args:?}");
    }
    // A report that an earlier call left there is no capture.
    let report = file(&folder, "report.txt", b"an older report");
    let said = run(&[directory, "--output", &report], b"");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_ne!(fs::read(&report).expect("the report"), b"an older report");
}

#[test]
fn an_output_file_in_the_directory_that_is_read_is_not_read() {
    let folder = folder("beside");
    file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let directory = folder.to_str().expect("UTF-8");
    let report = folder.join("report.txt").to_string_lossy().into_owned();
    let said = run(&[directory, "--strict", "--output", &report], b"");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(!fs::read_to_string(&report).expect("the report").contains(".tmp"));
}

#[cfg(unix)]
#[test]
fn an_output_file_keeps_its_permissions() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = folder("permissions");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    for (name, mode) in [("private.txt", 0o600), ("shared.txt", 0o664)] {
        let report = file(&folder, name, b"an older report");
        fs::set_permissions(&report, fs::Permissions::from_mode(mode)).expect("it is ours");
        let said = run(&[&path, "--output", &report], b"");
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        assert_eq!(fs::metadata(&report).expect("it is there").mode() & 0o777, mode, "{name}");
        assert_ne!(fs::read(&report).expect("the report"), b"an older report");
    }
}

#[test]
fn an_output_folder_that_is_not_there_is_one_line() {
    let folder = folder("no-folder");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let report = folder.join("nowhere/report.txt");
    let said = run(&[&path, "--output", report.to_str().expect("UTF-8")], b"");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_one_line(&said);
}
