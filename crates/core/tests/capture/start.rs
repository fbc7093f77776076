//! The first bytes: text before a capture, and what is no capture.

use handshark::CaptureError;

use crate::build::*;

fn found(input: &[u8]) -> String {
    match read(input).error {
        Some(CaptureError::NotACapture { found, .. }) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_before_the_capture_is_passed_by_and_told() {
    let banner = b"tcpdump: listening on any, link-type LINUX_SLL2\r\n\x1b[31mwarning\x1b[0m\n";
    for capture in [plain([1, 2]), plain_ng(Big, [1, 2])] {
        let read = read(&[banner.to_vec(), capture].concat());
        assert_eq!(read.seconds(), [1, 2]);
        assert_eq!(read.codes(), [("garbage-before", 1)]);
        let note = &read.quality[0].note;
        assert!(note.contains("66 bytes") && note.contains("listening on any"), "{note}");
        assert!(note.contains(r"\x1b[31m") && !note.contains('\x1b'), "{note}");
    }
}

#[test]
fn a_capture_is_looked_for_in_the_first_64_kib_alone() {
    let line = b"error: unable to upgrade connection\n";
    let banner = |len| line.iter().copied().cycle().take(len).collect::<Vec<u8>>();
    assert_eq!(read(&[banner(65_000), plain([1])].concat()).seconds(), [1]);
    assert!(found(&[banner(70_000), plain([1])].concat()).starts_with("text (\"error: unable to upgrade"));
}

#[test]
fn a_magic_number_in_text_or_programs_is_no_capture() {
    let magic = [0xd4, 0xc3, 0xb2, 0xa1];
    assert!(found(&[b"abc ".as_slice(), &magic, b" and so on, and more text behind it"].concat()).starts_with("text"));
    assert_eq!(found(&[b"\x7fELF\x02\x01\x01".as_slice(), &plain([1])].concat()), "an ELF program");
}

#[test]
fn what_is_no_capture_is_named() {
    assert_eq!(found(b"{\"kind\": \"Status\", \"code\": 404}"), "JSON");
    assert_eq!(found(b"<html><body>Not found"), "an HTML page, perhaps an error page of a download");
    assert_eq!(found(b"ab"), "text (\"ab\"), 2 bytes long");
    assert!(found(b"10:00:00.000001 IP 10.0.0.1.80 > 10.0.0.2.9: Flags [S]\n").contains("tcpdump -w"));
    let error = read(b"error from server\n").error.unwrap().to_string();
    assert!(error.contains("not a packet capture: text (\"error from server\")"), "{error}");
}

#[test]
fn nothing_at_all_is_an_error_that_says_so() {
    assert!(matches!(read(&[]).error, Some(CaptureError::Empty { .. })));
}

#[test]
fn an_unknown_version_of_pcapng_is_refused() {
    let mut file = plain_ng(Little, [1]);
    file[12] = 9;
    let error = read(&file).error.unwrap().to_string();
    assert!(error.contains("pcapng version 9.0 is not known"), "{error}");
}
