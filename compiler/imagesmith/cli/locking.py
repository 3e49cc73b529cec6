"""The lock file of a template on the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from imagesmith.cli.options import STDIN
from imagesmith.cli.sections import section
from imagesmith.cli.settings import Compiled
from imagesmith.diagnostics import Diagnostic

if TYPE_CHECKING:
    from imagesmith.artifacts import FetchOptions, Lock


locked_option = section(
    "Scripts and files",
    click.option("--locked", is_flag=True, help="Refuse whatever is not as the lock file beside the template pins it."),
)
"""The option of a command that can be held to a lock."""


class Unlocked(Exception):  # noqa: N818 - says what is missing, and is told to the user
    """--locked cannot be obeyed; `diagnostics` say why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics


def lock_beside(file: str) -> Lock | None:
    """The lock of a template, None where it has none. Raises Unlocked if there is one that cannot be read."""
    from imagesmith.artifacts.lock import LockError, lock_path, read_lock

    if file == STDIN:
        return None
    try:
        return read_lock(lock_path(file))
    except LockError as error:
        raise Unlocked(error.diagnostic) from None


def obey_lock(file: str, compiled: Compiled, fetch: FetchOptions, *, locked: bool) -> tuple[Compiled, FetchOptions]:
    """What is compiled from the pinned version of the source, and the fetch that knows the lock. Raises Unlocked."""
    lock = lock_beside(file)
    if lock is None and locked:
        from imagesmith.artifacts.locking import NO_LOCK

        raise Unlocked(NO_LOCK.at((), f"there is no lock file beside {'the template' if file == STDIN else file}"))
    fetch = replace(fetch, lock=lock, locked=locked)
    if lock is None or not locked:
        return compiled, fetch
    from imagesmith.artifacts.sources import with_locked_source

    compilation, found = with_locked_source(compiled.compilation, lock)
    if found:
        raise Unlocked(*found)
    return replace(compiled, compilation=compilation), fetch
