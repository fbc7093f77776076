"""Looks at the memory behind `__arrow_c_stream__` as a consumer in C sees it, without any library in between.

The structures are those of https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Array(ctypes.Structure):
    """`struct ArrowArray`."""


Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))),
    ("private_data", ctypes.c_void_p),
]


class Stream(ctypes.Structure):
    """`struct ArrowArrayStream`."""


Stream._fields_ = [
    ("get_schema", ctypes.c_void_p),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))),
    ("get_last_error", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

Addresses = list[int | None]
"""Where the buffers of a column are, those of its child after its own; None for one that is left out."""

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


@contextmanager
def handed_over(table: Any) -> Iterator[list[list[Addresses]]]:
    """The addresses that a table hands over: batch by batch, column by column. They hold within the context."""
    capsule = table.__arrow_c_stream__()  # releases the stream when it is dropped
    stream = ctypes.cast(_pointer(capsule, b"arrow_array_stream"), ctypes.POINTER(Stream))
    batches: list[Array] = []
    try:
        while True:
            batch = Array()
            assert stream.contents.get_next(stream, ctypes.byref(batch)) == 0
            if not batch.release:  # the end of the stream
                break
            batches.append(batch)
        yield [[_addresses(one.children[place].contents) for place in range(one.n_children)] for one in batches]
    finally:
        for batch in batches:
            batch.release(ctypes.byref(batch))


def _addresses(array: Any) -> Addresses:
    assert array.offset == 0, "the addresses are those of the first value"
    own: Addresses = [array.buffers[place] for place in range(array.n_buffers)]
    return own + [one for child in range(array.n_children) for one in _addresses(array.children[child].contents)]
