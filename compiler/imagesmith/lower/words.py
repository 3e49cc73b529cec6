"""What lowering carries along: the options of the compilation, the diagnostics so far, and checked text.

Every text of the user's that goes into HCL passes through `Lowering`, which knows how often Packer renders the
attribute it goes to (packer.md §5.6) and says so where the text could not arrive unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from imagesmith import hcl
from imagesmith.diagnostics import Diagnostic, On, Path, Rule, Severity
from imagesmith.plan import Need, NeedKind, OsType, Section, Step, StepSecret, Variable, VersionRequest, used_variables
from imagesmith.redact import Redactor
from imagesmith.source import Dependence

UNFIT_TEXT = Rule(
    code="IMG400",
    severity=Severity.ERROR,
    title="the text cannot reach the machine unchanged",
    cause="Packer's language cannot hold NUL, and changes text that is not in Unicode's NFC form without saying so.",
    fix="take the character out, or put the text into a script: scripts are files and arrive byte for byte",
    example='{"type": "File", "sourceUri": "a.txt", "destination": "/tmp/a\\u0000b"}',
    corrected='{"type": "File", "sourceUri": "a.txt", "destination": "/tmp/ab"}',
    source="packer.md §5.4",
)
GO_TEMPLATE = Rule(
    code="IMG401",
    severity=Severity.ERROR,
    title="'{{' cannot stand in this text",
    cause="Packer renders this option as a Go template again and again until nothing changes, so a literal '{{' cannot"
    " survive there, whatever is written before it.",
    fix="choose a path without '{{', and move the file from there in a script step",
    example='{"type": "File", "sourceUri": "a.txt", "destination": "/tmp/{{name}}.txt"}',
    corrected='{"type": "File", "sourceUri": "a.txt", "destination": "/tmp/name.txt"}',
    source="packer.md §5.6, lowering.md §4.5",
)

AZURE_EXPRESSION = Rule(
    code="IMG406",
    severity=Severity.ERROR,
    title="the text would be evaluated by Azure",
    cause="Packer writes this text into a deployment template, where Azure evaluates every text from '[' to ']', and"
    " takes one of two '[' away.",
    fix="put another character before the '['",
    example='{"managedResourceTags": {"owner": "[platform]"}}',
    corrected='{"managedResourceTags": {"owner": "platform"}}',
    source="Azure Resource Manager, syntax and expressions in templates",
)


class ValidateOn(StrEnum):
    """Where validators run: on a new machine made from the result, or on the build's own before it is generalized."""

    NEW_VM = "new-vm"
    BUILD_VM = "build-vm"


@dataclass(frozen=True, kw_only=True, slots=True)
class LowerOptions:
    """What a compilation may decide apart from the template."""

    os_type: OsType
    name: str
    location: str | None = None
    resource_group: str | None = None
    subscription_id: str | None = None
    strict_scripts: bool = False
    validate_on: ValidateOn = ValidateOn.NEW_VM
    vhd_container: str | None = None
    vhd_resource_group: str | None = None
    source_version: str | None = None
    """The version to take where the source says `latest`."""
    secrets: tuple[str, ...] = ()
    """Environment variables that the caller gives to every script of the template."""
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of secure parameters by the names of the parameters."""
    depends: Callable[[Path], Dependence | None] = lambda _: None
    """On which secure parameters the value at a path depends, in whatever way."""


@dataclass(kw_only=True, slots=True)
class Lowering:
    """The state of one lowering: options in; diagnostics, needs, variables and version requests out."""

    options: LowerOptions
    diagnostics: list[Diagnostic] = field(default_factory=list)
    needs: dict[tuple[NeedKind, str], Need] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    versions: list[VersionRequest] = field(default_factory=list)
    secrets: dict[str, StepSecret] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    """What the input variables for secure parameters hold."""
    redactors: dict[str, Redactor] = field(default_factory=dict, repr=False)

    def spans(self, text: str, parameter: str) -> Sequence[tuple[int, int]]:
        """Where a text holds the value of a secure parameter, in whatever encoding; spans may overlap."""
        if parameter not in self.redactors:
            self.redactors[parameter] = Redactor([self.options.hidden[parameter]])
        return self.redactors[parameter].spans(text)

    def nameable(self, text: str, otherwise: str) -> str:
        """A text that a file may be called after: names of files are seen by everybody, so a secret is none."""
        return otherwise if any(value in text for value in self.options.hidden.values()) else text

    def say(self, rule: Rule, path: Path, message: str = "", *, hint: str = "", on: On = On.VALUE) -> None:
        """Add a diagnostic."""
        self.diagnostics.append(rule.at(path, message, hint=hint, on=on))

    def need(self, kind: NeedKind, id_: str, path: Path) -> None:
        """Remember that something has to exist before the build."""
        self.needs.setdefault((kind, id_.lower()), Need(kind=kind, id=id_, path=path))

    def variable(self, name: str, description: str, **settings: Any) -> hcl.Expression:  # fields of `Variable`
        """Declare an input variable (once) and return the expression that reads it."""
        self.variables.setdefault(name, Variable(name=name, description=description, **settings))
        return hcl.Expression(f"var.{name}")

    def variables_of(self, sections: Iterable[Section], steps: Iterable[Step]) -> tuple[Variable, ...]:
        """The declared variables that these sections and steps read."""
        return used_variables(self.variables.values(), sections, steps)

    def plain(self, text: str, path: Path) -> str:
        """Text for an option whose form the rules have checked, so that no template sign can stand in it."""
        return text if self._fits(text, path) else ""

    def rendered(self, text: str, path: Path) -> hcl.Rendered:
        """Text for an option that Packer renders once."""
        return hcl.Rendered(text if self._fits(text, path) else "")

    def stable(self, text: str, path: Path) -> str:
        """Text for an option that Packer renders until it no longer changes."""
        if "{{" in text:
            self.say(GO_TEMPLATE, path, f"'{{{{' cannot stand in '{path[-1]}': Packer would take it for a template")
            return ""
        return text if self._fits(text, path) else ""

    def deployed(self, text: str, path: Path) -> hcl.Rendered:
        """Text for an option that Packer renders once and hands to Azure in a deployment template."""
        self._refuse_expression(text, path)
        return self.rendered(text, path)

    def deployed_map(self, values: Mapping[str, str], path: Path) -> dict[str, hcl.Literal]:
        """Names and values (tags) for such an option; names take no template signs."""
        for name in values:
            self._refuse_expression(name, (*path, name))
        return {self.stable(name, (*path, name)): self.deployed(text, (*path, name)) for name, text in values.items()}

    def _refuse_expression(self, text: str, path: Path) -> None:
        if text.startswith("[") and text.endswith("]"):
            self.say(AZURE_EXPRESSION, path, f"Azure would read '{text}' as an expression")

    def _fits(self, text: str, path: Path) -> bool:
        problem = hcl.unfit(text)
        if problem:
            self.say(UNFIT_TEXT, path, f"the text cannot reach the machine unchanged: {problem}")
        return problem is None
