"""Options that say from where scripts and files may come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from imagesmith.cli.options import STDIN
from imagesmith.cli.run import cache_folder
from imagesmith.cli.sections import section
from imagesmith.cli.surrounding import reach

fetch_options = section(
    "Scripts and files",
    click.option(
        "--allow-host",
        multiple=True,
        metavar="NAME",
        help="Fetch from this name even if it is on this machine or link-local.",
    ),
    click.option(
        "--root",
        metavar="DIR",
        help="Folder that relative scripts and files must lie in.  [default: the template's]",
    ),
    click.option("--offline", is_flag=True, help="Fetch only from the cache and from files."),
)
"""The options of a command that fetches."""


def fetching(file: str, *, allow_host: Sequence[str], root: str | None, offline: bool) -> Any:  # FetchOptions, lazily
    """The library's options from the command line's, for a template `file`; standard input has no folder."""
    from imagesmith.artifacts import FetchOptions
    from imagesmith.build.fetch import FETCH_TIMEOUT_S

    return FetchOptions(
        cache=cache_folder() / "files",
        template_folder=None if file == STDIN else Path(file).resolve().parent,
        root=Path(root) if root else None,
        allow_hosts=frozenset(allow_host),
        offline=offline,
        timeout_s=FETCH_TIMEOUT_S,
        **reach(),
    )
