"""A capture of one connection whose ClientHello asks for any name, written byte by byte."""

from __future__ import annotations

import struct

_CLIENT, _SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
_SYN, _ACK, _PSH, _RST = 0x02, 0x10, 0x08, 0x04


def connection(server_name: bytes, packets: int = 5) -> bytes:
    """SYN, SYN-ACK, ACK, ClientHello, RST; or the first of them."""
    hello = _client_hello(server_name)
    segments = [
        _segment(True, 100, 0, _SYN),
        _segment(False, 300, 101, _SYN | _ACK),
        _segment(True, 101, 301, _ACK),
        _segment(True, 101, 301, _ACK | _PSH, hello),
        _segment(False, 301, 101 + len(hello), _ACK | _RST),
    ]
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    return header + b"".join(_record(number, data) for number, data in enumerate(segments[:packets]))


def records(count: int) -> bytes:
    """Nothing but SYNs: a capture that goes on."""
    return b"".join(_record(number % 1_000_000, _segment(True, number, 0, _SYN)) for number in range(count))


def attempts(count: int) -> bytes:
    """So many connections of one SYN each."""
    syn = _segment(True, 1, 0, _SYN)
    clients = (struct.pack(">I", 0x0B00_0000 + number) for number in range(count))
    return connection(b"", packets=0) + b"".join(_record(0, syn[:12] + client + syn[16:]) for client in clients)


def _record(micros: int, data: bytes) -> bytes:
    return struct.pack("<IIII", 1_700_000_000, micros, len(data), len(data)) + data


def _segment(from_client: bool, seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    ports = (40_000, 443) if from_client else (443, 40_000)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 64_240, 0, 0) + payload
    addresses = (_CLIENT, _SERVER) if from_client else (_SERVER, _CLIENT)
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, *addresses) + tcp


def _client_hello(server_name: bytes) -> bytes:
    name = b"\x00" + _sized(2, server_name)
    extensions = struct.pack(">H", 0) + _sized(2, _sized(2, name))
    body = (
        b"\x03\x03" + bytes(32) + _sized(1, b"") + _sized(2, b"\x13\x01") + _sized(1, b"\x00") + _sized(2, extensions)
    )
    message = b"\x01" + _sized(3, body)
    return b"\x16\x03\x01" + _sized(2, message)


def _sized(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data
