//! The questions that four real incidents asked, put to the captures of the lab that show the same: what an operator must be told, and
//! what must not be said. `tests/lab/README.md` lists them with those that no single capture can show.

use std::process::Command;

struct Scenario {
    asked: &'static str,
    capture: &'static str,
    /// A finding's code and severity, how many connections it must hit, and words of its summary.
    told: &'static [(&'static str, &'static str, u64, &'static [&'static str])],
    /// Codes that must not be told.
    not_told: &'static [&'static str],
    /// Of a finding's code: words of what to change, of known software that fits, or of what was not visible.
    advice: &'static [(&'static str, &'static str)],
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        asked: "1.1 a limit of 100 requests, in clear",
        capture: "nginx-requests-100-clear.pcap.gz",
        told: &[("request-limit-close", "warning", 4, &["right after request 100 (4 of 4)", "not an idle timeout"])],
        not_told: &["idle-close", "unannounced-close"],
        advice: &[
            ("request-limit-close", "after at most 99 requests on one connection"),
            ("request-limit-close", "max_requests_per_connection: 99"),
            ("request-limit-close", "Amazon S3"),
        ],
    },
    Scenario {
        asked: "1.1 a limit of 100 requests, under TLS",
        capture: "nginx-requests-100-tls.pcap.zst",
        told: &[("request-limit-close", "info", 3, &["about 100 requests (3 of 3; estimated", "not an idle timeout"])],
        not_told: &["idle-close", "stale-reuse"],
        advice: &[
            ("request-limit-close", "max_requests_per_connection: 99"),
            ("request-limit-close", "Amazon S3"),
            ("request-limit-close", "encrypted"),
        ],
    },
    Scenario {
        asked: "1.2 request 101 on a closing connection",
        capture: "nginx-requests-100-clear.pcap.gz",
        told: &[(
            "stale-reuse",
            "error",
            1,
            &[
                "got RST (1 of 4): what it wrote was lost",
                "50.4 ms after the FIN",
                "It was request 101 of its connection",
                "announced the close in its last answer (`Connection: close`)",
                "no idle timeout did that",
            ],
        )],
        not_told: &["state-loss-reset", "injected-reset"],
        advice: &[("stale-reuse", "the client must obey"), ("stale-reuse", "retry_on: reset-before-request")],
    },
    Scenario {
        asked: "1.3 no SYN at all",
        capture: "local-connect-failure.pcap",
        told: &[(
            "local-connect-failure",
            "error",
            3,
            &[
                "no SYN from the client's port left meanwhile",
                "(source ports 47312, 47313, 47314) was in use for a connection to 10.0.2.2:80",
                "EADDRNOTAVAIL",
                "the network and 10.0.2.2:80 are not involved",
            ],
        )],
        not_told: &["connection-refused", "stale-reuse", "request-timeout"],
        advice: &[("local-connect-failure", "cilium/issues/36427")],
    },
    Scenario {
        asked: "1.4 factor four",
        capture: "retry-storm.pcap",
        told: &[(
            "retry-storm",
            "warning",
            24,
            &[
                "4 times in a row within",
                "24 failed attempts are 6 failed requests, 1 try and 3 retries each",
                "None of these retries helped",
            ],
        )],
        not_told: &["ephemeral-port-exhaustion"],
        advice: &[("retry-storm", "Cilium `http-retry-count` (3)"), ("connection-refused", "ss -ltnp 'sport = :9000'")],
    },
    Scenario {
        asked: "1, on which leg it began",
        capture: "proxy-legs.pcapng",
        told: &[
            ("connection-refused", "error", 3, &["it began on this leg", "answered 502", "on 3 connections"]),
            ("syn-unanswered", "error", 1, &["it began on this leg", "answered 504"]),
            ("request-timeout", "warning", 1, &["it began on this leg", "answered 504"]),
        ],
        not_told: &["local-connect-failure", "retry-storm"],
        advice: &[],
    },
    Scenario {
        asked: "2.1 no server name, silence",
        capture: "missing-sni-silent.pcapng",
        told: &[(
            "missing-sni",
            "error",
            3,
            &["no server name (SNI)", "before a ServerHello (3 of 3)", "sent no byte"],
        )],
        not_told: &["no-server-hello"],
        advice: &[("missing-sni", "auto_sni: true"), ("missing-sni", "-connect 10.0.0.2:443")],
    },
    Scenario {
        asked: "2.2 good and bad in one file",
        capture: "sni-router-with-and-without.pcap",
        told: &[(
            "missing-sni",
            "error",
            4,
            &[
                "before a ServerHello (4 of 4)",
                "(shop.example) to the same address were answered (4 of 4)",
                "only the name is missing",
            ],
        )],
        not_told: &["sni-mismatch"],
        advice: &[("missing-sni", "auto_sni: true")],
    },
    Scenario {
        asked: "2.3 no name, and it works",
        capture: "no-sni-works.pcap",
        told: &[("missing-sni", "info", 12, &["the server answered (12 of 12): information only"])],
        not_told: &["no-server-hello"],
        advice: &[],
    },
    Scenario {
        asked: "2.4 a hello that was cut",
        capture: "snaplen-96.pcap",
        told: &[(
            "snaplen-truncated",
            "warning",
            10,
            &[
                "6 ClientHellos are cut before the end (most often after 25 bytes)",
                "can not be told, and is not called missing",
            ],
        )],
        not_told: &["missing-sni"],
        advice: &[("snaplen-truncated", "tcpdump -i any -s 0 -w handshark.pcap 'tcp port (80 or 443 or 8080)'")],
    },
    Scenario {
        asked: "3.1 SYN, FIN and RST alone",
        capture: "node-keepalive-race-flags.pcap",
        told: &[
            ("idle-close", "warning", 9, &["6.00-6.01 s"]),
            ("flags-only-capture", "info", 14, &["Only packets with SYN, FIN or RST"]),
        ],
        not_told: &["state-loss-reset", "abortive-close"],
        advice: &[("idle-close", "Node.js"), ("flags-only-capture", "'tcp port 8080'")],
    },
    Scenario {
        asked: "3.2 the race, in full",
        capture: "node-keepalive-race.pcap",
        told: &[
            ("stale-reuse", "error", 3, &["crossed on the way (12.7-25.1 ms apart)", "6.00 s idle", "timeout=5"]),
            ("stale-reuse", "error", 4, &["had not noticed the close"]),
        ],
        not_told: &["state-loss-reset", "abortive-close"],
        advice: &[
            ("stale-reuse", "Envoy: 1 h unless set"),
            ("stale-reuse", "response flag UC"),
            ("stale-reuse", "Node.js"),
            ("stale-reuse", "at most 4.00 s"),
        ],
    },
    Scenario {
        asked: "3.4 closes that do no harm",
        capture: "half-close-leak.pcap",
        told: &[("idle-close", "info", 5, &["No request was seen to meet such a close"])],
        not_told: &["stale-reuse"],
        advice: &[("idle-close", "Nothing failed here")],
    },
    Scenario {
        asked: "3.5 after the fix",
        capture: "all-well.pcap",
        told: &[],
        not_told: &["idle-close", "stale-reuse", "state-loss-reset"],
        advice: &[],
    },
    Scenario {
        asked: "4.1 reset in mid-flow",
        capture: "state-lost-reset.pcap",
        told: &[("state-loss-reset", "error", 4, &["no idle timeout explains that", "does not know the connection"])],
        not_told: &["stale-reuse", "silent-idle-drop", "abortive-close", "injected-reset"],
        advice: &[
            ("state-loss-reset", "cilium monitor --type drop"),
            ("state-loss-reset", "bpf-ct-global-tcp-max"),
            ("state-loss-reset", "tcpdump -i any -s 128 -w handshark.pcap 'host"),
        ],
    },
    Scenario {
        asked: "4.3 new flows fail when many are made",
        capture: "new-flow-drop.pcap.gz",
        told: &[(
            "new-flow-drop",
            "error",
            49,
            &[
                "49 never opened, 71 when the client had sent its SYN again",
                "49.1 % of first SYNs at 38 attempts a second and more, 0.0 % at 19 and fewer",
                "are from 10.0.1.1",
            ],
        )],
        not_told: &["accept-queue-overflow", "syn-unanswered", "syn-retried"],
        advice: &[("new-flow-drop", "nf_conntrack_max"), ("connection-churn", "`MaxIdleConnsPerHost`")],
    },
    Scenario {
        asked: "1, no port is left",
        capture: "ephemeral-port-exhaustion.pcap.gz",
        told: &[(
            "ephemeral-port-exhaustion",
            "warning",
            100,
            &[
                "10.0.0.1 opened 100 connections to 10.0.0.2:80 within one minute and closed them first",
                "100 % of ports 40000 to 40099, and of its 200 connections none came from another port",
                "EADDRNOTAVAIL",
            ],
        )],
        not_told: &["syn-unanswered", "connection-refused", "time-wait-collision"],
        advice: &[("ephemeral-port-exhaustion", "ip_local_port_range")],
    },
    Scenario {
        asked: "4.4 an idle timeout of a device is no lost state",
        capture: "silent-idle-drop.pcap",
        told: &[("silent-idle-drop", "error", 2, &["The longest silence that was survived is 30.0 s"])],
        not_told: &["state-loss-reset", "state-loss-drop", "idle-close"],
        advice: &[("silent-idle-drop", "SO_KEEPALIVE")],
    },
    Scenario {
        asked: "4.4 a restart is no lost state",
        capture: "abortive-close.pcap",
        told: &[("abortive-close", "error", 12, &["one event", "killed or restarted"])],
        not_told: &["state-loss-reset", "injected-reset", "unread-data-reset"],
        advice: &[("abortive-close", "out-of-memory kill")],
    },
    Scenario {
        asked: "4, some source ports reach a target that is gone",
        capture: "stale-nat-target.pcap",
        told: &[("stale-nat-target", "error", 3, &["some source ports are sent to a target that is gone"])],
        not_told: &["accept-queue-overflow", "syn-unanswered"],
        advice: &[("stale-nat-target", "conntrack")],
    },
];

