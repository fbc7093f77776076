//! Frame counts and times of real captures against what tshark says of them.
//!
//! Runs where the corpus is: beside the repository as `../shared/corpus`, or where `HANDSHARK_CORPUS` says.

use std::path::{Path, PathBuf};

use handshark::Limits;
use handshark::capture::Captures;

/// Captures of which we rightly say something else, and why.
const DIFFERENCES: [(&str, &str); 20] = [
    ("OISF+suricata-verify/tests/bug-1450-04/tls_DER-incomplete-header.pcap", DAMAGE),
    ("OISF+suricata-verify/tests/bug-1450-05/tls_DER-incomplete-content.pcap", DAMAGE),
    ("OISF+suricata-verify/tests/smtp-to-comma/10.7.29.101_49898-178.63.41.150_25.pcap", DAMAGE),
    (
        "OISF+suricata-verify/tests/bug-6875-01/fuzz.pcap",
        "tshark takes it for another format by guessing at record headers",
    ),
    ("hadrielk+pcapng-test-generator/output_be/advanced/test100.pcapng", SIMPLE),
    ("hadrielk+pcapng-test-generator/output_be/basic/test011.pcapng", SIMPLE),
    ("hadrielk+pcapng-test-generator/output_be/basic/test016.pcapng", SIMPLE),
    ("hadrielk+pcapng-test-generator/output_le/advanced/test100.pcapng", SIMPLE),
    ("hadrielk+pcapng-test-generator/output_le/basic/test011.pcapng", SIMPLE),
    ("hadrielk+pcapng-test-generator/output_le/basic/test016.pcapng", SIMPLE),
    ("the-tcpdump-group+libpcap/tests/filter/brcm-tag-stp.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/brcm-tag-prepend.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/dsa-high-vid.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/edsa-high-vid.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/hoobr_juniper3.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/juniper_monitor_invalid_cookie_length.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/kday6.pcap", LINK),
    ("the-tcpdump-group+tcpdump/tests/timestamp_invalid_micro.pcap", FRACTION),
    ("the-tcpdump-group+tcpdump/tests/timestamp_invalid_nano.pcap", FRACTION),
    ("the-tcpdump-group+tcpdump/tests/vtp_asan-3.pcap", LINK),
];

const DAMAGE: &str = "tshark stops at damage, and here reading goes on behind it";
const SIMPLE: &str = "the first packets have no time; tshark leaves it out, here it is the epoch, with a warning";
const LINK: &str = "tshark refuses a link type that it does not know; records can be counted all the same";
const FRACTION: &str = "a fraction of 2^31 overflows in tshark; here it is held at one second, with a warning";

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let named = std::env::var_os("HANDSHARK_CORPUS").map(PathBuf::from);
    named.into_iter().chain([beside]).find(|path| path.join("truth").is_dir())
}

#[derive(Debug, PartialEq, Eq, Default)]
struct Told {
    frames: u64,
    first: Option<i64>,
    last: Option<i64>,
}

fn ours(path: &Path) -> (Told, String) {
    let mut told = Told::default();
    let mut notes = String::new();
    let mut captures = match Captures::open(&[path.to_path_buf()], &Limits::default()) {
        Ok(captures) => captures,
        Err(error) => return (told, error.to_string()),
    };
    loop {
        match captures.next_frame() {
            Ok(Some(frame)) => {
                told.first = told.first.or(Some(frame.time.as_nanos()));
                told.last = Some(frame.time.as_nanos());
            }
            Ok(None) => break,
            Err(error) => {
                notes = error.to_string();
                break;
            }
        }
    }
    told.frames = captures.packets();
    for quality in captures.quality() {
        notes += &format!(" [{} {}: {}]", quality.code, quality.count, quality.note);
    }
    (told, notes)
}

fn nanos(value: &serde_json::Value) -> Option<i64> {
    let (seconds, fraction) = value.as_str()?.split_once('.')?;
    Some(seconds.parse::<i64>().ok()? * 1_000_000_000 + format!("{fraction:0<9}").parse::<i64>().ok()?)
}

#[test]
fn frames_and_times_are_those_of_tshark() {
    let Some(corpus) = corpus() else {
        println!("skipped: no corpus beside the repository");
        return;
    };
    let (mut agree, mut differ) = (0, Vec::new());
    let mut truths: Vec<_> =
        std::fs::read_dir(corpus.join("truth")).unwrap().map(|entry| entry.unwrap().path()).collect();
    truths.retain(|path| path.to_string_lossy().ends_with(".capture.json"));
    truths.sort();
    for truth in truths {
        let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
        let name = truth["file"].as_str().unwrap().strip_prefix("all/").unwrap();
        let theirs = Told {
            frames: truth["frames"].as_u64().unwrap(),
            first: nanos(&truth["first_time"]),
            last: nanos(&truth["last_time"]),
        };
        let (ours, notes) = ours(&corpus.join("captures").join(name));
        let known = DIFFERENCES.iter().find(|(known, _)| *known == name);
        match (ours == theirs, known) {
            (true, None) => agree += 1,
            (false, Some((_, why))) => println!("{name}: {why}"),
            (true, Some(_)) => differ.push(format!("{name}: agrees by now")),
            (false, None) => {
                let message = &truth["tshark_message"];
                differ.push(format!("{name}: tshark {theirs:?} ({message}), here {ours:?} ({notes})"));
            }
        }
    }
    println!("{agree} captures agree");
    assert_eq!(differ, Vec::<String>::new());
}
