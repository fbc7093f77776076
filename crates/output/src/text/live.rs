//! One line for one symptom, while a live stream is still being read.

use std::io::{self, Write};

use handshark::detect::Symptom;
use handshark::record::Connection;

use super::{Style, times};
use crate::paint::{Paint, STRONG};

/// Writes `10:34:01 ERROR stale-reuse  10.0.0.5:3000  connection 17, packets 20, 21`.
///
/// # Errors
/// The writer refuses.
pub fn write_symptom(out: &mut dyn Write, connection: &Connection, symptom: &Symptom, style: Style) -> io::Result<()> {
    let paint = Paint { color: style.color };
    let packets: Vec<String> = symptom.evidence.iter().map(ToString::to_string).collect();
    let plural = if packets.len() == 1 { "" } else { "s" };
    writeln!(
        out,
        "{} {} {}  {}  connection {}, packet{plural} {}",
        times::clock(connection.last.at),
        paint.severity(symptom.severity),
        paint.with(STRONG, symptom.code),
        connection.server,
        connection.number,
        packets.join(", ")
    )
}
