//! Completions and man pages, and that each of them names what there is.

use super::run;

const COMMANDS: [&str; 8] =
    ["diagnose", "connections", "hellos", "certificates", "compare", "correlate", "annotate", "explain"];

#[test]
fn completions_name_every_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = run(&["completions", shell], b"");
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{shell}");
        for name in COMMANDS.into_iter().chain(["fail-on", "min-severity", "csv-safe", "only-evidence"]) {
            assert!(said.out.contains(name), "{shell}: {name}");
        }
    }
    let said = run(&["completions", "tcsh"], b"");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("bash, elvish, fish, powershell, zsh"), "{}", said.err);
}

#[test]
fn bash_understands_its_script() {
    // Without bash there is nobody to complete for.
    let Ok(mut bash) = std::process::Command::new("bash").arg("-n").stdin(std::process::Stdio::piped()).spawn() else {
        return;
    };
    let script = run(&["completions", "bash"], b"").out;
    if let Some(mut pipe) = bash.stdin.take() {
        std::io::Write::write_all(&mut pipe, script.as_bytes()).expect("bash reads");
    }
    assert!(bash.wait().expect("bash ends").success());
}

#[test]
fn the_man_page_names_every_command_and_each_has_its_own() {
    let said = run(&["man"], b"");
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains(".TH handshark 1"), "{}", said.out);
    for command in COMMANDS {
        assert!(said.out.contains(&format!("handshark\\-{command}(1)")), "{command}");
        let page = run(&["man", command], b"");
        assert_eq!(page.code, Some(0), "{command}");
        assert!(page.out.contains(&format!("handshark\\-{command}")), "{}", page.out);
        assert!(page.out.contains(".SH SYNOPSIS"), "{}", page.out);
    }
    let said = run(&["man", "nope\u{1b}[31m"], b"");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(
        said.err.starts_with("handshark: there is no command 'nope") && !said.err.contains('\u{1b}'),
        "{}",
        said.err
    );
}
