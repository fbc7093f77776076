//! Frame counts and times of real captures against what tshark says of them.
//!
//! Runs where the corpus is: beside the repository as `../shared/corpus`, or where `HANDSHARK_CORPUS` says.

#![expect(clippy::disallowed_methods, reason = "a test looks for the corpus and reads it by itself")]
#![expect(clippy::disallowed_macros, reason = "a test says what it found")]

use std::path::{Path, PathBuf};

use handshark::Limits;
use handshark::capture::Captures;

/// Captures of which we rightly say something else, and why.
const DIFFERENCES: [(&str, &str); 0] = [];

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
                told.frames += 1;
                assert_eq!(frame.number.number(), told.frames);
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
        if ours == theirs {
            agree += 1;
        } else {
            let known = DIFFERENCES.iter().find(|(known, _)| *known == name);
            println!("{name}: tshark {theirs:?}, here {ours:?}; {notes}; tshark said {}", truth["tshark_message"]);
            if known.is_none() {
                differ.push(name.to_owned());
            }
        }
    }
    println!("{agree} captures agree");
    assert_eq!(differ, Vec::<String>::new());
}
