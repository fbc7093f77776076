//! The native binary.

fn main() {
    std::process::exit(handshark_cli::run(std::env::args_os()));
}
