"""What the command line, the environment and the settings file of a template say together, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from imagesmith.cli.options import STDIN, TARGET_NAMES, TEMPLATE_NAMES, compile_file, compile_options
from imagesmith.cli.supervision import options_by_step
from imagesmith.pipeline import Compilation
from imagesmith.policy import FailOn, Policy, fails
from imagesmith.settings import KEYS, Settings, read, settings_for
from imagesmith.targets import Target

_READING = {*TEMPLATE_NAMES, *TARGET_NAMES} - {"select", "ignore", "severity", "fail_on", "config", "no_config"}
"""Options that say how a template is read; the others of them say what is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A compilation, and what options, environment and settings say together (`values`, by the options' names)."""

    compilation: Compilation
    values: Mapping[str, Any]

    @property
    def fail_on(self) -> FailOn:
        """From which severity on a diagnostic makes the command fail."""
        return FailOn(self.values["fail_on"] or FailOn.ERROR)

    @property
    def passes(self) -> bool:
        """Whether there is something to build, and no diagnostic is as bad as the threshold."""
        return self.compilation.ok and not fails(self.compilation.diagnostics, self.fail_on)


def compile_given(
    file: str, given: Mapping[str, Any], *, target: Target | None = None, check_only: bool = False
) -> Compiled:
    """Compile a file (`-` is standard input) with a command's options and the settings that hold where it lies."""
    values, settings = _together(file, given)
    options = compile_options(
        **{name: values[name] for name in _READING},
        target=target,
        check_only=check_only,
        policy=Policy(select=values["select"], ignore=values["ignore"], severities=values["severity"]),
        found=settings.diagnostics,
        secrets=tuple(source.name for source in given.get("secrets", ())),
    )
    steps = options_by_step(values["step_timeout"], values["step_retries"], values["continue"])
    options = replace(options, step_options=steps, is_locked=options.strict and _has_lock(file))
    return Compiled(compilation=compile_file(file, options), values=values)


def _has_lock(file: str) -> bool:
    """Whether a lock lies beside a template; asked where strictness makes it matter."""
    from imagesmith.artifacts.lock import lock_path

    return file != STDIN and lock_path(file).is_file()


def _together(file: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], Settings]:
    """The value of every key of the table, and of every option given here."""
    folder = Path() if file == STDIN else Path(file).parent
    settings = Settings() if given["no_config"] else _settings(given["config"], folder)
    context = click.get_current_context()
    values = {key.parameter: context.params.get(key.parameter) for key in KEYS} | dict(given)
    for name, value in settings.values.items():
        if isinstance(value, dict):
            values[name] = {**value, **(values[name] or {})}
        elif context.get_parameter_source(name) in {None, ParameterSource.DEFAULT}:
            values[name] = value
    return values, settings


def _settings(config: str | None, folder: Path) -> Settings:
    """One reading a folder and command, so that files beside each other share what is wrong with their settings."""
    known: dict[Path, Settings] = click.get_current_context().meta.setdefault(__name__, {})
    if folder not in known:
        known[folder] = settings_for(folder) if config is None else _settings_in(config)
    return known[folder]


def _settings_in(config: str) -> Settings:
    found = read(Path(config))
    if found is None:
        raise click.BadParameter(f"'{config}' has no table [tool.imagesmith]", param_hint="--config")
    return found
