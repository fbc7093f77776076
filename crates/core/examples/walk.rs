//! Reads captures and does nothing with their packets: the cost of getting at them.

#![expect(clippy::disallowed_macros, reason = "an example prints")]

use handshark::Limits;
use handshark::capture::Captures;

fn main() -> Result<(), handshark::CaptureError> {
    let paths: Vec<_> = std::env::args_os().skip(1).map(Into::into).collect();
    let mut captures = Captures::open(&paths, &Limits::default())?;
    let (mut packets, mut bytes) = (0_u64, 0_u64);
    while let Some(frame) = captures.next_frame()? {
        packets += 1;
        bytes += frame.data.len() as u64 + u64::from(frame.data.first().copied().unwrap_or(0));
    }
    println!("{packets} packets, {bytes} bytes and first bytes");
    for quality in captures.quality() {
        println!("{} {}: {}", quality.code, quality.count, quality.note);
    }
    Ok(())
}
