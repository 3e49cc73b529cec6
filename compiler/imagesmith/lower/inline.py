"""The lines of an `inline` to a script file, with marks in the places of secrets, and the secrets that it needs."""

from __future__ import annotations

from collections.abc import Sequence

from imagesmith.diagnostics import Path
from imagesmith.lower.restoring import Hidden, Pieces, restoring_powershell, restoring_shell
from imagesmith.lower.secrets import in_pieces
from imagesmith.lower.texts import encoded, powershell_text, shell_head, shell_text, with_mark
from imagesmith.lower.words import Lowering

Script = tuple[bytes, tuple[str, ...]]
"""A file, and the names of the environment variables that it reads secrets from."""


def shell_script(lines: Sequence[str], path: Path, lowering: Lowering) -> Script:
    """A script for sh, or for what its first line names."""
    pieces = in_pieces(lines, "\n", path, lowering)
    if not (names := _names(pieces)):
        return shell_text(lines), ()
    first = pieces[0] if isinstance(pieces[0], str) else ""
    return encoded(restoring_shell([shell_head(first), *pieces, "\n"])), names


def powershell_script(lines: Sequence[str], path: Path, lowering: Lowering, *, strict: bool = False) -> Script:
    """A PowerShell script; a strict one stops at its first error."""
    head = ["$ErrorActionPreference = 'Stop'"] if strict else []
    pieces = in_pieces(lines, "\r\n", path, lowering)
    if not (names := _names(pieces)):
        return powershell_text([*head, *lines]), ()
    return with_mark(restoring_powershell([*(f"{line}\r\n" for line in head), *pieces, "\r\n"])), names


def _names(pieces: Pieces) -> tuple[str, ...]:
    return tuple(sorted({piece.name for piece in pieces if isinstance(piece, Hidden)}))
