//! Command lines, right and wrong.

use super::*;

fn parsed(line: &str) -> Result<Command, Failure> {
    parse(line.split(' ').map(OsString::from))
}

#[test]
fn the_definition_is_sound() {
    definition().debug_assert();
}

#[test]
fn a_capture_without_a_command_is_diagnosed() {
    for line in ["handshark a.pcap b.pcap --fail-on error", "handshark diagnose --fail-on error a.pcap b.pcap"] {
        let Ok(Command::Diagnose(job)) = parsed(line) else { panic!("{line}") };
        assert_eq!(job.common.captures.len(), 2);
        assert_eq!(job.common.fail_on, Some(Level::Error));
    }
    assert!(matches!(parsed("handshark ./explain"), Ok(Command::Diagnose(_))));
    assert!(matches!(parsed("handshark explain"), Ok(Command::Explain(_))));
}

#[test]
fn a_mistyped_command_is_no_capture() {
    for line in ["handshark conections a.pcap", "handshark diagnoes a.pcap", "handshark explian"] {
        let Err(Failure::Usage(text)) = parsed(line) else { panic!("{line}") };
        assert!(text.contains("there is a command '") && !text.contains('\n'), "{text}");
    }
    for line in ["handshark a.pcap", "handshark ./conections", "handshark node.pcap b.pcap", "handshark node1"] {
        assert!(matches!(parsed(line), Ok(Command::Diagnose(_))), "{line}");
    }
}

#[test]
fn a_code_is_found_however_it_is_written() {
    assert_eq!(code("STALE-Reuse"), Ok("stale-reuse"));
    for (wrong, meant) in [("stale-resue", "stale-reuse"), ("sni", "missing-sni"), ("idle_close", "idle-close")] {
        let said = code(wrong).expect_err(wrong);
        assert!(said.contains("near it: ") && said.contains(meant), "{said}");
    }
    assert!(code("").is_err() && !code("nonsense").expect_err("none").contains("near it"));
}

#[test]
fn a_wrong_argument_is_one_line() {
    for line in ["handshark --nope", "handshark a --format xml", "handshark a --limit x", "handshark a --width 3"] {
        let Err(Failure::Usage(text)) = parsed(line) else { panic!("{line}") };
        assert!(!text.contains('\n') && !text.contains("Usage:") && !text.starts_with("error"), "{text}");
        assert!(text.ends_with("(see handshark --help)"), "{text}");
    }
    let Err(Failure::Usage(text)) = parsed("handshark --bogus") else { panic!("--bogus") };
    assert!(text.starts_with("unexpected argument '--bogus' found; tip: to pass"), "{text}");
}
