"""A path in a file to the document there, without leaving the folder that all files must lie in."""

from __future__ import annotations

import os
from pathlib import Path

from imagesmith.diagnostics import Rule, Severity, SourceText, Span
from imagesmith.source.load import load
from imagesmith.source.values import Document

OUTSIDE_FOLDER = Rule(
    code="IMG134",
    severity=Severity.ERROR,
    title="a linked file lies outside of the template's folder",
    cause="A template may only make imagesmith read files of its own folder and of the folders below it, so that no "
    "template can look at the rest of the machine.",
    fix="move the linked file into the template's folder, or start from a template in the folder above both",
    example='"templateLink": {"relativePath": "../shared/image.json"}',
    corrected='"templateLink": {"relativePath": "shared/image.json"}',
    source="architecture §4.3",
)


class FilesBelow:
    """Reads the files that others in a folder, or below it, name by relative paths."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    def __call__(self, path: str, named_in: str) -> Document:
        """The document at a path relative to the file that names it. Never raises, like `load`.

        Links of the file system are followed first, and the place that they lead to is what must lie in the folder.
        """
        shown = os.path.normpath(Path(named_in).parent / path.replace("\\", "/"))
        try:
            inside = Path(shown).resolve().is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle (Python before 3.13)
            inside = False
        if inside:
            return load(shown)
        source = SourceText(shown, "")
        message = "it lies outside of the template's folder"
        diagnostic = OUTSIDE_FOLDER.at((), message, span=Span(source, 0, 0))
        return Document(source=source, root=None, diagnostics=(diagnostic,))
