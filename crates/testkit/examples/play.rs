//! For authors of pages: prints what the ladders of a page are played into, and writes their captures for Wireshark.
//!
//! `cargo run -p handshark-testkit --example play -- PAGE.md [DIRECTORY]`

use std::error::Error;
use std::path::PathBuf;

use handshark_testkit::ladders;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let page = PathBuf::from(arguments.next().ok_or("which page?")?);
    let directory = arguments.next().map(PathBuf::from);
    let text = std::fs::read_to_string(&page)?;
    for ladder in ladders(&text).map_err(|error| format!("{}: {error}", page.display()))? {
        println!("{}:{} under \"{}\"\n{}", page.display(), ladder.line(), ladder.heading(), ladder.listing());
        if let Some(directory) = &directory {
            let stem = page.file_stem().unwrap_or_default().to_string_lossy();
            std::fs::write(directory.join(format!("{stem}-{}.pcap", ladder.line())), ladder.capture())?;
        }
    }
    Ok(())
}
