"""HCL as values: literals, expressions, blocks and their canonical layout.

What `packer fmt` would print is printed here (packer.md §5.4, §5.5), so that files pass `packer fmt -check` unchanged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from markupsafe import Markup

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST_MARKS = 30
"""Go breaks longer runs of combining characters up with a character of its own (Unicode UAX #15, Stream-Safe Text)."""
_CONTROL = re.compile(r'[\\"\n\r\t\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]')


class Raw(Markup):
    """HCL source text that is printed as it stands. Never made of a user's data."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An HCL expression of our own: ``var.location``, ``build.Password``."""

    text: str


@dataclass(frozen=True, slots=True)
class InTemplateFolder:
    """A path relative to the folder of the HCL file, whatever the working folder: ``"${path.root}/scripts/01.sh"``."""

    path: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """Text for a plugin that renders the attribute as a Go template exactly once: a literal ``{{`` is protected."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of Packer's functions: ``merge({ … }, var.tags)``."""

    function: str
    arguments: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """A text of pieces: texts as they are, and expressions of our own that HCL puts in."""

    pieces: tuple[str | Expression, ...]


Literal: TypeAlias = (
    "bool | int | str | Expression | Call | InTemplateFolder | Rendered | Joined"
    " | tuple[Literal, ...] | Mapping[str, Literal] | None"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A block of a Packer file: ``type "label" { attributes; blocks }``. Attributes keep their order."""

    type: str
    labels: tuple[str, ...] = ()
    attributes: tuple[tuple[str, Literal], ...] = ()
    blocks: tuple[Block, ...] = ()

    def get(self, name: str) -> Literal:
        """An attribute's value, None where it is not set."""
        return dict(self.attributes).get(name)


def attributes(**values: Literal) -> tuple[tuple[str, Literal], ...]:
    """Attributes in the order given; those that are None are left out."""
    return tuple((name, value) for name, value in values.items() if value is not None)


def unfit(text: str) -> str | None:
    """Why a text cannot stand in HCL unchanged, None where it can (packer.md §5.4)."""
    if "\0" in text:
        return "it holds a NUL character, which HCL cannot hold"
    if _SURROGATE.search(text):
        return "it holds half of a surrogate pair, which no file can hold"
    if not unicodedata.is_normalized("NFC", text):
        return "it is not in Unicode's NFC form, and HCL would change it silently"
    if _longest_run_of_marks(text) > _MOST_MARKS:
        return f"it holds more than {_MOST_MARKS} combining characters in a row, and HCL would change it silently"
    return None


def _longest_run_of_marks(text: str) -> int:
    """Marks, and the vowels and finals of Hangul, which combine with what is before them as well."""
    longest = run = 0
    for character in "" if text.isascii() else unicodedata.normalize("NFKD", text):
        combines = unicodedata.category(character).startswith("M") or "\u1160" <= character <= "\u11ff"
        run = run + 1 if combines else 0
        longest = max(longest, run)
    return longest


def quote(text: str) -> str:
    """A quoted literal that evaluates to exactly this text (packer.md §5.4).

    Raises ValueError for text that HCL cannot hold: NUL, lone surrogates, and text that HCL would change silently, see
    `unfit`.
    """
    problem = unfit(text)
    if problem:
        raise ValueError(problem)
    escaped = _CONTROL.sub(lambda match: _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}", text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def protect(text: str) -> str:
    """Text that a Go template, rendered once, turns back into `text` (packer.md §5.6)."""
    return text.replace("{{", "{{`{{`}}")


def literal(value: Literal, *, indent: int = 0) -> Raw:  # noqa: PLR0911 - one return a kind of value
    """A value as HCL source. Lists and maps of more than one element stand on lines of their own.

    `indent` is the depth of the line it stands on, in steps of two spaces. Raises ValueError as `quote` does, and
    TypeError for a value that has no HCL form.
    """
    match value:
        case None:
            return Raw("null")
        case bool():
            return Raw("true" if value else "false")
        case int():
            return Raw(str(value))
        case Raw():
            return value
        case str() | InTemplateFolder() | Rendered() | Joined():
            return Raw(_text(value))
        case Expression():
            return Raw(value.text)
        case Call():
            return Raw(f"{value.function}({', '.join(literal(item, indent=indent) for item in value.arguments)})")
        case tuple():
            return Raw(_list(value, indent))
        case Mapping():
            return Raw(_map(value, indent))
        case _:
            raise TypeError(f"{type(value).__name__} has no HCL form")


def _text(value: str | InTemplateFolder | Rendered | Joined) -> str:
    match value:
        case str():
            return quote(value)
        case InTemplateFolder():
            return '"${path.root}/' + quote(value.path)[1:]
        case Rendered():
            return quote(protect(value.text))
        case Joined():
            return '"' + "".join(map(_piece, value.pieces)) + '"'
        case _:
            assert_never(value)


def _piece(piece: str | Expression) -> str:
    return f"${{{piece.text}}}" if isinstance(piece, Expression) else quote(piece)[1:-1]


def _list(items: tuple[Literal, ...], indent: int) -> str:
    texts = [literal(item, indent=indent) for item in items]
    if len(texts) <= 1 or sum(map(len, texts)) < 60:
        return f"[{', '.join(texts)}]"
    inner = "  " * (indent + 1)
    return "[\n" + "".join(f"{inner}{literal(item, indent=indent + 1)},\n" for item in items) + "  " * indent + "]"


def _map(items: Mapping[str, Literal], indent: int) -> str:
    if not items:
        return "{}"
    rows = [
        (key if _IDENTIFIER.fullmatch(key) else quote(key), literal(item, indent=indent + 1))
        for key, item in items.items()
    ]
    return "{\n" + "".join(_aligned(rows, indent + 1)) + "  " * indent + "}"


def _aligned(rows: Iterable[tuple[str, str]], indent: int) -> Iterable[str]:
    """Rows with their equals signs aligned in runs of single-line values, as `packer fmt` does."""
    run: list[tuple[str, str]] = []
    for name, text in rows:
        if "\n" in text:
            yield from _flush(run, indent)
            run = []
            yield f"{'  ' * indent}{name} = {text}\n"
        else:
            run.append((name, text))
    yield from _flush(run, indent)


def _flush(run: list[tuple[str, str]], indent: int) -> Iterable[str]:
    width = max((_width(name) for name, _ in run), default=0)
    for name, text in run:
        yield f"{'  ' * indent}{name}{' ' * (width - _width(name))} = {text}\n"


def _width(text: str) -> int:
    """Columns as `packer fmt` counts them: grapheme clusters; marks that combine take none."""
    return sum(1 for character in text if not unicodedata.combining(character))


def body(block: Block, *, indent: int = 1) -> Raw:
    """What stands between a block's braces, each line indented by `indent` steps."""
    rows = [(name, literal(value, indent=indent)) for name, value in block.attributes]
    parts = list(_aligned(rows, indent))
    for child in block.blocks:
        # Raw is a Markup, whose `+` would escape what it is added to: join only.
        parts += ["\n", render(child, indent=indent)] if parts else [render(child, indent=indent)]
    return Raw("".join(parts))


def render(block: Block, *, indent: int = 0) -> Raw:
    """A whole block, ending in a line feed."""
    margin = "  " * indent
    head = " ".join([block.type, *map(quote, block.labels)])
    inner = body(block, indent=indent + 1)
    return Raw(f"{margin}{head} {{\n{inner}{margin}}}\n" if inner else f"{margin}{head} {{\n{margin}}}\n")
