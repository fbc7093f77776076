"""Network namespaces and what joins them: veth pairs, and a cable with a delay.

Made by `Network`, removed by `close`, which is safe to call at any time and more than once.
A thread enters a namespace with `inside`; sockets and processes that it makes there stay there.
"""

import contextlib
import ctypes
import os
import subprocess
import threading

from .cable import Cable

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """The namespaces of one scenario."""

    def __init__(self):
        self._names = {}
        self._cables = []
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)

    def namespace(self, name):
        """A new namespace with its loopback up."""
        full = f"lab-{os.getpid()}-{name}"
        command("ip", "netns", "add", full)
        self._names[name] = full
        command("ip", "-n", full, "link", "set", "lo", "up")
        return name

    def link(self, a, b, a_addresses, b_addresses, a_device="eth0", b_device="eth0"):
        """Joins two namespaces by a veth pair. Hardware addresses are fixed, so that recordings resemble each other."""
        command(
            "ip",
            "link",
            "add",
            "name",
            a_device,
            "netns",
            self._names[a],
            "type",
            "veth",
            "peer",
            "name",
            b_device,
            "netns",
            self._names[b],
        )
        self._dress(a, a_device, a_addresses)
        self._dress(b, b_device, b_addresses)

    def cable(self, a, b, a_addresses, b_addresses, delay_s, device="eth0"):
        """Joins two namespaces by a cable which delivers every frame `delay_s` later, in order, in both directions."""
        with self.inside(a):
            a_end = Cable.end(device)
        with self.inside(b):
            b_end = Cable.end(device)
        self._cables.append(Cable(a_end, b_end, delay_s))
        self._dress(a, device, a_addresses)
        self._dress(b, device, b_addresses)

    def route(self, name, destination, via):
        command("ip", "-n", self._names[name], "route", "add", destination, "via", via)

    def set_link(self, name, device, *words):
        """`ip link set`: an MTU, a limit on offload."""
        command("ip", "-n", self._names[name], "link", "set", "dev", device, *words)

    def sysctl(self, name, key, value):
        with self.inside(name), open("/proc/sys/" + key.replace(".", "/"), "w") as file:
            file.write(str(value))

    def nft(self, name, rules):
        """Loads an nftables script in a namespace."""
        with self.inside(name):
            command("nft", "-f", "-", text=rules)

    @contextlib.contextmanager
    def inside(self, name):
        """This thread is in namespace `name` until the end of the block."""
        target = os.open(f"/run/netns/{self._names[name]}", os.O_RDONLY)
        try:
            _enter(target)
            try:
                yield
            finally:
                _enter(self._home)
        finally:
            os.close(target)

    def close(self):
        for cable in self._cables:
            cable.close()
        self._cables.clear()
        for full in self._names.values():
            subprocess.run(["ip", "netns", "del", full], check=False, capture_output=True, timeout=10)
        self._names.clear()

    def _dress(self, name, device, addresses):
        full = self._names[name]
        host = int(addresses[0].split("/")[0].rsplit(".", 1)[1])
        net = int(addresses[0].split(".")[2])
        mac = f"02:00:00:00:{net:02x}:{host:02x}"
        # No router solicitations and no automatic addresses: nothing on the wire which the scenario did not ask for.
        with self.inside(name), open(f"/proc/sys/net/ipv6/conf/{device}/addr_gen_mode", "w") as file:
            file.write("1")
        command("ip", "-n", full, "link", "set", "dev", device, "address", mac, "up")
        for address in addresses:
            command("ip", "-n", full, "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))


def command(*words, text=None):
    """Runs a short command; its words and its error text are in the exception when it fails."""
    done = subprocess.run(words, input=text, text=True, capture_output=True, timeout=20, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def in_background(function, *arguments):
    """Runs a function on a thread of its own which does not keep the program alive."""
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def _enter(namespace):
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
