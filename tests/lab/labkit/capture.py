"""Captures: tcpdump or dumpcap in a namespace, started before the story and flushed after it."""

import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import time


class Capture:
    """A running capture. `stop` writes the file under its final name, compressed if the name says so."""

    def __init__(self, network, target, scratch, where, interface, expression, snaplen, nanoseconds):
        self.target = pathlib.Path(target)
        self._raw = pathlib.Path(scratch) / re.sub(r"\.(gz|zst)$", "", self.target.name)
        if self._raw.suffix == ".pcapng":
            words = ["dumpcap", "-q", "-n", "-i", interface, "-w", str(self._raw)]
            words += ["-s", str(snaplen)] if snaplen else []
            words += ["-f", expression] if expression else []
            ready = "File:"
        else:
            words = ["tcpdump", "-Z", "root", "-n", "-U", "--immediate-mode", "-B", "16384"]
            words += ["-i", interface, "-w", str(self._raw)]
            words += ["-s", str(snaplen)] if snaplen else []
            words += ["--time-stamp-precision=nano"] if nanoseconds else []
            words += [expression] if expression else []
            ready = "listening on"
        shown = [word.replace(str(self._raw), self._raw.name) for word in words]
        self.command = " ".join(f"'{word}'" if re.search(r"[^\w./:=-]", word) else word for word in shown)
        with network.inside(where):
            self._process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._said = b""
        self._wait_for(ready)
        time.sleep(0.2)

    def stop(self):
        """Lets the last packets arrive, then ends the capture."""
        time.sleep(0.3)
        self._process.send_signal(signal.SIGINT)
        _, rest = self._process.communicate(timeout=10)
        said = (self._said + rest).decode(errors="replace")
        lost = re.search(r"^(\d+) packets? dropped by kernel", said, re.M)
        if lost and lost.group(1) != "0":
            raise RuntimeError(f"{self.target.name}: the capture lost packets: {lost.group(0)}")

    def store(self, cut=None):
        """Puts the file into place; `cut` is the number of bytes to leave off its end."""
        body = self._raw.read_bytes()
        if cut:
            body = body[:-cut]
        compress = {".gz": ["gzip", "-9n"], ".zst": ["zstd", "-q", "-19"]}.get(self.target.suffix)
        if compress:
            done = subprocess.run([*compress, "-c"], input=body, capture_output=True, timeout=30, check=True)
            body = done.stdout
        self.target.write_bytes(body)

    def count(self):
        """How many packets a pcap file (little endian) holds, counted by its record headers."""
        body, at, packets = self._raw.read_bytes(), 24, 0
        while at < len(body):
            at += 16 + struct.unpack_from("<I", body, at + 8)[0]
            packets += 1
        return packets

    def abandon(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=5)

    def _wait_for(self, ready):
        end = time.monotonic() + 10
        while ready.encode() not in self._said:
            readable, _, _ = select.select([self._process.stderr], [], [], 0.2)
            if readable:
                piece = os.read(self._process.stderr.fileno(), 4096)
                self._said += piece
                if not piece:
                    break
            if time.monotonic() > end:
                break
        if ready.encode() not in self._said:
            self._process.kill()
            raise RuntimeError(f"{self.command}: {self._said.decode(errors='replace')}")


def versions():
    """The programs that the recordings are made with, as they name themselves."""
    asked = {
        "kernel": ["uname", "-sr"],
        "tcpdump": ["tcpdump", "--version"],
        "tshark": ["tshark", "--version"],
        "nginx": ["nginx", "-v"],
        "apache": ["apache2", "-v"],
        "haproxy": ["haproxy", "-v"],
        "squid": ["squid", "-v"],
        "varnish": ["varnishd", "-V"],
        "node": ["node", "--version"],
        "openssl": ["openssl", "version"],
        "curl": ["curl", "--version"],
        "socat": ["socat", "-V"],
        "redis-server": ["redis-server", "--version"],
        "nft": ["nft", "--version"],
        "python": ["python3", "--version"],
    }
    return {name: _first_version(words) for name, words in asked.items()}


def _first_version(words):
    done = subprocess.run(words, text=True, capture_output=True, timeout=20, check=False)
    text = done.stdout + done.stderr
    found = re.search(r"\d+\.\d[\w.+~-]*", text)
    # Without what a distribution or a kernel builder adds after the number.
    return re.split(r"[-+~]", found.group(0))[0] if found else text.strip()
