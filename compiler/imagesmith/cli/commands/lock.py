"""`imagesmith lock FILE`: pin what a template names beside itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from imagesmith.artifacts import FetchOptions, Lock, fetch_all
from imagesmith.artifacts.lock import LockedSource, LockError, lock_path, read_lock, write_lock
from imagesmith.artifacts.locking import changes, judged, locked_files
from imagesmith.artifacts.sources import image_of, latest_need
from imagesmith.azure.clients import AzureError
from imagesmith.azure.login import Auth
from imagesmith.azure.newest import newest_version
from imagesmith.azure.storage import storage_token
from imagesmith.cli.fetching import fetch_options, fetching
from imagesmith.cli.locking import Unlocked, lock_beside
from imagesmith.cli.options import STDIN, output_option, template_options
from imagesmith.cli.output import show_diagnostics, show_document, talk
from imagesmith.cli.secrets import keep_out
from imagesmith.cli.sections import SectionedCommand
from imagesmith.cli.settings import compile_given
from imagesmith.cli.world import Unfit, azure
from imagesmith.diagnostics import Diagnostic, has_errors
from imagesmith.pipeline import Compilation
from imagesmith.results import ExitCode
from imagesmith.source import locate

NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""A login for blobs needs none."""


@click.command("lock", cls=SectionedCommand)
@click.argument("file", metavar="FILE")
@template_options
@click.option("--update", is_flag=True, help="Pin everything anew, also what has changed.")
@click.option(
    "--auth",
    type=click.Choice([kind.value for kind in Auth]),
    default="auto",
    show_default=True,
    help="Login to Azure, for the version behind latest.",
)
@fetch_options
@output_option("text", "json")
def command(file: str, output: str, *, update: bool, auth: str, **given: Any) -> int:  # the shared options
    """Pin the digest of every script and file, and the version behind latest.

    The lock is FILE's name with the ending .lock.json, beside it. What it pins already stays; a file that is not as it
    is pinned is an error, unless --update is given.
    """
    if file == STDIN:
        raise click.UsageError("a template from standard input has no lock file")
    fetch = fetching(file, **{name: given.pop(name) for name in ("allow_host", "root", "offline")})
    compiled = compile_given(file, given)
    keep_out(compiled.compilation.secrets)
    found = compiled.compilation.diagnostics
    if not compiled.passes:
        return _refused(output, ExitCode.TEMPLATE, found)
    try:
        lock = _lock(compiled.compilation, None if update else lock_beside(file), fetch, auth)
        said = _written(file, lock)
    except Unlocked as error:
        return _refused(output, ExitCode.PREFLIGHT, (*found, *error.diagnostics))
    except Unfit as error:
        return _refused(output, error.code, (*found, *error.diagnostics))

    _show(lock_path(file), lock, said, found, output)
    return ExitCode.OK


def _lock(compilation: Compilation, before: Lock | None, fetch: FetchOptions, auth: str) -> Lock:
    """The lock of what is there now, which keeps what is pinned. Raises Unlocked, Unfit."""

    stages = compilation.plan.stages if compilation.plan else ()
    fetches = [one for stage in stages for one in stage.fetches]
    fetch = replace(fetch, storage_token=lambda: _storage_token(compilation, auth))
    result = fetch_all(fetches, fetch, on_progress=lambda _progress: None)
    found = [*result.diagnostics]
    if before is not None:
        pinned = [item for item in result.fetched if before.file(item.fetch)]
        found += judged(before, pinned, enforced=True)
    if has_errors(found):
        raise Unlocked(*(locate(found, compilation.document) if compilation.document else found))
    return Lock(files=locked_files(result.fetched), source=_source(compilation, before, auth))


def _storage_token(compilation: Compilation, auth: str) -> str | None:
    """A token for private blobs; asked for only when one has been refused."""
    try:
        give = storage_token(azure(auth, compilation.options.subscription_id or NO_SUBSCRIPTION))
    except Unfit:
        return None
    return give() if give else None


def _source(compilation: Compilation, before: Lock | None, auth: str) -> LockedSource | None:
    """The version behind `latest`: the pinned one, else the newest that Azure has. Raises Unlocked, Unfit."""

    plan = compilation.plan
    need = latest_need(plan) if plan else None
    if plan is None or need is None:
        return None
    image = image_of(need)
    version = before.version_of(image) if before else None
    if version is None:
        world = azure(auth, compilation.options.subscription_id or plan.subscription_id)
        try:
            version = newest_version(need, plan, world)
        except AzureError as error:
            document = compilation.document
            said = locate([error.diagnostic], document) if document else [error.diagnostic]
            raise Unlocked(*said) from None
    return LockedSource(image=image, version=version)


def _written(file: str, lock: Lock) -> list[str]:
    """Write the lock; what is different from what was there, in words. Raises Unlocked."""

    path = lock_path(file)
    try:
        old = read_lock(path)
    except LockError:
        old = None  # it is being made anew
    if old == lock:
        return []
    try:
        write_lock(path, lock)
    except LockError as error:
        raise Unlocked(error.diagnostic) from None
    return changes(old, lock)


def _show(path: Path, lock: Lock, said: Sequence[str], found: Sequence[Diagnostic], output: str) -> None:
    if output == "json":
        show_document(found, {"lock": str(path), "changes": list(said)})
        return
    show_diagnostics(found)
    for change in said:
        talk(change)
    count = len(lock.files)
    pinned = f"{count} file{'' if count == 1 else 's'}{' and the source' if lock.source else ''}"
    click.echo(f"{path}: {pinned} pinned" if said else f"{path}: up to date")


def _refused(output: str, code: ExitCode, found: Sequence[Diagnostic]) -> int:
    if output == "json":
        show_document(found, {"lock": None, "changes": []})
    else:
        show_diagnostics(found)
    return code
