"""A file that has not been fetched yet to its stand-in: `packer validate` finds a file, and a build by hand stops.

The source is text in a script of ours, and whoever wrote the template chose it. So it is reduced to printable ASCII
(which also keeps a Windows PowerShell, that reads a script in the machine's code page, from seeing other characters)
and stands in single quotes; the only sign that ends those is doubled or written in sh's way.
"""

from __future__ import annotations

import shlex
from urllib.parse import quote

from imagesmith.plan import Fetch, FetchKind, OsType
from imagesmith.redact import redact_url

NOT_FETCHED_EXIT_CODE = 97
"""How a stand-in for a script ends (architecture §4.3)."""

_LONGEST = 500
"""Characters of the source that are shown; a `data:` URI can be as long as the template."""
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def placeholder(fetch: Fetch, os_type: OsType) -> bytes:
    """The content that stands for `fetch` until it is fetched; pure (architecture §4.3).

    A script says on stderr where it should have come from (without query and password) and exits 97; a file says the
    same in words.
    """
    text = f"imagesmith: not fetched: {_visible(redact_url(fetch.uri))}"
    match fetch.kind:
        case FetchKind.SCRIPT if os_type is OsType.WINDOWS:
            script = f"[Console]::Error.WriteLine({_powershell_quoted(text)})\r\nexit {NOT_FETCHED_EXIT_CODE}\r\n"
        case FetchKind.SCRIPT:
            script = f"#!/bin/sh\nprintf '%s\\n' {shlex.quote(text)} >&2\nexit {NOT_FETCHED_EXIT_CODE}\n"
        case FetchKind.FILE | FetchKind.TAR | FetchKind.ZIP:
            script = f"{text}\nThis text stands in its place. `imagesmith compile --fetch` gets the file itself.\n"
    return script.encode("ascii")


def _visible(source: str) -> str:
    short = source if len(source) <= _LONGEST else source[:_LONGEST] + "..."
    return quote(short, safe=_PRINTABLE, errors="replace")


def _powershell_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
