"""A path relative to the template to a file of the cache, without leaving the folder that it must lie in."""

from __future__ import annotations

import difflib
from pathlib import Path

from imagesmith.artifacts.faults import NO_FOLDER, NO_SUCH_FILE, OUTSIDE_ROOT, FetchError
from imagesmith.artifacts.folders import pack
from imagesmith.artifacts.locations import WEB_HINT, Local, looks_like_host
from imagesmith.artifacts.opening import opened
from imagesmith.artifacts.options import FetchOptions
from imagesmith.artifacts.store import Content, Store
from imagesmith.plan import FetchKind

_CHUNK = 1 << 20


def copy(at: Local, kind: FetchKind, options: FetchOptions, store: Store) -> Content:
    """Take a copy of a file beside the template, or pack a folder; raises `FetchError`.

    Links are followed first and the place that they lead to is checked (architecture §4.3). The copy is what is used
    from then on, so a later change of the file does not reach a build that has begun.
    """
    if options.template_folder is None:
        raise FetchError(NO_FOLDER, f"{at.shown} is a relative path, and the template comes from stdin")
    file = _resolved(at, options.template_folder, options.root or options.template_folder)
    if at.path.endswith("/"):
        return pack(file, at.shown, kind, options, store)
    if file.is_dir():
        hint = "in a File step, end the path with '/' to copy the folder"
        raise FetchError(NO_SUCH_FILE, f"{at.shown} is not a file", hint)
    with store.draft(at.shown, limit_bytes=options.limit_bytes) as draft:
        try:
            with opened(file, FetchError(NO_SUCH_FILE, f"{at.shown} is not a file")) as source:
                while chunk := source.read(_CHUNK):
                    draft.write(chunk)
        except OSError as error:
            raise FetchError(
                NO_SUCH_FILE, f"{at.shown}: {error.strerror or 'cannot be read'}", _hint(at, file)
            ) from None
        return store.keep(draft)


def _resolved(at: Local, folder: Path, root: Path) -> Path:
    try:
        file = (folder / at.path).resolve()
        inside = file.is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # RuntimeError: links in a circle (Python before 3.13)
        raise FetchError(NO_SUCH_FILE, f"{at.shown} is a link that leads nowhere") from None
    if not inside:
        raise FetchError(OUTSIDE_ROOT, f"{at.shown} leads out of {root}")
    return file


def _hint(at: Local, file: Path) -> str:
    if looks_like_host(at.path):
        return WEB_HINT
    try:
        names = {entry.name.lower(): entry.name for entry in file.parent.iterdir()}
    except OSError:
        return ""
    close = difflib.get_close_matches(file.name.lower(), names, n=1)
    return f"did you mean {names[close[0]]}?" if close else ""
