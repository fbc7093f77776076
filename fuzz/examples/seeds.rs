//! Cuts captures into seeds for the targets that take less than a capture: `seeds FOLDER CAPTURE...`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use handshark::capture::{Interfaces, Reader};
use handshark::record::Connection;
use handshark::{Inspector, Limits, Sink};
use handshark::link::Decoder;
use handshark::net::Decoded;

/// Seeds of one capture for one target: more of the same kind teach a fuzzer little.
const MOST: usize = 12;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().expect("seeds FOLDER CAPTURE...");
    for path in arguments {
        let bytes = std::fs::read(&path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let whole = match bytes.as_slice() {
            [0x1f, 0x8b, ..] | [0x28, 0xb5, ..] | [0x04, 0x22, ..] => &["unpack"][..],
            [0x0a, 0x0d, ..] => &["pcapng", "pipeline", "writers"],
            _ => &["pcap", "pipeline", "writers"],
        };
        for target in whole {
            save(&folder, target, &name, 0, &bytes)?;
        }
        let mut inspector = Inspector::with_sink(Limits::default(), Chains::default());
        let chains = inspector.push(&bytes).and_then(|()| inspector.finish()).map(|(_, chains)| chains.0);
        for (number, chain) in chains.unwrap_or_default().iter().enumerate() {
            save(&folder, "certificate", &name, number, chain)?;
        }
        let mut seen = BTreeSet::new();
        let mut reader = Reader::new(&Limits::default());
        let mut decoder = Decoder::new(&Limits::default());
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let taken = reader.push(rest);
            rest = &rest[taken..];
            while let Ok(Some(frame)) = reader.next_frame() {
                let length = (frame.data.len() as u16).to_le_bytes();
                let framed = [&frame.link.0.to_le_bytes()[..], &length, frame.data].concat();
                if seen.insert(("frame", frame.data.len())) {
                    save(&folder, "frame", &name, seen.len(), &framed)?;
                }
                let Decoded::Tcp(segment) = decoder.decode(&frame) else { continue };
                let payload = segment.payload;
                let length = (payload.len() as u16).to_le_bytes();
                let (target, seed) = match payload {
                    [0x16, 3, _, _, _, kind @ (1 | 2), _, _, _, body @ ..] => {
                        let records = [&[0][..], &length, payload].concat();
                        save(&folder, "tls_records", &name, seen.len(), &records)?;
                        ("hello", [&[kind - 1], body].concat())
                    }
                    [0x14..=0x17, 3, ..] => ("tls_records", [&[1][..], &length, payload].concat()),
                    [b'A'..=b'Z', ..] => ("http", [&[0, length[0]], payload].concat()),
                    _ => continue,
                };
                if seen.insert((target, payload.len())) {
                    save(&folder, target, &name, seen.len(), &seed)?;
                }
            }
            if taken == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// The certificate chains of a capture.
#[derive(Default)]
struct Chains(BTreeSet<Vec<u8>>);

impl Sink for Chains {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        let Some(tls) = connection.tls.as_deref() else { return };
        for message in [&tls.server_certificate, &tls.client_certificate].into_iter().flatten() {
            if let Ok(chain) = &message.chain {
                self.0.insert(chain.bytes().to_vec());
            }
        }
    }
}

fn save(folder: &Path, target: &str, name: &str, number: usize, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder)?;
    if number > 5 * MOST || bytes.len() > 64 * 1024 {
        return Ok(());
    }
    std::fs::write(folder.join(format!("{name}-{number}")), bytes)
}
