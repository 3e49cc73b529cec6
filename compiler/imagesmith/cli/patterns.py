"""Names of files and patterns on the command line to files: ``infra/**/*.json`` in quotes is ours to look up."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from imagesmith.diagnostics import Diagnostic, Rule, Severity

NOTHING_MATCHES = Rule(
    code="IMG161",
    severity=Severity.ERROR,
    title="no file matches the pattern",
    cause="A name with `*`, `?` or `[` is a pattern, and there is no file that it means; `**` stands for folders of "
    "any depth. A check of no files would always succeed.",
    fix="check the pattern, and the folder that the command is run in",
    example="imagesmith validate 'infra/*.jsn'",
    corrected="imagesmith validate 'infra/**/*.json' --skip-others",
    source="docs/ci.md",
)


def files_named(names: Sequence[str]) -> Iterator[str | Diagnostic]:
    """Every file once, those of a pattern in the order of their names; a pattern without any is a diagnostic."""
    seen: set[str] = set()
    for name in names:
        if not _is_pattern(name):
            found: Sequence[str | Diagnostic] = [name]
        else:
            found = _matching(name) or [NOTHING_MATCHES.at((), f"no file matches '{name}'")]
        for one in found:
            key = one if isinstance(one, Diagnostic) else os.path.normpath(one)
            if isinstance(key, Diagnostic) or key not in seen:
                yield one
            if not isinstance(key, Diagnostic):
                seen.add(key)


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not _exists(name)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _matching(pattern: str) -> list[str]:
    try:
        names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute patterns
    except (OSError, ValueError):
        return []
    return sorted({PurePath(name).as_posix() if os.sep == "\\" else name for name in names if _is_file(name)})


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False
