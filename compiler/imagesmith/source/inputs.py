"""A template's path to all that is read for it: the template, and the parameters that belong to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.source.bicep_program import Bicep
from imagesmith.source.load import is_bicep_parameters, load, load_with_template
from imagesmith.source.values import Document

PARAMETERS_BESIDE = Rule(
    code="IMG150",
    severity=Severity.NOTE,
    title="a parameter file beside the template is read by itself",
    cause="A file of the template's name that ends in `.parameters.json` is taken for its parameters.",
    fix="give --parameters FILE to read another one instead",
    example="image.json and image.parameters.json in one folder",
    corrected="imagesmith validate image.json --parameters image.parameters.json",
    source="architecture §3.3",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """A template and its parameter files, and what is to be said about their choice."""

    document: Document
    parameter_files: tuple[Document, ...] = ()
    notes: tuple[Diagnostic, ...] = ()


def read_inputs(path: str | os.PathLike[str], *, parameter_files: tuple[Document, ...], bicep: Bicep | None) -> Inputs:
    """Read a template, with the parameters of a `.bicepparam` file or, where none are given, of the file beside it.

    Never raises, like `load`.
    """
    if is_bicep_parameters(path):
        document, parameters = load_with_template(path, bicep=bicep)
        return Inputs(document=document, parameter_files=(parameters, *parameter_files))
    document = load(path, bicep=bicep)
    if document.root is None or parameter_files:
        return Inputs(document=document, parameter_files=parameter_files)
    beside = Path(path).with_suffix(".parameters.json")
    if not beside.is_file():
        return Inputs(document=document)
    note = PARAMETERS_BESIDE.at((), f"parameters are read from '{beside.name}'", span=document.root.span)
    return Inputs(document=document, parameter_files=(load(beside),), notes=(note,))
