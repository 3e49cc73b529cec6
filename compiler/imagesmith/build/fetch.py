"""Phase fetch: the template's scripts and files, checked, into the run's files."""

from __future__ import annotations

from pathlib import Path

from imagesmith.artifacts import FetchOptions, FetchProgress, fetch_all
from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.diagnostics import has_errors
from imagesmith.events import ExitCode, Progress, now
from imagesmith.folder import FolderError, write_folder
from imagesmith.source import locate

FETCH_TIMEOUT_S = 60.0


def fetch_files(run: Run) -> None:
    """Get everything that steps need from elsewhere, and write the run's compiled files. Raises Stop."""
    files = dict(run.compilation.files)
    fetches = [(stage, fetch) for stage in run.plan.stages for fetch in stage.fetches]
    options = run.options.fetch or _default_options(run)
    for stage in run.plan.stages:
        if not stage.fetches:
            continue
        result = fetch_all(
            stage.fetches,
            options,
            on_progress=lambda progress: _tell(run, progress),
            cancel=run.cancel,
        )
        document = run.compilation.document
        found = list(locate(result.diagnostics, document)) if document else list(result.diagnostics)
        run.diagnostics += [item for item in found if not item.is_error]
        if result.cancelled:
            raise Stop(ExitCode.CANCELLED, "the run was cancelled")
        if has_errors(found):
            errors = [item for item in found if item.is_error]
            raise Stop(ExitCode.PREFLIGHT, errors[0].message, errors)
        files |= {f"{stage.name}/{name}": path.read_bytes() for name, path in result.files.items()}
    run.say(Progress(time=now(), text=f"{len(fetches)} files fetched" if fetches else "nothing to fetch"))
    try:
        write_folder(run.folder.compiled, files)
    except FolderError as error:
        raise Stop(ExitCode.PREFLIGHT, str(error)) from error


def _tell(run: Run, progress: FetchProgress) -> None:
    if progress.finished:
        run.say(Progress(time=now(), text=f"fetched {progress.source} ({progress.received_bytes} bytes)"))


def _default_options(run: Run) -> FetchOptions:
    beside = Path(run.compilation.filename).parent
    return FetchOptions(cache=run.folder.path / "cache", template_folder=beside, timeout_s=FETCH_TIMEOUT_S)
