"""Reads damaged captures through the Python package: nothing but its own exceptions may come out.

python tests/robustness/through_python.py FOLDER...
"""

from __future__ import annotations

import collections
import multiprocessing
import pathlib
import resource
import sys
import time
import warnings

import handshark as hs

SLOW = 10.0
"""Seconds for one small capture beyond which it counts as hanging."""


def outcome(path: pathlib.Path) -> str:
    """What becomes of one file: read, refused, or the class of what should not have come out."""
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hs.CaptureWarning)
        try:
            capture = hs.read(path)
            for finding in capture.findings:
                repr(finding), finding.to_dict()
            capture.connections.to_dicts(), capture.hellos.to_dicts(), capture.certificates.to_dicts()
            repr(capture), capture._repr_html_()
            result = "read"
        except hs.CaptureError:
            result = "refused"
        except BaseException as error:  # that there is no other is what is tested
            result = f"{type(error).__name__}: {error}"[:200]
    return result if time.monotonic() - started < SLOW else f"hung, {result}"


def main(folders: list[str]) -> int:
    files = sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*") if path.is_file())
    with multiprocessing.Pool() as pool:
        counts = collections.Counter(pool.imap_unordered(outcome, files, chunksize=64))
    for result, count in counts.most_common():
        print(f"{count:8} {result}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{len(files)} files, peak {peak} MiB in one process")
    return 0 if set(counts) <= {"read", "refused"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
