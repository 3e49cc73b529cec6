"""Phase fetch: the template's scripts and files, checked, into the run's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from imagesmith.artifacts import FetchOptions, FetchProgress
from imagesmith.azure.storage import storage_token
from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.events import ExitCode, Progress, now
from imagesmith.folder import FolderError, write_folder
from imagesmith.world import World

FETCH_TIMEOUT_S = 60.0


def fetch_files(run: Run) -> None:
    """Get everything that steps need from elsewhere, and write the run's compiled files. Raises Stop."""
    files: Mapping[str, bytes] = run.compilation.files
    fetched = 0
    if any(stage.fetches for stage in run.plan.stages):  # else what fetches is not even loaded
        files, fetched = _fetched(run)
    run.folder.take_files(files)
    run.say(Progress(time=now(), text=_counted(fetched)))
    try:
        write_folder(run.folder.compiled, files)
    except FolderError as error:
        raise Stop(ExitCode.PREFLIGHT, str(error)) from error


def _fetched(run: Run) -> tuple[Mapping[str, bytes], int]:
    """The files with what was fetched in them, and how many that were. Raises Stop."""
    from imagesmith.artifacts import fill

    filled = fill(
        run.compilation,
        with_login(run.options.fetch or _default_options(run), run.world),
        on_progress=lambda progress: _tell(run, progress),
        cancel=run.cancel,
    )
    if filled.cancelled:
        raise Stop.cancelled()
    errors = [item for item in filled.diagnostics if item.is_error]
    if errors:
        raise Stop(ExitCode.PREFLIGHT, errors[0].message, filled.diagnostics)
    run.diagnostics += filled.diagnostics
    return filled.files, filled.fetched


def with_login(options: FetchOptions, world: World) -> FetchOptions:
    """The options with the run's own login for blobs, unless the caller has given one."""
    return options if options.storage_token else replace(options, storage_token=storage_token(world))


def _counted(fetched: int) -> str:
    if fetched == 0:
        return "nothing to fetch"
    return "1 file fetched" if fetched == 1 else f"{fetched} files fetched"


def _tell(run: Run, progress: FetchProgress) -> None:
    if progress.finished:
        run.say(Progress(time=now(), text=f"fetched {progress.source} ({progress.received_bytes} bytes)"))


def _default_options(run: Run) -> FetchOptions:
    beside = Path(run.compilation.filename).parent
    return FetchOptions(cache=run.folder.path / "cache", template_folder=beside, timeout_s=FETCH_TIMEOUT_S)
