//! ARCHITECTURE.md, CONTRIBUTING.md and README.md name only paths that exist.

#![expect(clippy::disallowed_methods, reason = "a test reads the documents; the ban is on the crate")]

use std::fs;
use std::path::Path;

/// Words in backticks that look like a path of this repository.
fn paths(text: &str) -> Vec<&str> {
    let roots = ["crates/", "tests/", "python/", "testdata", "benches/", "fuzz/", ".ci/", "./"];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| roots.iter().any(|root| word.starts_with(root)))
        .filter(|word| !word.contains(['<', '*', ' ', '{']) && !word.contains("NAME"))
        .collect()
}

#[test]
fn every_path_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut named = 0;
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let text = fs::read_to_string(root.join(document)).expect("the document is there");
        for path in paths(&text) {
            named += 1;
            assert!(root.join(path).exists(), "{document} names {path}, which does not exist");
        }
    }
    assert!(named > 20, "the documents name too few paths for this test to mean anything: {named}");
}
