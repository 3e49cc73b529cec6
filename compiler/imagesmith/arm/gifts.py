"""What the caller gives a template, texts of -p and parameter files, to values by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imagesmith.arm.deployment import Deployment
from imagesmith.arm.faults import Finding, Problem
from imagesmith.arm.structure import member_of
from imagesmith.arm.suggest import close
from imagesmith.diagnostics import Diagnostic, Rule, Severity, SourceText, Span
from imagesmith.source import Document, Member, Object, Origin, Value

_SOURCE = "Azure Resource Manager documentation, 'Create Resource Manager parameter file'"

UNKNOWN_PARAMETER = Rule(
    code="IMG112",
    severity=Severity.ERROR,
    title="a value is given for a name that the file does not have",
    cause="-p gives values to parameters and <tokens> of the file; this name is neither.",
    fix="correct the name, or leave it out",
    example="-p imagename=contoso-base",
    corrected="-p imageName=contoso-base",
    source="architecture §3.3",
)
KEY_VAULT_PARAMETER = Rule(
    code="IMG118",
    severity=Severity.ERROR,
    title="a parameter file refers to a secret in a key vault",
    cause="The service reads the secret when it deploys; here nothing is read from a vault.",
    fix="give the parameter with -p NAME=@FILE",
    example='"password": {"reference": {"keyVault": {"id": "…"}, "secretName": "admin"}}',
    corrected="-p password=@secret.txt",
    source=_SOURCE,
)
PARAMETER_FILE_FORM = Rule(
    code="IMG119",
    severity=Severity.ERROR,
    title="a parameter file does not have the form of one",
    cause='A parameter file is an object: {"parameters": {"name": {"value": …}}}, or plainly {"name": value}.',
    fix="bring the file into that form",
    example='{"parameters": {"imageName": "contoso-base"}}',
    corrected='{"parameters": {"imageName": {"value": "contoso-base"}}}',
    source=_SOURCE,
)
OUTSIDE_PARAMETER = Rule(
    code="IMG133",
    severity=Severity.ERROR,
    title="a parameter file takes a value from outside",
    cause="A file that was compiled from .bicepparam may ask the tool that deploys for values "
    "(externalInput(), readEnvVar(), readCliArg()); here no such tool is at work.",
    fix="give the parameter with -p NAME=VALUE",
    example='"imageName": {"expression": "[externalInputs(\'sys_cli_0\')]"}',
    corrected="-p imageName=contoso-base",
    source="Bicep documentation, 'Parameters file function for Bicep'",
)

_FRAME = frozenset({"$schema", "contentversion", "metadata"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """One value that the caller gave: a text of -p, or a value of a file; `findings` where it cannot be had."""

    name: str
    span: Span
    text: str | None = None
    value: Value | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def as_text(self) -> Value | None:
        """The value as a token takes it: text, whatever it looks like."""
        if self.text is not None:
            return Value(self.text, Origin(self.span))
        if self.value is None or isinstance(self.value.data, tuple | Object | None):
            return None
        data = self.value.data
        text = str(data).lower() if isinstance(data, bool) else str(data)
        return Value(text, self.value.origin)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gifts:
    """All that the caller gave, by lower-case name, -p before files, later files before earlier ones."""

    by_name: Mapping[str, Given]
    from_command: tuple[Given, ...]
    from_files: tuple[Given, ...]
    diagnostics: tuple[Diagnostic, ...]


def given(deployment: Deployment) -> Gifts:
    """Read -p texts and parameter files."""
    by_name: dict[str, Given] = {}
    diagnostics: list[Diagnostic] = []
    for document in deployment.parameter_files:
        for found in _of_file(document):
            if isinstance(found, Diagnostic):
                diagnostics.append(found)
            else:
                by_name[found.name.lower()] = found
    files = tuple(by_name.values())
    command = tuple(_of_command(name, text) for name, text in deployment.parameters.items())
    by_name.update((one.name.lower(), one) for one in command)
    return Gifts(by_name=by_name, from_command=command, from_files=files, diagnostics=tuple(diagnostics))


def _of_command(name: str, text: str) -> Given:
    return Given(name=name, text=text, span=Span(SourceText(f"-p {name}", text), 0, len(text)))


def _of_file(document: Document) -> Iterator[Given | Diagnostic]:
    root = document.root
    if root is None:
        return
    if not isinstance(root.data, Object):
        yield PARAMETER_FILE_FORM.at((), "the parameter file is no object", span=root.span)
        return
    wrapped = root.data.find("parameters")
    if wrapped is None:
        yield from (_plain(member) for member in root.data if member.key.lower() not in _FRAME)
    elif isinstance(wrapped.value.data, Object):
        for member in wrapped.value.data:
            yield from _wrapped(member)
    else:
        yield PARAMETER_FILE_FORM.at((), "`parameters` is no object", span=wrapped.value.span)


def _plain(member: Member) -> Given:
    return Given(name=member.key, value=member.value, span=member.name.span)


def _wrapped(member: Member) -> Iterator[Given | Diagnostic]:
    """One entry of `parameters`; a malformed one is told at once, and where it is used not told to be missing."""
    value, reference, expression = (member_of(member.value, key) for key in ("value", "reference", "expression"))
    name, key, span = member.key, member.name.span, member.value.span
    if value is not None:
        yield Given(name=name, value=value, span=key)
    elif reference is not None:
        message = f"the value of parameter {name!r} is a secret in a key vault, which is not read here"
        hint = f"give it with -p {name}=@FILE"
        problem = Problem(diagnostic=KEY_VAULT_PARAMETER.at((), message, hint=hint, span=span))
        yield Given(name=name, span=key, findings=(problem,))
    elif expression is not None:
        message = f"the value of parameter {name!r} comes from the tool that deploys, which is not asked here"
        hint = f"give it with -p {name}=…"
        problem = Problem(diagnostic=OUTSIDE_PARAMETER.at((), message, hint=hint, span=expression.span))
        yield Given(name=name, span=key, findings=(problem,))
    else:
        found = PARAMETER_FILE_FORM.at((), f'parameter {name!r} is not written as {{"value": …}}', span=span)
        yield found
        yield Given(name=name, span=key, findings=(Problem(diagnostic=found),))


def unknown(gifts: Gifts, known: set[str]) -> Iterator[Diagnostic]:
    """An error for each -p that nothing in the file asks for; a warning for each entry of a parameter file, which may
    serve other templates too, although the service refuses it."""
    folded = {name.lower() for name in known}
    for gift in (*gifts.from_command, *gifts.from_files):
        if gift.name.lower() not in folded:
            message = f"the file has no parameter and no token {gift.name!r}"
            names = ", ".join(sorted(known)[:8])
            hint = close(gift.name, known) or (f"it has {names}" if names else "it has none at all")
            severity = Severity.WARNING if gift in gifts.from_files else None
            yield UNKNOWN_PARAMETER.at((), message, hint=hint, span=gift.span, severity=severity)
