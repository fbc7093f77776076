//! Live streams on standard input.

use crate::{assert_one_line, captures, run};

#[test]
fn a_pipe_is_read_with_and_without_a_dash() {
    let bytes = captures::refused_and_without_sni();
    let said = run(&["-"], &bytes);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("2 connections"), "{said:?}");
    assert_eq!(run(&[], &bytes).out, said.out);
    let rows = run(&["connections", "-", "--format", "jsonl"], &bytes);
    assert_eq!(rows.out.lines().count(), 2, "{rows:?}");
}

#[test]
fn an_empty_pipe_is_one_line_and_code_2() {
    for args in [&["-"][..], &[], &["connections", "-"], &["--format", "json"]] {
        let said = run(args, b"");
        assert_eq!(said.code, Some(2), "{said:?}");
        assert_one_line(&said);
        assert!(said.err.contains("standard input"), "{said:?}");
    }
}

#[cfg(target_os = "linux")]
pub(crate) mod signals {
    use std::io::{BufRead as _, Read as _, Write as _};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

    use crate::{captures, handshark};

    /// The same bytes as if they were captured now.
    fn of_now(mut capture: Vec<u8>) -> Vec<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as u32;
        let (mut at, mut first) = (24, None);
        while let Some(record) = capture.get_mut(at..at + 16) {
            let field = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"));
            let (seconds, length) = (field(0), field(8));
            first = first.or(Some(seconds));
            let moved = now + seconds - first.unwrap_or(seconds);
            record[..4].copy_from_slice(&moved.to_le_bytes());
            at += 16 + length as usize;
        }
        capture
    }

    /// A command that waits for more on a pipe that stays open.
    fn waiting(args: &[&str]) -> Child {
        let mut child = handshark(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let pipe = child.stdin.as_mut().expect("a pipe");
        pipe.write_all(&of_now(captures::refused_and_without_sni())).expect("the command reads");
        until(|| catches_interrupts(child.id()));
        // It has read what the pipe held once it sleeps in its next read; nothing tells that from outside.
        std::thread::sleep(Duration::from_millis(300));
        child
    }

    /// Whether the process has a handler for SIGINT.
    pub(crate) fn catches_interrupts(process: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
        u64::from_str_radix(caught.trim(), 16).is_ok_and(|caught| caught & 0b10 > 0)
    }

    pub(crate) fn until(mut done: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done() {
            assert!(Instant::now() < end, "it takes too long");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn send(signal: &str, child: &Child) {
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill exists");
        assert!(sent.success());
    }

    #[test]
    fn a_signal_ends_an_idle_pipe_with_the_report() {
        for signal in ["-INT", "-TERM"] {
            let mut child = waiting(&["-"]);
            let pipe = child.stdin.take();
            send(signal, &child);
            let sent = Instant::now();
            let mut text = String::new();
            let mut out = child.stdout.take().expect("a pipe");
            out.read_to_string(&mut text).expect("UTF-8");
            let status = child.wait().expect("it ends");
            assert!(sent.elapsed() < Duration::from_secs(2), "{signal}: {:?}", sent.elapsed());
            assert_eq!(status.code(), Some(0), "{signal}: {text}");
            assert!(text.contains("2 connections"), "{signal}: {text}");
            drop(pipe);
        }
    }

    /// Nothing comes any more, and the pipe stays open: what ended is told all the same.
    #[test]
    fn a_quiet_pipe_is_told_of() {
        let mut child = waiting(&["-", "--limit", "closed-linger=1"]);
        let out = child.stdout.take().expect("a pipe");
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in std::io::BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let line = lines.recv_timeout(Duration::from_secs(20)).expect("it says something before the end");
        assert!(line.contains("connection-refused"), "{line}");
        assert!(child.try_wait().expect("a child").is_none(), "it goes on");
        drop(child.stdin.take());
        child.wait().expect("it ends");
        let rest: Vec<String> = lines.into_iter().collect();
        assert!(rest.iter().any(|line| line.contains("2 connections")), "{rest:?}");
    }
}
