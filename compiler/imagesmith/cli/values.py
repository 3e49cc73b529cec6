"""Kinds of values on the command line: versions, durations, ages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from imagesmith.rules.timeouts import seconds
from imagesmith.versions import Version


class VersionType(click.ParamType[Version]):
    """A version number on the command line."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Version:  # click's form
        """Text to a version."""
        try:
            return value if isinstance(value, Version) else Version.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DurationType(click.ParamType[float]):
    """A duration on the command line, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # click's form
        """Text such as ``90s`` or ``1h30m`` to seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = seconds(value)
        if found is None:
            self.fail(f"'{value}' is not a duration; write 90s, 45m or 2h", param, ctx)
        return found


class AgeType(click.ParamType[timedelta]):
    """An age on the command line: ``30d``, or a duration."""

    name = "age"

    def convert(
        self,
        value: Any,  # click's form
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """Text such as ``30d`` or ``12h`` to the time that has passed."""
        if isinstance(value, timedelta):
            return value
        days = value.removesuffix("d")
        try:
            if days != value and days.isascii() and days.isdigit():
                return timedelta(days=int(days))
            return timedelta(seconds=DurationType().convert(value, param, ctx))
        except OverflowError:
            self.fail(f"'{value}' is longer than anybody can wait", param, ctx)
