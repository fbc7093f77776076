//! Files that are captures, and files that are not.

use serde_json::Value;

use crate::{assert_one_line, captures, file, folder, run};

#[test]
fn what_can_not_be_read_is_one_line_with_its_name_and_code_2() {
    let folder = folder("unreadable");
    let missing = folder.join("missing.pcap");
    let empty = file(&folder, "empty.pcap", b"");
    let text = file(&folder, "notes.txt", b"tcpdump: permission denied\n");
    for (path, name) in
        [(missing.to_str().expect("UTF-8"), "missing.pcap"), (&empty, "empty.pcap"), (&text, "notes.txt")]
    {
        for command in ["diagnose", "connections", "hellos", "certificates"] {
            let said = run(&[command, path], b"");
            assert_eq!(said.code, Some(2), "{said:?}");
            assert_one_line(&said);
            assert!(said.err.contains(name), "{said:?}");
            assert_eq!(said.out, "");
        }
    }
}

#[test]
fn a_hostile_file_name_is_escaped() {
    let folder = folder("hostile");
    let path = folder.join("a\u{1b}[31m.pcap");
    let said = run(&[path.to_str().expect("UTF-8")], b"");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains(r"a\x1b[31m.pcap") && !said.err.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_capture_is_diagnosed_with_and_without_the_command() {
    let folder = folder("diagnose");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let said = run(&["diagnose", &path], b"");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.out.contains("2 connections"), "{}", said.out);
    // Its own path may say anything.
    let words = said.out.replace(&path, "").to_lowercase();
    assert!(!words.contains("clean") && !words.contains('\u{1b}'), "{}", said.out);
    assert_eq!(run(&[&path], b"").out, said.out);
}

#[test]
fn the_json_report_counts_both_connections() {
    let folder = folder("json");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let said = run(&["--format", "json", &path], b"");
    let report: Value = serde_json::from_str(&said.out).expect("one JSON document");
    assert_eq!(report["schema"], "handshark.report/1");
    assert_eq!(report["totals"]["connections"], 2);
    assert_eq!(report["totals"]["by_outcome"]["refused"], 1);
    assert_eq!(report["capture"]["packets"], 10);
}

#[test]
fn the_page_is_one_document_that_names_the_file() {
    let folder = folder("html");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let page = folder.join("two.html");
    let said = run(&["--format", "html", "-o", &page.to_string_lossy(), &path], b"");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    let page = std::fs::read_to_string(page).expect("it was written");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    assert!(page.contains("two.pcap: 10 packets") && page.contains("<b>connection-refused</b>"), "{page}");
}

#[test]
fn rows_are_the_same_connections_in_every_format() {
    let folder = folder("rows");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let jsonl = run(&["connections", "--format", "jsonl", &path], b"");
    let mut rows: Vec<Value> = jsonl.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    rows.sort_by_key(|row| row["connection"].as_u64());
    assert_eq!(rows.len(), 2, "{jsonl:?}");
    assert_eq!((&rows[0]["outcome"], &rows[0]["client_port"]), (&Value::from("refused"), &Value::from(40_000)));
    assert_eq!((&rows[1]["sni_state"], &rows[1]["server_fin_packet"]), (&Value::from("absent"), &Value::from(8)));
    let csv = run(&["connections", "--format", "csv", &path], b"");
    assert_eq!(csv.out.lines().count(), 3, "{csv:?}");
    assert!(csv.out.starts_with("connection,client_address,"), "{csv:?}");
    let table = run(&["connections", &path], b"");
    assert_eq!(table.out.lines().count(), 3, "{table:?}");
    assert!(table.out.contains("10.0.0.1:40001  10.0.0.2:443"), "{table:?}");
}

#[test]
fn hellos_are_rows_of_their_own() {
    let folder = folder("hellos");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    let said = run(&["hellos", "--format", "jsonl", &path], b"");
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    let row: Value = serde_json::from_str(said.out.trim_end()).expect("JSON");
    assert_eq!((&row["connection"], &row["packet"]), (&Value::from(1), &Value::from(6)));
    assert_eq!(row["sni_state"], "absent");
}

