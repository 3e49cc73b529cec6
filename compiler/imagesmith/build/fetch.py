"""Phase fetch: the template's scripts and files, checked, into the run's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imagesmith.artifacts import FetchOptions, FetchProgress, fetch_all
from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.events import ExitCode, Progress, now
from imagesmith.folder import FolderError, write_folder
from imagesmith.plan import Fetch
from imagesmith.source import locate

FETCH_TIMEOUT_S = 60.0


def fetch_files(run: Run) -> None:
    """Get everything that steps need from elsewhere, and write the run's compiled files. Raises Stop."""
    files = dict(run.compilation.files)
    wanted = [(stage.name, fetch) for stage in run.plan.stages for fetch in stage.fetches]
    if wanted:
        for (stage, fetch), content in zip(wanted, _fetched(run, [fetch for _, fetch in wanted]), strict=True):
            files[f"{stage}/{fetch.file}"] = content
    run.say(Progress(time=now(), text=f"{len(wanted)} files fetched" if wanted else "nothing to fetch"))
    try:
        write_folder(run.folder.compiled, files)
    except FolderError as error:
        raise Stop(ExitCode.PREFLIGHT, str(error)) from error


def _fetched(run: Run, fetches: Sequence[Fetch]) -> list[bytes]:
    """The contents, in order; what two steps share is downloaded once."""
    result = fetch_all(
        fetches,
        run.options.fetch or _default_options(run),
        on_progress=lambda progress: _tell(run, progress),
        cancel=run.cancel,
    )
    if result.cancelled:
        raise Stop(ExitCode.CANCELLED, "the run was cancelled")
    document = run.compilation.document
    found = tuple(locate(result.diagnostics, document)) if document else result.diagnostics
    errors = [item for item in found if item.is_error]
    if errors:
        raise Stop(ExitCode.PREFLIGHT, errors[0].message, found)
    run.diagnostics += found
    return [fetched.content.read_bytes() for fetched in result.fetched]


def _tell(run: Run, progress: FetchProgress) -> None:
    if progress.finished:
        run.say(Progress(time=now(), text=f"fetched {progress.source} ({progress.received_bytes} bytes)"))


def _default_options(run: Run) -> FetchOptions:
    beside = Path(run.compilation.filename).parent
    return FetchOptions(cache=run.folder.path / "cache", template_folder=beside, timeout_s=FETCH_TIMEOUT_S)
