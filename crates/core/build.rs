//! Turns the table of known limits (data/timeouts.json) into constants.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads and writes files; the crate itself does not"
)]

use std::fmt::Write as _;
use std::{env, fs, path::Path};

use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    id: String,
    component: String,
    setting: String,
    kind: String,
    role: String,
    closes_with: String,
    versions: String,
    source: String,
    value_seconds: Option<f64>,
    value_count: Option<u64>,
    band_seconds: Option<(f64, f64)>,
    note: Option<String>,
}

impl Row {
    /// What is expected on the wire: the measured band, else the value with what sweeps and delays add.
    fn band(&self) -> Option<(f64, f64)> {
        let value = self.value_seconds.filter(|value| *value > 0.0)?;
        self.band_seconds.or_else(|| Some((value - 0.1, value + f64::max(0.5, value * 0.02))))
    }

    fn kind(&self) -> &'static str {
        match self.kind.as_str() {
            "idle" => "Idle",
            "lifetime" => "Lifetime",
            "max_requests" => "MaxRequests",
            "handshake" => "Handshake",
            _ => "Other",
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=data/timeouts.json");
    let rows: Vec<Row> = serde_json::from_str(&fs::read_to_string("data/timeouts.json")?)?;
    let mut out = String::from("/// All known limits, in the order of the table.\npub const KNOWN: &[Known] = &[\n");
    for row in &rows {
        writeln!(
            out,
            "    Known {{ id: {:?}, component: {:?}, setting: {:?}, kind: Kind::{}, role: {:?}, closes_with: {:?}, \
             versions: {:?}, source: {:?}, value_s: {:?}, value_count: {:?}, band_s: {:?}, note: {:?} }},",
            row.id,
            row.component,
            row.setting,
            row.kind(),
            row.role,
            row.closes_with,
            row.versions,
            row.source,
            row.value_seconds,
            row.value_count,
            row.band(),
            row.note
        )?;
    }
    out.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("timeouts.rs"), out)?;
    Ok(())
}