#[test]
fn findings_decide_the_exit_code_on_request_alone() {
    let folder = folder("fail-on");
    let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
    assert_eq!(run(&[&path, "--only", "missing-sni"], b"").code, Some(0));
    assert_eq!(run(&[&path, "--only", "missing-sni", "--fail-on", "info"], b"").code, Some(1));
    assert_eq!(run(&[&path, "--only", "missing-sni", "--fail-on", "error"], b"").code, Some(0));
    let hidden = run(&[&path, "--only", "missing-sni", "--fail-on", "info", "--min-severity", "error"], b"");
    assert_eq!(hidden.code, Some(1), "hidden is not undone: {hidden:?}");
    assert!(hidden.out.contains("not shown here"), "{hidden:?}");
}

#[test]
fn a_capture_cut_short_is_a_warning_and_an_error_when_strict() {
    let folder = folder("cut");
    let whole = captures::refused_and_without_sni();
    let path = file(&folder, "cut.pcap", &whole[..whole.len() - 5]);
    let said = run(&[&path], b"");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_one_line(&said);
    assert!(said.err.contains("cut.pcap: warning: "), "{said:?}");
    let strict = run(&[&path, "--strict"], b"");
    assert_eq!(strict.code, Some(2));
    assert_eq!(strict.out, said.out, "what could be read is told all the same");
}

#[test]
fn one_file_of_several_that_can_not_be_read_is_a_warning() {
    let folder = folder("several");
    let good = file(&folder, "good.pcap", &captures::refused_and_without_sni());
    let empty = file(&folder, "empty.pcap", b"");
    let gone = folder.join("gone.pcap");
    let gone = gone.to_str().expect("UTF-8");
    for (bad, name) in [(gone, "gone.pcap"), (empty.as_str(), "empty.pcap")] {
        for order in [[&good, bad], [bad, &good]] {
            let said = run(&order, b"");
            assert_eq!(said.code, Some(0), "{said:?}");
            assert_one_line(&said);
            let warned = said.err.starts_with("handshark: warning: ") && said.err.contains(name);
            assert!(warned && !said.err.contains("good.pcap"), "{said:?}");
            assert!(said.out.contains("2 connections") && said.out.contains("unreadable-file"), "{said:?}");
            assert_eq!(run(&[order[0], order[1], "--strict"], b"").code, Some(2));
        }
    }
    let said = run(&[&good, gone, &empty], b"");
    assert_eq!((said.code, said.err.lines().count()), (Some(0), 2), "{said:?}");
    // The folder has the good and the empty one.
    let said = run(&[folder.to_str().expect("UTF-8")], b"");
    assert_eq!((said.code, said.err.lines().count()), (Some(0), 1), "{said:?}");
    let none = run(&[gone, &empty], b"");
    assert_eq!((none.code, none.out.as_str()), (Some(2), ""), "{none:?}");
}

#[test]
fn several_files_are_named_with_whose_numbers_these_are() {
    let folder = folder("merged");
    let names: Vec<String> =
        (0..7).map(|number| file(&folder, &format!("{number}.pcap"), &captures::refused_and_without_sni())).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = run(&[&all[..2], &["--width", "1000"]].concat(), b"");
    let merge = format!("mergecap -w all.pcapng {} {}", names[0], names[1]);
    let numbers = "Packet numbers and tcp.stream are those of the 2 files merged in time order: ";
    assert!(said.out.contains(&format!("{numbers}{merge}\n")), "{}", said.out);
    assert!(said.out.contains(&format!("{}, {}: 20 packets", names[0], names[1])), "{}", said.out);
    let said = run(&[&all[..], &["--width", "1000"]].concat(), b"");
    assert!(said.out.contains("those of the 7 files merged in time order"), "{}", said.out);
    assert!(said.out.contains(&format!("{}, {} and 2 more files: 70 packets", names[3], names[4])), "{}", said.out);
    assert!(!run(&all[..1], b"").out.contains("mergecap"));
}
