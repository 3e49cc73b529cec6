"""What only we know of a run, for its record: the template's digest, the steps', the options, and versions of everything."""

from __future__ import annotations

import dataclasses
import hashlib
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from imagesmith import hcl
from imagesmith.build.options import BuildOptions
from imagesmith.diagnostics import Diagnostic, dotted
from imagesmith.diagnostics import to_json as diagnostic_json
from imagesmith.pipeline import Compilation, CompileOptions
from imagesmith.plan import Step
from imagesmith.toolchain import Packer
from imagesmith.world import World

_DATA = (bool, int, float, str, Mapping, list, tuple)
_NOT_TOLD = frozenset({"now", "seed", "check_only", "fetch"})
"""Options that are another one each time, or that say nothing of the result."""


def run_details(
    compilation: Compilation,
    packer: Packer,
    world: World,
    options: BuildOptions,
    *,
    digests: Mapping[str, str],
    steps: Sequence[Mapping[str, Any]],
    diagnostics: tuple[Diagnostic, ...] = (),
) -> dict[str, Any]:  # JSON data
    """The `imagesmith` part of `run.json`. `digests` are those of programs by their path, as far as they are known;
    `steps` come from `step_digests`."""
    text = compilation.document.source.text if compilation.document else ""
    return {
        "template": {"file": compilation.filename, "sha256": _sha256(text.encode("utf-8", "surrogatepass"))},
        "options": {**_options(compilation.options), **_options(options)},
        "world": world.name,
        "worldFacts": dict(world.facts),
        "sweepArguments": None if world.sweep_arguments is None else list(world.sweep_arguments),
        "worldObserved": dict(world.observe().details),
        "packer": {
            "path": str(packer.path),
            "version": str(packer.version),
            "sha256": digests.get(str(packer.path)),
            "plugins": {
                plugin.source: {"version": str(plugin.version), "sha256": digests.get(str(plugin.path))}
                for plugin in packer.plugins
            },
        },
        "imagesmith": version("imagesmith"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "steps": list(steps),
        "diagnostics": [diagnostic_json(found) for found in (*compilation.diagnostics, *diagnostics)],
    }


def program_digests(packer: Packer) -> dict[str, str]:
    """SHA-256 of Packer and its plugins by path. A hundred megabytes take a while."""
    found: dict[str, str] = {}
    with suppress(OSError):
        found[str(packer.path)] = packer.digest_sha256
    for plugin in packer.plugins:
        with suppress(OSError):
            found[str(plugin.path)] = _file_sha256(plugin.path)
    return found


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _options(options: CompileOptions | BuildOptions) -> dict[str, Any]:  # JSON data
    """Options that differ from their defaults, under the names that the library has for them."""
    return {
        field.name: _plain(value)
        for field in dataclasses.fields(options)
        if field.name not in _NOT_TOLD
        and (value := getattr(options, field.name)) not in _defaults(field)
        and _has_words(value)
    }


def _defaults(field: dataclasses.Field[Any]) -> tuple[Any, ...]:  # a field of any type
    if field.default_factory is not dataclasses.MISSING:
        return (field.default_factory(),)
    return (field.default,)


def _plain(value: Any) -> Any:  # noqa: PLR0911 - JSON data, one return a shape
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return getattr(value, "filename", None) or (str(value) if _has_words(value) else type(value).__name__)


def _has_words(value: object) -> bool:
    """Whether a value can be written down: a reader or another function of the caller's has no words of its own."""
    return type(value).__str__ is not object.__str__ or isinstance(value, _DATA)


def step_digests(compilation: Compilation, files: Mapping[str, bytes]) -> tuple[dict[str, Any], ...]:  # JSON data
    """Each step with a digest over itself and its files alone, so that two runs can be compared step by step. `files`
    are the compiled files, with what was fetched if that has been done."""
    return tuple(
        {
            "stage": stage.name.value,
            "id": step.id,
            "kind": step.kind,
            "title": step.title,
            "path": dotted(step.path) if step.path is not None else None,
            "sha256": _step_sha256(step, stage.name.value, files),
        }
        for stage in (compilation.plan.stages if compilation.plan else ())
        for step in stage.steps
    )


def _step_sha256(step: Step, stage: str, files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256(step.kind.encode())
    for block in step.blocks:
        total.update(hcl.render(block).encode())
    for file in step.files:
        content = files.get(f"{stage}/{file.name}", file.content or b"")
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
