"""The manual pages of the findings."""

from __future__ import annotations

from typing import overload

from handshark import _handshark


class Page(str):
    """A manual page in Markdown, which a notebook shows as one."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def codes() -> list[str]:
    """The codes of all findings, in the order in which they are looked for.

    >>> import handshark
    >>> "missing-sni" in handshark.codes()
    True
    """
    return [code for code, _ in _handshark.pages()]


@overload
def explain(code: None = None) -> list[tuple[str, str]]: ...
@overload
def explain(code: str) -> str: ...
def explain(code: str | None = None) -> str | list[tuple[str, str]]:
    """The manual page of a finding: what it says, its signature on the wire, what to do. Without a code, all titles.

    >>> import handshark
    >>> print(handshark.explain("missing-sni").splitlines()[2])
    ## What it says
    """
    pages = dict(_handshark.pages())
    if code is None:
        return [(code, _title(code, page)) for code, page in pages.items()]
    if code not in pages:
        raise ValueError(f"no finding has the code {code!r}; handshark.codes() has all")
    return Page(pages[code])


def _title(code: str, page: str) -> str:
    first = page.split("\n", 1)[0].lstrip("# ")
    return first.removeprefix(code).lstrip(": ")
