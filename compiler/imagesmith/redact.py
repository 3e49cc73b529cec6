"""Text to the same text without secrets, whatever encoding a program on the way has given them.

Packer's own filter has holes (packer.md §4.8): machine-readable output before 1.15.1 is not filtered, and derived
values (base64 of a secret) never are. So everything that leaves a run goes through a `Redactor`.

A secret of one to three characters is masked only as it is and only where it stands alone: as a part of other words
it would destroy the text and tell the secret by its holes. Encodings are looked for from four characters on.
"""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator

MARK = "<redacted>"
"""What stands in the place of a secret."""

_SHORTEST = 4
_WINDOW = 64
"""How far back from the end of a secret the next one may begin and still be seen as overlapping it."""

_HEAD = 64
"""Characters of a form that are searched for; the rest is compared where they are found, since an expression with whole
keys in it takes long to compile."""
_LONG = 12
_GRAM = 4
_STRIDE = _LONG - _GRAM + 1
"""It is enough to look at every ninth gram of four characters: a form of twelve or more cannot hide between them."""

_SIGNATURE = re.compile(r"((?:(?<![A-Za-z0-9])|(?<=u0026)|(?<=%3[Ff])|(?<=%26))sig(?:=|%3[Dd]))[A-Za-z0-9%+/=_.~-]+")
_URL_SIGNS = ("", "/", "!'()*", "$&+:=@", ";,/?:@&=+$#!'()*")
"""What percent-encoders leave as it is: the strictest, Python, encodeURIComponent, Go's PathEscape, encodeURI."""
_PERCENT = re.compile(r"%[0-9A-F]{2}")


class Redactor:
    """Replaces every known secret, in every form that `encodings` makes of it, and all SAS signatures, by `MARK`.

    Takes the secrets once and is safe to share between threads. `longest` is the length of the longest form in
    characters: who cuts a text at an arbitrary place drops as many from its end, since half a secret is not found.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for secret in secrets for part in _parts(secret)}
        forms = {form for part in parts if len(part) >= _SHORTEST for form in encodings(part)}
        short = {part for part in parts if len(part) < _SHORTEST}
        heads = {form[:_HEAD] for form in forms}
        self._pattern = _compile(heads, short)
        self._brief = _compile({form for form in forms if len(form) < _LONG}, short)
        self._grams = _grams(form for form in forms if len(form) >= _LONG)
        self._whole = _by_head(forms)
        self.longest = max(map(len, forms), default=0)

    def __repr__(self) -> str:
        return "Redactor(…)"

    def redact(self, text: str) -> str:
        """The text with every secret masked; touching and overlapping ones become one mark. Linear in the text."""
        if self._pattern is not None and self._may_hold(text) and (first := self._pattern.search(text)):
            text = self._masked(self._pattern, text, first)
        if "sig" in text:
            text = _SIGNATURE.sub(rf"\1{MARK}", text)
        return text

    def _may_hold(self, text: str) -> bool:
        """A quick look, right for nearly all lines: most have none of the short forms, and no gram of a long one."""
        if not self._grams.isdisjoint(zip(*(text[start::_STRIDE] for start in range(_GRAM)), strict=False)):
            return True
        return self._brief is not None and self._brief.search(text) is not None

    def _masked(self, pattern: re.Pattern[str], text: str, first: re.Match[str]) -> str:
        pieces: list[str] = []
        done = 0
        start, end = first.start(), first.end()
        match: re.Match[str] | None = first
        while match:
            if match.start() > end:
                pieces += text[done:start], MARK
                done, start = end, match.start()
            reach = self._reach(text, match)
            end = max(end, reach)
            match = pattern.search(text, max(match.start() + 1, reach - _WINDOW))
        pieces += text[done:start], MARK, text[end:]
        return "".join(pieces)

    def _reach(self, text: str, match: re.Match[str]) -> int:
        """Where the form that begins with this match ends; of a form that breaks off, its head is masked."""
        forms = self._whole.get(match[0], ())
        return next((match.start() + len(form) for form in forms if text.startswith(form, match.start())), match.end())


def redact_url(url: str) -> str:
    """A URL for people: without user, password, query and fragment. Other text keeps what is before its ``?``.

    SAS tokens of Azure storage stand in the query (Azure Storage, "Grant limited access with SAS").
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    query = f"?{MARK}" if parts.query else ""
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) + query


