//! Arguments that make no sense, and those that ask for help.

use crate::{assert_one_line, run};

#[test]
fn a_wrong_argument_is_one_line_and_code_2() {
    for args in [
        &["--nope"][..],
        &["diagnose", "--format", "xml", "x"],
        &["connections", "--format", "json", "x"],
        &["x", "--fail-on", "bad"],
        &["x", "--only", "no-such-code"],
        &["x", "--limit", "max-connections"],
        &["-", "x.pcap"],
        &["explain", "no-such-code"],
    ] {
        let said = run(args, b"");
        assert_eq!(said.code, Some(2), "{args:?} {said:?}");
        assert_one_line(&said);
        assert_eq!(said.out, "", "{args:?}");
    }
}

#[test]
fn what_the_user_typed_is_escaped() {
    let said = run(&["x", "--only", "a\u{1b}[31m\u{202e}"], b"");
    assert_eq!(said.code, Some(2));
    assert_one_line(&said);
    assert!(!said.err.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn help_and_version_are_answers() {
    let said = run(&["--help"], b"");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    for command in ["diagnose", "connections", "hellos", "certificates", "compare", "annotate", "explain"] {
        assert!(said.out.contains(command), "{}", said.out);
        assert_eq!(run(&[command, "--help"], b"").code, Some(0));
    }
    let said = run(&["--version"], b"");
    assert_eq!(said.out, format!("handshark {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn explain_lists_codes_and_shows_each_page() {
    let list = run(&["explain"], b"");
    assert_eq!(list.code, Some(0), "{list:?}");
    assert!(!list.out.is_empty());
    for code in list.out.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next()) {
        let page = run(&["explain", code], b"");
        assert_eq!(page.code, Some(0), "{page:?}");
        assert!(page.out.starts_with(code) && page.out.contains("What to do"), "{}", page.out);
        assert!(!page.out.contains('\u{1b}'), "no colour into a pipe");
    }
}

#[test]
fn colour_is_there_when_it_is_asked_for() {
    let page = run(&["explain", "missing-sni", "--color", "always"], b"");
    assert!(page.out.contains("\u{1b}[1m"), "{}", page.out);
}