#[test]
fn what_the_incidents_asked_is_answered() {
    let wrong: Vec<String> = SCENARIOS.iter().flat_map(complaints).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn complaints(scenario: &Scenario) -> Vec<String> {
    let findings = findings(scenario.capture);
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let is_told = |&&(code, severity, affected, words): &&(&str, &str, u64, &[&str])| {
        findings.iter().any(|finding| {
            let summary = text(finding, "summary");
            text(finding, "code") == code
                && text(finding, "severity") == severity
                && finding["affected"] == affected
                && words.iter().all(|words| summary.contains(words))
        })
    };
    let missing = scenario.told.iter().filter(|told| !is_told(told)).map(|told| format!("not told: {told:?}"));
    let has_advice = |(code, words): &&(&str, &str)| {
        findings.iter().filter(|finding| text(finding, "code") == *code).any(|finding| {
            ["remedy", "candidates", "not_visible"].iter().any(|key| finding[key].to_string().contains(words))
        })
    };
    let missing = missing.chain(
        scenario.advice.iter().filter(|advice| !has_advice(advice)).map(|advice| format!("not advised: {advice:?}")),
    );
    let wrong = |code: &&&str| findings.iter().any(|finding| text(finding, "code") == **code);
    let wrong = scenario.not_told.iter().filter(wrong).map(|code| format!("told: {code}"));
    let told =
        || findings.iter().map(|finding| text(finding, "code") + ": " + &text(finding, "summary")).collect::<Vec<_>>();
    missing.chain(wrong).map(|what| format!("{}: {what}; it says {:#?}", scenario.asked, told())).collect()
}

/// 3.5: the check can guard a job.
#[test]
fn after_the_fix_the_command_ends_well() {
    let exit = |capture: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_handshark"))
            .args(["diagnose", "--fail-on", "info"])
            .arg(super::testdata().join(capture))
            .output()
            .expect("the command runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = exit("all-well.pcap");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("No failure found among 64 checks"), "{said}");
    assert_eq!(exit("node-keepalive-race.pcap").0, Some(1), "before the fix");
}

/// 1.5 and 3.5: what was mended, in numbers: how far connections were used again, over how long, and that the server closed none.
#[test]
fn after_the_fix_the_numbers_are_said() {
    let ladder = "x12 every 50.0 {\n0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\nloop 99 every 0.02 {\n0.020 C GET /\n0.030 S HTTP 200\n}\n\
                  2.010 C FIN\n2.020 S FIN\n2.020 C ACK\n}\n600.0 end of capture\nexpect none\n";
    let said = diagnosed("after-the-fix", ladder);
    assert!(
        said.starts_with("No failure found among 64 checks in 12 connections; every check could be made."),
        "{said}"
    );
    for words in ["12 connections in 10.0 min: 12 established.", "up to 99 exchanges each, none closed by the server"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let before = diagnosed(
        "before-the-fix",
        &ladder.replace("loop 99", "loop 100").replace("2.010 C FIN\n2.020 S", "2.011 S FIN\n2.020 C"),
    );
    assert!(before.contains("up to 100 exchanges each, 12 closed by the server [request-limit-close]"), "{before}");
}

/// A report on a ladder, as text in one line.
fn diagnosed(name: &str, ladder: &str) -> String {
    let ladder = handshark_testkit::Ladder::from_text(ladder).expect("the ladder is well written");
    let path = std::env::temp_dir().join(format!("handshark-{name}-{}.pcap", std::process::id()));
    std::fs::write(&path, ladder.capture()).expect("it can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_handshark")).arg("diagnose").arg(&path).output().expect("it runs");
    std::fs::remove_file(&path).expect("it can be removed");
    String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// 4.5: one connection for each request, SYNs that are lost and resets in mid-flow; then a pool, and none of that.
#[test]
fn before_and_after_are_compared() {
    let before = "x60 every 0.04 {\n0.000 C SYN\n0.001 S SYN-ACK\n0.001 C ACK\n0.002 C GET /\n0.010 S HTTP 200\n0.020 C FIN\n\
                  0.021 S FIN\n0.021 C ACK\n}\n\
                  x24 every 0.1 {\n0.000 C SYN\n1.000 C SYN\n3.000 C SYN\n}\n\
                  x14 every 0.1 {\n0.000 C SYN\n0.001 S SYN-ACK\n0.001 C ACK\n0.010 C data 100\n0.020 S data 100\n0.500 C data 100\n\
                  0.510 S RST\n}\n9.0 end of capture\nexpect none\n";
    let after = "x40 every 0.1 {\n0.000 C SYN\n0.001 S SYN-ACK\n0.001 C ACK\nloop 84 every 0.02 {\n0.010 C GET /\n0.020 S HTTP 200\n}\n\
                 2.000 C FIN\n2.001 S FIN\n2.001 C ACK\n}\n9.0 end of capture\nexpect none\n";
    let directory = std::env::temp_dir().join(format!("handshark-acceptance-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for two captures");
    let files = [("before.pcap", before), ("after.pcap", after)].map(|(name, ladder)| {
        let path = directory.join(name);
        let ladder = handshark_testkit::Ladder::from_text(ladder).expect("the ladder is well written");
        std::fs::write(&path, ladder.capture()).expect("it can be written");
        path
    });
    let output = Command::new(env!("CARGO_BIN_EXE_handshark")).arg("compare").args(files).output().expect("it runs");
    std::fs::remove_dir_all(&directory).expect("it can be removed");
    let said = String::from_utf8_lossy(&output.stdout);
    let row = |name: &str| said.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
    for (name, words) in [
        ("attempts per second", "10.9 -> 4.44"),
        ("exchanges per connection", "1.00 -> 84.0"),
        ("syn-lost", "gone: 24 of 98 -> 0 of 40"),
        ("reset", "gone: 14 of 98 -> 0 of 40"),
        ("gone     ERROR state-loss-reset", "14 of 74 -> 0 of 40"),
    ] {
        assert!(row(name).contains(words), "{name}: {words}: {said}");
    }
}

/// 4.2: two capture points. The RST that the client saw was never sent by the server, and the line before it never arrived there.
#[test]
fn two_capture_points_say_where() {
    let points = ["rst-by-middlebox.pcap", "rst-by-middlebox-server.pcap"].map(|name| super::testdata().join(name));
    let output = Command::new(env!("CARGO_BIN_EXE_handshark")).arg("correlate").args(points).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "3 of 4 connections: RSTs in the name of 10.0.2.2:7000 were captured at A and not at B, which is nearer to the server: made \
         between A and B.",
        "Payload of the client was lost in the same place (3): what made the RST did not let it pass.",
        "A: connection 0, packet 46; B: connection 0, none up to its last packet 48",
        "A: connection 0, 23 bytes up to packet 45; B: connection 0, 6 bytes up to packet 11",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

fn findings(capture: &str) -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_handshark"))
        .args(["diagnose", "--format", "json"])
        .arg(super::testdata().join(capture))
        .output()
        .expect("the command runs");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    report["findings"].as_array().cloned().expect("findings are a list")
}
