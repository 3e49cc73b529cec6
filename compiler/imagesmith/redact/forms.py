"""A secret to every form in which a program on the way may have printed it."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping

SHORTEST = 4
"""Characters from which on a form is looked for inside of other text."""

_URL_SIGNS = ("", "/", "!'()*", "$&+:=@", ";,/?:@&=+$#!'()*")
"""What percent-encoders leave as it is: the strictest, Python, encodeURIComponent, Go's PathEscape, encodeURI."""
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_URLSAFE = str.maketrans("+/", "-_")
_IN_QUERY = tuple(
    str.maketrans(table) for table in ({"+": "%2B", "/": "%2F", "=": "%3D"}, {"+": "%2b", "/": "%2f", "=": "%3d"})
)
_COMMA = "%!(PACKER_COMMA)"
_DOTNET_PLAIN = re.compile(r"""[^ !#$%()*,\-./0-9:;=?@A-Z\[\]^_a-z{|}~]""")
"""What `System.Text.Json` escapes, with capital hex digits (JavaScriptEncoder.Default: all but Basic Latin)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parts(secret: str) -> Iterator[str]:
    """The secret itself, with both kinds of line ends, and each of its lines (tools print and prefix line by line)."""
    if not secret.strip():
        return
    yield secret
    if "\n" not in secret and "\r" not in secret:
        return
    lines = secret.splitlines()
    yield "\n".join(lines)
    yield "\r\n".join(lines)
    yield from (line.strip() for line in lines if len(line.strip()) >= SHORTEST)


def encodings(secret: str) -> Iterator[str]:
    """Every form in which a secret is looked for; forms may repeat.

    Raw; JSON (plain, ASCII, as Go, .NET and Windows PowerShell write it, twice); percent-encoded (in the sets of Go,
    Python and JavaScript, both cases, ``+`` for a blank); HTML, XML and PowerShell's CLIXML; quoted for sh, PowerShell,
    cmd and HCL; base64 at all three alignments, of UTF-8 and of UTF-16 (PowerShell's ``-EncodedCommand``), in both
    alphabets and percent-encoded. Text forms also as Packer's machine-readable lines have them (packer.md §4.2).
    """
    for form in _text_forms(secret):
        yield form
        yield form.replace(",", _COMMA).replace("\r", "\\r").replace("\n", "\\n")
    for data in _encoded(secret):
        yield from _base64_forms(data)


def ragged_forms(secret: str) -> Mapping[str, tuple[bool, bool]]:
    """The forms beside which a base64 text has a character that holds bits of the secret too: whether there is one
    before the form, and one behind it."""
    found: dict[str, tuple[bool, bool]] = {}
    for data in _encoded(secret):
        for core, before, behind in _cores(data):
            if before or behind:
                found |= {form: _either(found.get(form), (before, behind)) for form in _alphabets(core)}
    return found


def _either(one: tuple[bool, bool] | None, other: tuple[bool, bool]) -> tuple[bool, bool]:
    return (one[0] or other[0], one[1] or other[1]) if one else other


def _encoded(secret: str) -> tuple[bytes, bytes]:
    return _utf8(secret), secret.encode("utf-16-le", "surrogatepass")


def _text_forms(secret: str) -> Iterator[str]:
    yield secret
    yield from _json_forms(secret)
    yield from _url_forms(secret)
    yield from _markup_forms(secret)
    yield from _quoted_forms(secret)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json_forms(secret: str) -> Iterator[str]:
    for ascii_only in (True, False):
        inner = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield inner
        yield inner.replace("/", "\\/")
        yield json.dumps(inner, ensure_ascii=ascii_only)[1:-1]
        go = inner.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        yield go
        yield go.replace("'", "\\u0027")  # Windows PowerShell's ConvertTo-Json
    yield _DOTNET_PLAIN.sub(_dotnet, secret)


def _dotnet(match: re.Match[str]) -> str:
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\"}
    units = match[0].encode("utf-16-be", "surrogatepass")
    return short.get(match[0]) or "".join(f"\\u{units[at] << 8 | units[at + 1]:04X}" for at in range(0, len(units), 2))


def _url_forms(secret: str) -> Iterator[str]:
    data = _utf8(secret)
    for safe in _URL_SIGNS:
        for form in (urllib.parse.quote(data, safe=safe), urllib.parse.quote_plus(data, safe=safe)):
            yield form
            yield _PERCENT.sub(lambda match: match[0].lower(), form)


def _markup_forms(secret: str) -> Iterator[str]:
    import html  # its table of names is large, and most runs of the program meet no secret

    plain = html.escape(secret, quote=False)
    yield from (html.escape(secret), plain)
    yield plain.replace("'", "&#39;").replace('"', "&#34;")
    yield plain.replace("'", "&apos;").replace('"', "&quot;")
    yield _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", plain)


def _quoted_forms(secret: str) -> Iterator[str]:
    yield from (secret.replace("'", "'\\''"), secret.replace("'", "'\"'\"'"))
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", secret, flags=re.ASCII)
    yield re.sub(r"""([\\"$`])""", r"\\\1", secret)
    yield secret.replace("\\", "\\\\")  # printf %b
    yield re.sub(r"(['\\])", r"\\\1", secret).replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")  # $'…'
    yield from (secret.replace("'", "''"), secret.replace('"', '""'))
    yield re.sub(r"""([`$"'])""", r"`\1", secret)
    yield re.sub(r"""([`$"])""", r"`\1", secret)
    yield re.sub(r"""([&|<>^()%!"])""", r"^\1", secret)
    yield secret.replace("${", "$${").replace("%{", "%%{")


def _base64_forms(data: bytes) -> Iterator[str]:
    for core, _before, _behind in _cores(data):
        yield from _alphabets(core)
    yield from _alphabets(base64.b64encode(data).decode("ascii"))


def _cores(data: bytes) -> Iterator[tuple[str, bool, bool]]:
    """The characters that are the same wherever the data begins in a base64 text, for the three places it can; and
    whether a character before them, and one behind them, holds bits of the data and of its neighbours."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).decode("ascii")
        bits = (shift + len(data)) * 8
        core = text[(shift * 8 + 5) // 6 : bits // 6]
        if len(core) >= SHORTEST:
            yield core, shift > 0, bits % 6 > 0


def _alphabets(text: str) -> Iterator[str]:
    yield text
    yield text.translate(_URLSAFE)
    for table in _IN_QUERY:
        yield text.translate(table)
