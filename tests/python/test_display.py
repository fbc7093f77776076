"""What a notebook shows, and that nothing from the wire can take part in it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from conftest import TESTDATA
from handmade import connection

import handshark

HOSTILE = b"<script>alert(1)</script>\"' onload=x &amp; \x1b[31m\xe2\x80\xae.example"
TAGS = {"div", "span", "b", "code", "details", "summary", "ul", "li", "table", "tr", "th", "td"}


class Checker(HTMLParser):
    """Knows the tags and attributes that we write, and refuses all others."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            assert name == "style" or (tag, name) == ("details", "open")
            assert "(" not in (value or "").replace("rgba(128", "")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown(capture: handshark.Capture) -> list[str]:
    parts = [
        capture._repr_html_(),
        capture.connections._repr_html_(),
        capture.hellos._repr_html_(),
        capture.certificates._repr_html_(),
    ]
    parts += [capture.findings_table._repr_html_(), *(finding._repr_html_() for finding in capture.findings)]
    for number in range(min(3, len(capture))):
        parts += [capture.connection(number)._repr_html_(), capture.connection(number).timeline()._repr_html_()]
    return parts


@pytest.mark.parametrize("packets", [4, 5])
def test_a_hostile_name_stays_text(packets: int) -> None:
    capture = handshark.read(connection(HOSTILE, packets))
    assert capture.connections[0]["server_name"] == HOSTILE.decode()
    parts = shown(capture)
    assert any("&lt;script&gt;" in part for part in parts)
    for part in parts:
        Checker(part)
        assert "<script" not in part
        assert "\x1b" not in part
        assert "\u202e" not in part
    steps = capture.connection(0).timeline()
    assert "\\x1b[31m" in str(steps)
    for part in (capture._repr_html_(), steps._repr_html_()):
        assert "\\\\x1b" not in part  # escaped once, not twice
    for text in (str(capture), repr(capture), repr(capture.connection(0)), str(steps)):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_what_is_typed_stands_out_and_stays_text() -> None:
    part = handshark.read(TESTDATA / "missing-sni-silent.pcapng").findings[0]._repr_html_()
    assert "<code>auto_sni: true</code>" in part
    assert "`" not in part
    backticks = handshark.read(connection(b"`<i>`.`example")).connection(0)
    Checker(backticks._repr_html_())
    assert "`&lt;i&gt;`.`example" in backticks._repr_html_()


def test_invalid_utf_8_is_no_exception() -> None:
    capture = handshark.read(connection(b"\xff\xfe.example"))
    assert capture.connections[0]["server_name"] == "\ufffd\ufffd.example"
    assert len(shown(capture)) > 3


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("*.pcap*")), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore::handshark.CaptureWarning")
def test_every_capture_is_shown(path: str) -> None:
    capture = handshark.read(path)
    for part in shown(capture):
        Checker(part)
    assert len(repr(capture).splitlines()) <= 13
    assert str(capture).splitlines()[0] in repr(capture)
