"""The formats of a report: a row each, whose module is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from imagesmith.report.findings import Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A format: its name, the module whose `report` function makes it, and who reads it."""

    name: str
    module: str
    readers: str

    def of(self, report: Report) -> str:
        """A report in this format, with a line end at its end; empty where the format has nothing to say."""
        make: Callable[[Report], str] = import_module(f"imagesmith.report.{self.module}").report
        return make(report)


FORMATS: tuple[Format, ...] = (
    Format(name="text", module="text_report", readers="people"),
    Format(name="json", module="json", readers="scripts"),
    Format(name="sarif", module="sarif", readers="GitHub code scanning, Azure DevOps, editors"),
    Format(name="junit", module="junit", readers="test reports of any CI"),
    Format(name="github", module="github", readers="annotations of GitHub Actions"),
    Format(name="azure-pipelines", module="azure_pipelines", readers="issues of Azure Pipelines"),
    Format(name="gitlab", module="gitlab", readers="Code Quality of GitLab"),
)


def format_named(name: str) -> Format:
    """The format of a name that is one of `FORMATS`."""
    return next(row for row in FORMATS if row.name == name)
