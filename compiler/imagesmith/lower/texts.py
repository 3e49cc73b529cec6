"""Texts of scripts, and names and titles made of a user's text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from imagesmith.hcl import unfit

_NAME_LIMIT = 64


def shell_text(lines: Sequence[str]) -> bytes:
    """Lines as the service joins them: one script, `/bin/sh -e` unless the first line says otherwise."""
    text = "\n".join(lines)
    return encoded(f"{shell_head(text)}{text}\n")


def shell_head(text: str) -> str:
    """The first line that a script gets; empty where it has one."""
    return "" if text.startswith("#!") else "#!/bin/sh -e\n"


def powershell_text(lines: Sequence[str]) -> bytes:
    """Lines as one script."""
    return with_mark("\r\n".join(lines) + "\r\n")


def with_mark(text: str) -> bytes:
    """A PowerShell file. Windows PowerShell reads one without a byte order mark in the machine's code page."""
    return encoded(text if text.isascii() else f"\ufeff{text}")


def encoded(text: str) -> bytes:
    """A file's bytes, whatever stands in it."""
    return text.encode("utf-8", "surrogatepass")


def slug(text: str) -> str:
    """A name for a file: letters, digits and dashes, at most 40 of them; dots only before an ending."""
    stem, dot, ending = text.rpartition(".")
    plain = re.sub(r"[^a-z0-9]+", "-", (stem or ending).lower()).strip("-")[:40].strip("-") or "step"
    ending = re.sub(r"[^a-z0-9]+", "", ending.lower())[:8]
    return f"{plain}.{ending}" if dot and stem and ending else plain


def shown(title: str) -> str:
    """A title on one line, of characters that any terminal and any file can hold."""
    text = unicodedata.normalize("NFC", " ".join(title.split()))
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if unfit(text) is None else ascii(text)[1:-1]


def stem_of(filename: str) -> str:
    """The template's name where it has none: the file's without its endings, as far as a name may have it
    (aib-templates.md §1.2)."""
    stem = re.sub("[^A-Za-z0-9_-]+", "-", Path(filename).name.partition(".")[0])
    return stem[:_NAME_LIMIT].strip("-_") or "imagetemplate"
