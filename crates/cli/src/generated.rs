//! `handshark completions` and `handshark man`: what packagers install, out of the definition of the command line.

use std::io::Write as _;

use clap_complete::Shell;
use handshark::types::escaped;

use crate::DONE;
use crate::args::definition;
use crate::destination::Destination;
use crate::failure::Failure;

const NAME: &str = "handshark";

/// The completion script of one shell.
pub(crate) fn completions(shell: Shell) -> Result<i32, Failure> {
    // Made in memory: the generator takes a refused write for a bug, and a closed pipe is none.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), NAME, &mut script);
    write(&script)
}

/// The man page of the command, or of one of its commands.
pub(crate) fn man(of: Option<&str>) -> Result<i32, Failure> {
    let mut all = definition();
    // Gives each command the name that `man` looks for: handshark-explain.
    all.build();
    let shown = match of {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name).filter(|found| found.get_name() != "help");
            let unknown = || Failure::Usage(format!("there is no command '{}' (see handshark --help)", escaped(name)));
            let found = found.ok_or_else(unknown)?;
            found.clone()
        }
    };
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(shown).render(&mut page);
    rendered.map_err(|source| Failure::write("the man page", source))?;
    write(&page)
}

fn write(text: &[u8]) -> Result<i32, Failure> {
    let mut out = Destination::stdout();
    out.write_all(text).map_err(|source| out.failure(source))?;
    out.commit()?;
    Ok(DONE)
}
