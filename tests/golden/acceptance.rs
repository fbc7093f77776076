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
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        asked: "1.1 a limit of 100 requests, in clear",
        capture: "nginx-requests-100-clear.pcap.gz",
        told: &[("request-limit-close", "warning", 4, &["right after request 100", "not an idle timeout"])],
        not_told: &["idle-close", "unannounced-close"],
    },
    Scenario {
        asked: "1.1 a limit of 100 requests, under TLS",
        capture: "nginx-requests-100-tls.pcap.zst",
        told: &[("request-limit-close", "info", 3, &["about 100 requests", "estimated"])],
        not_told: &["idle-close", "stale-reuse"],
    },
    Scenario {
        asked: "1.2 request 101 on a closing connection",
        capture: "nginx-requests-100-clear.pcap.gz",
        told: &[("stale-reuse", "error", 1, &["had not noticed the close", "no idle timeout did that"])],
        not_told: &["state-loss-reset", "injected-reset"],
    },
    Scenario {
        asked: "1.4 factor four",
        capture: "retry-storm.pcap",
        told: &[("retry-storm", "warning", 24, &["4 times in a row", "24 failed attempts are 6 failed requests"])],
        not_told: &["ephemeral-port-exhaustion"],
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
    },
    Scenario {
        asked: "2.1 no server name, silence",
        capture: "missing-sni-silent.pcapng",
        told: &[("missing-sni", "error", 3, &["no server name (SNI)", "sent no byte"])],
        not_told: &["no-server-hello"],
    },
    Scenario {
        asked: "2.2 good and bad in one file",
        capture: "sni-router-with-and-without.pcap",
        told: &[("missing-sni", "error", 4, &["were answered (4 of 4)", "only the name is missing"])],
        not_told: &["sni-mismatch"],
    },
    Scenario {
        asked: "2.3 no name, and it works",
        capture: "no-sni-works.pcap",
        told: &[],
        not_told: &["no-server-hello"],
    },
    Scenario {
        asked: "2.4 a hello that was cut",
        capture: "snaplen-96.pcap",
        told: &[("snaplen-truncated", "warning", 10, &["is not called missing"])],
        not_told: &["missing-sni"],
    },
    Scenario {
        asked: "3.1 SYN, FIN and RST alone",
        capture: "node-keepalive-race-flags.pcap",
        told: &[
            ("idle-close", "warning", 9, &["6.00-6.01 s"]),
            ("flags-only-capture", "info", 14, &["Only packets with SYN, FIN or RST"]),
        ],
        not_told: &["state-loss-reset", "abortive-close"],
    },
    Scenario {
        asked: "3.2 the race, in full",
        capture: "node-keepalive-race.pcap",
        told: &[
            ("stale-reuse", "error", 3, &["crossed on the way", "timeout=5"]),
            ("stale-reuse", "error", 4, &["had not noticed the close"]),
        ],
        not_told: &["state-loss-reset", "abortive-close"],
    },
    Scenario {
        asked: "3.4 closes that do no harm",
        capture: "half-close-leak.pcap",
        told: &[("idle-close", "info", 5, &["No request was seen to meet such a close"])],
        not_told: &["stale-reuse"],
    },
    Scenario {
        asked: "3.5 after the fix",
        capture: "all-well.pcap",
        told: &[],
        not_told: &["idle-close", "stale-reuse", "state-loss-reset"],
    },
    Scenario {
        asked: "4.1 reset in mid-flow",
        capture: "state-lost-reset.pcap",
        told: &[("state-loss-reset", "error", 4, &["no idle timeout explains that", "does not know the connection"])],
        not_told: &["stale-reuse", "silent-idle-drop", "abortive-close", "injected-reset"],
    },
    Scenario {
        asked: "4.4 an idle timeout of a device is no lost state",
        capture: "silent-idle-drop.pcap",
        told: &[("silent-idle-drop", "error", 2, &["The longest silence that was survived is 30.0 s"])],
        not_told: &["state-loss-reset", "state-loss-drop", "idle-close"],
    },
    Scenario {
        asked: "4.4 a restart is no lost state",
        capture: "abortive-close.pcap",
        told: &[("abortive-close", "error", 12, &["one event", "killed or restarted"])],
        not_told: &["state-loss-reset", "injected-reset", "unread-data-reset"],
    },
    Scenario {
        asked: "4, some source ports reach a target that is gone",
        capture: "stale-nat-target.pcap",
        told: &[("stale-nat-target", "error", 3, &["some source ports are sent to a target that is gone"])],
        not_told: &["accept-queue-overflow", "syn-unanswered"],
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
    let wrong = |code: &&&str| findings.iter().any(|finding| text(finding, "code") == **code);
    let wrong = scenario.not_told.iter().filter(wrong).map(|code| format!("told: {code}"));
    let told =
        || findings.iter().map(|finding| text(finding, "code") + ": " + &text(finding, "summary")).collect::<Vec<_>>();
    missing.chain(wrong).map(|what| format!("{}: {what}; it says {:#?}", scenario.asked, told())).collect()
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
