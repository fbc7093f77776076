"""Questions to tshark: which packets match a filter, and what a few packets look like."""

import subprocess


def numbers(capture, display_filter):
    """The numbers of the packets that match."""
    return [int(line) for line in _ask(capture, display_filter, ["frame.number"])]


def fields(capture, display_filter, *names):
    """One list of strings per matching packet."""
    return [line.split("\t") for line in _ask(capture, display_filter, names)]


def ladder(capture, display_filter, limit=14):
    """The first packets that match, one line each, for a reader without Wireshark at hand."""
    names = [
        "frame.number",
        "frame.time_relative",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.flags.str",
        "tcp.seq",
        "tcp.ack",
        "tcp.len",
        "tcp.window_size_value",
        "ip.ttl",
    ]
    lines = []
    for number, at, source, target, flags, seq, ack, length, window, ttl in fields(capture, display_filter, *names):
        letters = flags.replace("\u00b7", "").strip() or "-"
        line = f"{number:>5} {float(at):10.6f}  {source:>5} > {target:<5} {letters:<4} seq {seq:<6} ack {ack or '-':<6}"
        lines.append(f"{line} len {length:<5} win {window:<6}" + (f" ttl {ttl}" if ttl else ""))
    left = len(lines) - limit
    return lines[:limit] + ([f"      ... and {left} more"] if left > 0 else [])


def _ask(capture, display_filter, names):
    words = ["tshark", "-n", "-r", str(capture), "-Y", display_filter, "-T", "fields"]
    for name in names:
        words += ["-e", name]
    done = subprocess.run(words, text=True, capture_output=True, timeout=120, check=False)
    # A capture that was cut short makes tshark end with 2 after it has told of every whole packet.
    if done.returncode not in (0, 2) or "syntax error" in done.stderr or "is neither" in done.stderr:
        raise RuntimeError(f"tshark -Y '{display_filter}': {done.stderr.strip()}")
    return [line for line in done.stdout.split("\n") if line]
