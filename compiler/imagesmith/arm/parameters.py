"""Parameters of a deployment file: declarations meet what the caller gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imagesmith.api_versions import NEWEST
from imagesmith.arm.declarations import Declaration, declarations
from imagesmith.arm.deployment import Deployment
from imagesmith.arm.faults import Problem, Stop
from imagesmith.arm.gifts import Gifts, Given
from imagesmith.arm.scope import Parameter
from imagesmith.arm.spelling import call_spelt, quoted
from imagesmith.arm.structure import member_of
from imagesmith.arm.suggest import close
from imagesmith.arm.type_rules import UNKNOWN_PARAMETER_TYPE
from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.source import Object, Value

ASSUMED_PARAMETER = Rule(
    code="IMG115",
    severity=Severity.NOTE,
    title="a parameter without a value got a usual one",
    cause="The official quick starts ask for imageTemplateName, api-version and svclocation; where they are not given, "
    "the file's name, the newest API version and --location are used.",
    fix="give the value with -p if it shall be another",
    example='"api-version": {"type": "string"}',
    corrected="-p api-version=2024-02-01",
    source="corpus-stats.md §3",
)


def secret_call(reference: Value) -> str:
    """A reference to a secret of a key vault as the call that would read it: getSecret('vault id', 'name')."""
    parts = (
        member_of(reference, "keyVault", "id"),
        member_of(reference, "secretName"),
        member_of(reference, "secretVersion"),
    )
    return call_spelt("getSecret", (quoted(str(part.data)) for part in parts if part is not None))


def declared(
    template: Object, gifts: Gifts, deployment: Deployment
) -> tuple[dict[str, Parameter], tuple[Diagnostic, ...]]:
    """The parameters of a deployment file with the values given for them, by lower-case name."""
    parameters: dict[str, Parameter] = {}
    diagnostics: list[Diagnostic] = []
    for declaration in declarations(template):
        gift = gifts.by_name.get(declaration.name.lower())
        parameter = _parameter(declaration, gift, deployment)
        diagnostics.extend(
            f.diagnostic for f in parameter.findings if isinstance(f, Problem) and gift and not gift.findings
        )
        strange = declaration.unknown_type
        if strange:
            message = f"parameter {declaration.name!r} has the type {strange!r}, which ARM does not know"
            hint = close(strange, ("string", "secureString", "int", "bool", "object", "secureObject", "array"))
            diagnostics.append(UNKNOWN_PARAMETER_TYPE.at((), message, hint=hint, span=declaration.key.span))
        parameters[declaration.name.lower()] = parameter
    return parameters, tuple(diagnostics)


def _parameter(declaration: Declaration, gift: Given | None, deployment: Deployment) -> Parameter:
    value, findings = None, gift.findings if gift else ()
    try:
        if gift is not None and gift.text is not None:
            value = declaration.check(declaration.read(gift.text))
        elif gift is not None and gift.value is not None and gift.value.data is not None:
            value = declaration.check(gift.value)
    except Stop as stop:
        findings = stop.findings
    return Parameter(
        name=declaration.name,
        declared=declaration.key.span,
        given=value,
        offered=value or (gift.as_text or gift.value if gift else None),
        default=declaration.default,
        assumed=_assumed(declaration, deployment),
        nullable=declaration.nullable,
        secure=declaration.secure,
        findings=findings,
        check=declaration.check,
        secrets_of=declaration.secrets_of,
    )


def _assumed(declaration: Declaration, deployment: Deployment) -> Value | None:
    """The usual value of a parameter that nearly every quick start asks for (architecture §3.3)."""
    usual = {
        "imagetemplatename": deployment.name or deployment.default_name,
        "api-version": NEWEST,
        "svclocation": deployment.location,
    }.get(declaration.name.lower())
    if usual is None or declaration.kind not in {"string", ""}:
        return None
    return Value(usual, declaration.key.origin)


def assumptions(assumed: Mapping[str, Value], deployment: Deployment) -> Iterator[Diagnostic]:
    """A note for each usual value that was used, except where a flag gave it."""
    for name, value in assumed.items():
        if name.lower() == "svclocation" or (name.lower() == "imagetemplatename" and deployment.name):
            continue
        message = f"parameter {name!r} has no value; {value.data!r} is used"
        yield ASSUMED_PARAMETER.at((), message, hint=f"-p {name}=… gives another", span=value.span)
