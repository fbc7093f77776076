"""One recording: its network, its programs, its captures, and everything's end."""

import contextlib
import pathlib
import shutil
import sys
import tempfile

from . import certificates, note
from .capture import Capture, versions
from .network import Network
from .programs import Programs

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT6, SERVER6 = "fd00::1", "fd00::2"


class Lab:
    """What a scenario is given. Use as a context manager: whatever happens, nothing stays behind."""

    def __init__(self, testdata, scenario):
        self._testdata = pathlib.Path(testdata)
        self._staged = None
        self._scenario = scenario
        self._captures = {}
        self._certificate = None

    def __enter__(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="handshark-lab-"))
        self._staged = self.scratch / "staged"
        self._staged.mkdir()
        self.network = Network()
        self.programs = Programs(self.network, self.scratch)
        return self

    def __exit__(self, failure, *_):
        # All or nothing: a scenario whose statements do not hold leaves the old captures in place.
        if failure is None:
            for path in self._staged.iterdir():
                shutil.move(path, self._testdata / path.name)
        for capture in self._captures.values():
            capture.abandon()
        self.programs.close()
        self.network.close()
        if failure is not None and issubclass(failure, Exception):
            kept = tempfile.mkdtemp(prefix="handshark-lab-failed-")
            for path in self._staged.iterdir():
                shutil.move(path, kept)
            print(f"what was captured is in {kept}", file=sys.stderr)
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def certificate(self):
        if self._certificate is None:
            self._certificate = certificates.make(self.scratch)
        return self._certificate

    def pair(self, delay_s=None):
        """Two namespaces, `client` and `server`, joined by a veth pair, or by a cable with a delay."""
        self.network.namespace("client")
        self.network.namespace("server")
        ends = ([f"{CLIENT}/24", f"{CLIENT6}/64"], [f"{SERVER}/24", f"{SERVER6}/64"])
        if delay_s is None:
            self.network.link("client", "server", *ends)
        else:
            self.network.cable("client", "server", *ends, delay_s)

    def routed(self):
        """Three namespaces: `client` 10.0.1.1, `router` between, `server` 10.0.2.2."""
        for name in ("client", "router", "server"):
            self.network.namespace(name)
        self.network.link("client", "router", ["10.0.1.1/24"], ["10.0.1.254/24"], b_device="eth0")
        self.network.link("router", "server", ["10.0.2.254/24"], ["10.0.2.2/24"], a_device="eth1")
        self.network.route("client", "10.0.2.0/24", "10.0.1.254")
        self.network.route("server", "10.0.1.0/24", "10.0.2.254")
        self.network.sysctl("router", "net.ipv4.ip_forward", 1)

    @contextlib.contextmanager
    def capture(self, name, where="client", interface="eth0", expression="tcp", snaplen=None, nanoseconds=False):
        """Captures into one file for the length of the block. Blocks can be nested: two captures of one run."""
        capture = Capture(
            self.network, self._staged / name, self.scratch, where, interface, expression, snaplen, nanoseconds
        )
        self._captures[name] = capture
        yield capture
        capture.stop()

    def note(self, name, *, title, how, shows, say=(), never=(), checks=(), ladders=(), programs=(), cut=None):
        """Puts a capture into place and writes the note beside it."""
        capture = self._captures[name]
        capture.store(cut)
        known = versions()
        used = ["kernel", "python", *programs, "tcpdump" if "tcpdump" in capture.command else "tshark"]
        made = [
            f"record again: tests/lab/record {self._scenario}",
            f"capture:      {capture.command}",
            "versions:     " + ", ".join(f"{program} {known[program]}" for program in used),
        ]
        target = self._staged / (name.split(".pcap")[0] + ".txt")
        note.write(
            target,
            capture.target,
            title=title,
            made=made,
            how=how,
            shows=shows,
            say=say,
            never=never,
            checks=checks,
            ladders=ladders,
        )

    def store(self, name):
        """Puts a capture into place before its note, so that the scenario can ask tshark about it."""
        self._captures[name].store()
        return self._captures[name].target
