"""Jinja templates of `templates/` to text: HCL files, whose every value is an HCL literal, and scripts of our own.

Autoescaping and `finalize` together make it impossible to print a value that is not a literal: a template prints
`hcl.Raw`, which only `hcl` makes, as it stands, and everything else as what `hcl.literal` makes of it.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from imagesmith import hcl
from imagesmith.plan import BuildPlan, Section, Stage, StageName, Variable

PUBLISHING = ("managed-image", "gallery", "vhd")


class Pages:
    """The templates. Nothing of a rendering stays in them, so threads may share them."""

    def __init__(self) -> None:
        loader = PackageLoader("imagesmith.templates", "")
        self._hcl = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=lambda value: value if isinstance(value, hcl.Raw) else hcl.literal(value),
        )
        self._hcl.filters["block"] = _block
        self._hcl.filters["rows"] = _rows
        self._scripts = Environment(  # noqa: S701 - our own scripts, with numbers of ours and no text of a user's
            loader=loader, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
        )

    def image(self, plan: BuildPlan, stage: Stage) -> bytes:
        """The stage's `image.pkr.hcl`."""
        text = self._hcl.get_template("image.pkr.hcl.j2").render(
            name=plan.name,
            stage=stage.name.value,
            settings=stage.settings,
            variables=[_variable(variable) for variable in stage.variables],
            sections=[{"template": _template(section), "body": section.body} for section in stage.sections],
            steps=stage.steps,
            captures=stage.name is StageName.BUILD,
        )
        return text.encode()

    def script(self, template: str, *, stop_exit_code: int | None = None) -> bytes:
        """A script of ours."""
        text = self._scripts.get_template(template).render(stop_exit_code=stop_exit_code)
        return text.encode()


@cache
def loaded_pages() -> Pages:
    """The templates, compiled once a process: that takes longer than rendering them."""
    return Pages()


def _template(section: Section) -> str:
    folder = "publish" if section.name in PUBLISHING else "source"
    return f"{folder}/{section.name}.hcl.j2"


def _block(block: hcl.Block, indent: int = 0) -> hcl.Raw:
    return hcl.Raw(hcl.render(block, indent=indent).rstrip("\n"))


def _rows(block: hcl.Block) -> hcl.Raw:
    return hcl.Raw(hcl.body(block).rstrip("\n"))


def _variable(variable: Variable) -> hcl.Block:
    rows: list[tuple[str, hcl.Literal]] = [
        ("description", variable.description),
        ("type", hcl.Expression(variable.type)),
    ]
    if not variable.required:
        rows.append(("default", variable.default))
    if variable.sensitive:
        rows.append(("sensitive", True))
    return hcl.Block(type="variable", labels=(variable.name,), attributes=tuple(rows))