def _parts(secret: str) -> Iterator[str]:
    """The secret itself, with both kinds of line ends, and each of its lines (tools print and prefix line by line)."""
    if not secret.strip():
        return
    yield secret
    if "\n" not in secret and "\r" not in secret:
        return
    lines = secret.splitlines()
    yield "\n".join(lines)
    yield "\r\n".join(lines)
    yield from (line.strip() for line in lines if len(line.strip()) >= _SHORTEST)


def encodings(secret: str) -> Iterator[str]:
    """Every form in which a secret is looked for; forms may repeat.

    Raw, JSON (plain, ASCII, as Go writes it, twice), percent-encoded (in the sets of Go, Python and JavaScript, both
    cases), HTML, as Packer's machine-readable lines have it (packer.md §4.2), quoted for sh, PowerShell and HCL, and
    base64 at all three alignments, of UTF-8 and of UTF-16 (PowerShell's ``-EncodedCommand``).
    """
    yield secret
    yield from _json_forms(secret)
    yield from _url_forms(secret)
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield html.escape(secret, quote=False).replace("'", "&#39;").replace('"', "&#34;")
    yield html.escape(secret, quote=False).replace("'", "&apos;").replace('"', "&quot;")
    escaped = secret.replace("\r", "\\r").replace("\n", "\\n")
    yield from (escaped, escaped.replace(",", "%!(PACKER_COMMA)"))
    yield from (secret.replace("'", "'\\''"), secret.replace("'", "'\"'\"'"))
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", secret, flags=re.ASCII)
    yield re.sub(r"""([\\"$`])""", r"\\\1", secret)
    yield from (secret.replace("'", "''"), secret.replace('"', '""'))
    yield re.sub(r"""([`$"'])""", r"`\1", secret)
    yield secret.replace("${", "$${").replace("%{", "%%{")
    for data in (_utf8(secret), secret.encode("utf-16-le", "surrogatepass")):
        yield from _base64_forms(data)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json_forms(secret: str) -> Iterator[str]:
    for ascii_only in (True, False):
        inner = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield inner
        yield inner.replace("/", "\\/")
        yield json.dumps(inner, ensure_ascii=ascii_only)[1:-1]
        yield inner.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _url_forms(secret: str) -> Iterator[str]:
    data = _utf8(secret)
    for safe in _URL_SIGNS:
        for form in (urllib.parse.quote(data, safe=safe), urllib.parse.quote_plus(data, safe=safe)):
            yield form
            yield _PERCENT.sub(lambda match: match[0].lower(), form)


def _base64_forms(data: bytes) -> Iterator[str]:
    """The characters that are the same wherever the data begins in a base64 text, for the three places it can.

    A character at either end also holds bits of its neighbours; those are left out, and up to four bits remain.
    """
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).decode("ascii")
        core = text[(shift * 8 + 5) // 6 : (shift + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST:
            yield core
            yield core.translate(str.maketrans("+/", "-_"))
    yield base64.b64encode(data).decode("ascii")
    yield base64.urlsafe_b64encode(data).decode("ascii")


def _grams(forms: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """The grams of the first `_LONG` characters of each form, one of which a text that holds it shows."""
    return frozenset(tuple(form[at : at + _GRAM]) for form in forms for at in range(_STRIDE))


def _by_head(forms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Long forms by their first `_HEAD` characters, the longest first."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for form in sorted(forms, key=len, reverse=True):
        if len(form) > _HEAD:
            found[form[:_HEAD]].append(form)
    return {head: tuple(whole) for head, whole in found.items()}


def _compile(forms: set[str], short: set[str]) -> re.Pattern[str] | None:
    """One expression for all forms. `re` tries alternatives one by one at every place, so they are sorted into a tree
    of their first two characters; a place that begins no secret is left after a few comparisons.
    """
    branches = [rf"(?<![^\W_]){re.escape(text)}(?![^\W_])" for text in sorted(short)]
    tree: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        tree[form[0]][form[1]].append(re.escape(form[2:]))
    for first, rest in sorted(tree.items()):
        inner = "|".join(f"{re.escape(second)}(?:{'|'.join(tails)})" for second, tails in sorted(rest.items()))
        branches.append(f"{re.escape(first)}(?:{inner})")
    return re.compile("|".join(branches)) if branches else None
