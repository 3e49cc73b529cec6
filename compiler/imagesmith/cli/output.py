"""Printing: results on stdout, talk on stderr, and the one JSON document of a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from imagesmith.diagnostics import Diagnostic
from imagesmith.report.json import diagnostic_to_json, json_line, json_text
from imagesmith.report.text import render


def colors(stream: Any) -> bool:  # a text stream of any kind
    """Whether a stream is a terminal that wants colours."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def talk(text: str) -> None:
    """Say something that is not the result."""
    click.echo(text, err=True)


def show_diagnostics(diagnostics: Iterable[Diagnostic], *, secrets: Iterable[str] = ()) -> None:
    """Print diagnostics for people, on stderr; lines of the template are shown without the `secrets`."""
    text = render(tuple(diagnostics), color=colors(sys.stderr), secrets=secrets)
    if text:
        click.echo(text, err=True, nl=not text.endswith("\n"))


def show_document(diagnostics: Iterable[Diagnostic], result: Mapping[str, Any]) -> None:  # JSON data
    """Print a command's one JSON document on stdout."""
    document = {"diagnostics": [diagnostic_to_json(item) for item in diagnostics], **result}
    click.echo(json_text(document))


def show_line(data: Mapping[str, Any]) -> None:  # JSON data
    """Print JSON data on stdout in one line."""
    click.echo(json_line(data))
