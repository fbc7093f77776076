"""A cable with a delay: two TAP devices and a thread which carries frames from one to the other, later.

This is what `tc netem delay` would do; it needs only `/dev/net/tun`, so it also works on kernels without netem.
"""

import collections
import contextlib
import fcntl
import os
import select
import struct
import threading
import time

_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000


class Cable:
    """Carries frames between two ends until closed."""

    @staticmethod
    def end(device):
        """Makes a TAP device in the namespace of this thread and returns its file descriptor."""
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TAP | _IFF_NO_PI))
        return descriptor

    def __init__(self, a, b, delay_s):
        self._ends = (a, b)
        self._delay_s = delay_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def close(self):
        self._stop.set()
        self._thread.join(timeout=5)
        for end in self._ends:
            os.close(end)

    def _carry(self):
        a, b = self._ends
        under_way = collections.deque()  # (due, to, frame), in order of due: the delay is the same for all
        while not self._stop.is_set():
            wait = 0.1
            if under_way:
                wait = max(0.0, min(wait, under_way[0][0] - time.monotonic()))
            readable, _, _ = select.select([a, b], [], [], wait)
            for end in readable:
                frame = _read(end)
                if frame:
                    under_way.append((time.monotonic() + self._delay_s, b if end == a else a, frame))
            while under_way and under_way[0][0] <= time.monotonic():
                _, to, frame = under_way.popleft()
                _write(to, frame)


def _read(end):
    try:
        return os.read(end, 65536)
    except OSError:  # the device is not up yet
        return b""


def _write(end, frame):
    with contextlib.suppress(OSError):  # the far end is down: the frame is lost, as on a real cable
        os.write(end, frame)
