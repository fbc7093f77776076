"""The command, for the console script: `crates/python/src/command.rs`."""

def run(arguments: list[str]) -> int:
    """Runs the command with these arguments, the first of which is its name, and gives the exit code."""
