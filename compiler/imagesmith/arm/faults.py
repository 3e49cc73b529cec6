"""What stops an evaluation, as values: findings that travel in one exception and become diagnostics at the end.

An expression that cannot be computed does not end the work: the exception ends at the nearest string of the template,
its findings are kept, and everything else is still evaluated, so that one run names all problems.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from imagesmith.diagnostics import Diagnostic, Rule, Severity, Span, Via
from imagesmith.source import Value

_EXPRESSIONS = "Azure Resource Manager documentation, 'Syntax and expressions in ARM templates'"
_FUNCTIONS = "Azure Resource Manager documentation, 'ARM template functions'"

EXPRESSION_SYNTAX = Rule(
    code="IMG104",
    severity=Severity.ERROR,
    title="the expression cannot be read",
    cause="A string that starts with `[` and ends with `]` is an expression in an ARM deployment file; "
    "this one does not follow the grammar.",
    fix="correct the expression; a text that is meant literally starts with `[[`",
    example="\"name\": \"[concat('win-', parameters('suffix')]\"",
    corrected="\"name\": \"[concat('win-', parameters('suffix'))]\"",
    source=_EXPRESSIONS,
)
UNKNOWN_FUNCTION = Rule(
    code="IMG105",
    severity=Severity.ERROR,
    title="there is no such template function",
    cause="An expression calls a function that neither ARM nor the file's `functions` section has.",
    fix="correct the function's name",
    example="\"name\": \"[concatenate('a', 'b')]\"",
    corrected="\"name\": \"[concat('a', 'b')]\"",
    source=_FUNCTIONS,
)
WRONG_ARGUMENTS = Rule(
    code="IMG106",
    severity=Severity.ERROR,
    title="a template function cannot take these arguments",
    cause="The number of arguments, or the kind of one of them, is not what the function takes.",
    fix="give the function the arguments that its documentation names",
    example="\"[replace('windows', '-')]\"",
    corrected="\"[replace('windows', '-', '')]\"",
    source=_FUNCTIONS,
)
UNDECLARED_NAME = Rule(
    code="IMG107",
    severity=Severity.ERROR,
    title="an expression names a parameter or variable that the file does not declare",
    cause="parameters('x') and variables('x') need x in the `parameters` or `variables` section of the same template.",
    fix="declare the name or correct its spelling",
    example='"location": "[parameters(\'regoin\')]"',
    corrected='"location": "[parameters(\'region\')]"',
    source=_EXPRESSIONS,
)
NO_SUCH_PROPERTY = Rule(
    code="IMG108",
    severity=Severity.ERROR,
    title="a property or an index of an expression does not exist",
    cause="The value that the expression looks into has no such property, or fewer elements.",
    fix="correct the property or index, or read it with tryGet(value, 'property')",
    example="\"[parameters('image').skuu]\"",
    corrected="\"[parameters('image').sku]\"",
    source=_EXPRESSIONS,
)
CIRCULAR_DEFINITION = Rule(
    code="IMG109",
    severity=Severity.ERROR,
    title="a parameter or variable is defined through itself",
    cause="To compute the value, the value itself would have to be known.",
    fix="break the circle: one of the definitions must not use the others",
    example='"variables": {"a": "[variables(\'b\')]", "b": "[variables(\'a\')]"}',
    corrected='"variables": {"a": "[variables(\'b\')]", "b": "text"}',
    source=_EXPRESSIONS,
)
LIMIT_EXCEEDED = Rule(
    code="IMG110",
    severity=Severity.ERROR,
    title="the evaluation of expressions takes too much",
    cause="Evaluation is bounded in steps, nesting and the amount of text that it makes, "
    "so that no file can exhaust the machine.",
    fix="make the expressions smaller: such amounts never belong into an image template",
    example='"[range(0, 100000000)]"',
    corrected='"[range(0, 10)]"',
    source="Azure Resource Manager documentation, 'Template limits'",
)
MISSING_PARAMETERS = Rule(
    code="IMG111",
    severity=Severity.ERROR,
    title="parameters have no value",
    cause="The image template needs parameters of the file that have no default and were not given.",
    fix="give each parameter a value with -p NAME=VALUE or in a parameter file",
    example='"parameters": {"imageName": {"type": "string"}}',
    corrected='"parameters": {"imageName": {"type": "string", "defaultValue": "contoso-base"}}',
    source="Azure Resource Manager documentation, 'Parameters in ARM templates'",
)
MISSING_SURROUNDINGS = Rule(
    code="IMG116",
    severity=Severity.ERROR,
    title="the template asks where it is deployed",
    cause="resourceGroup(), subscription() and the like are known to the service when it deploys; "
    "here they are given by flags.",
    fix="give the value with the flag that the message names",
    example='"location": "[resourceGroup().location]"',
    corrected="imagesmith compile template.json --location westeurope",
    source=_FUNCTIONS,
)
RUNTIME_VALUE = Rule(
    code="IMG117",
    severity=Severity.ERROR,
    title="a value is only known while the deployment runs",
    cause="reference(), list…() and the like ask Azure for the state of other resources; "
    "nothing can be asked when a template is compiled.",
    fix="give the value with --resolve, or put the expression into a parameter's defaultValue and give that with -p",
    example='"subnetId": "[reference(variables(\'vnet\')).subnets[0].id]"',
    corrected="imagesmith compile t.json --resolve \"reference(variables('vnet')).subnets[0].id=/subscriptions/…\"",
    source=_FUNCTIONS,
)

OUTSIDE_OF_DEFAULT = Rule(
    code="IMG130",
    severity=Severity.WARNING,
    title="a function stands where the service does not allow it",
    cause="The service takes utcNow() and newGuid() in the defaultValue of a parameter only and refuses the template; "
    "here they are computed.",
    fix="put the expression into the defaultValue of a parameter and use the parameter",
    example='"tags": {"built": "[utcNow(\'yyyy-MM-dd\')]"}',
    corrected='"parameters": {"built": {"type": "string", "defaultValue": "[utcNow(\'yyyy-MM-dd\')]"}}',
    source="Azure Resource Manager documentation, 'Date functions for ARM templates', utcNow",
)
ENDED_BY_TEMPLATE = Rule(
    code="IMG131",
    severity=Severity.ERROR,
    title="the template ends itself with fail()",
    cause="The file's author lets the deployment fail for these parameters; the message is the author's.",
    fix="give the parameters that the message asks for",
    example="\"name\": \"[if(empty(parameters('name')), fail('give a name'), parameters('name'))]\"",
    corrected="-p name=contoso-base",
    source="Bicep documentation, 'Bicep functions', fail",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A fault that is a diagnostic already."""

    diagnostic: Diagnostic


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingParameter:
    """A parameter of the file that was needed and has no value; all are reported together."""

    name: str
    declared: Span
    secure: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingFlag:
    """A fact about the deployment's place that only a flag can tell."""

    flag: str
    what: str
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeValue:
    """A value that only Azure knows: the expression that asks for it, in normal form, and where that stands.

    `asked` is the call that could not be answered (the string and the stretch in it), so that a look-up in its result
    can add itself to the expression; `parameter` is the parameter of the file whose default asks for the value.
    """

    expression: str
    span: Span
    via: tuple[Via, ...] = ()
    asked: tuple[Span, tuple[int, int]]
    parameter: str = ""

    def below(self, text: str) -> RuntimeValue:
        """The same for a property or an element of the value; `text` is the look-up as it is written."""
        return replace(self, expression=self.expression + text)


Finding: TypeAlias = Problem | MissingParameter | MissingFlag | RuntimeValue


class Stop(Exception):  # noqa: N818 - carries findings, is no error of the program
    """Ends the evaluation of one string; never leaves this package."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = tuple(dict.fromkeys(findings))


def fault(
    rule: Rule,
    here: Value,
    message: str,
    *,
    hint: str = "",
    stretch: tuple[int, int] | None = None,
    via: tuple[Via, ...] = (),
) -> Stop:
    """A stop with one diagnostic about the string `here`, or about a stretch (start, end) of its text."""
    span = stretch_of(here, *stretch) if stretch else here.span
    return Stop([Problem(diagnostic=rule.at((), message, hint=hint, span=span, via=via or here.origin.via))])


def stretch_of(value: Value, start: int, end: int) -> Span:
    """The part of a string's span that holds some of its characters; all of it where escapes shift the text."""
    span = value.span
    for quotes in (0, 1):
        if span.text[quotes : len(span.text) - quotes] == value.data:
            return Span(span.source, span.start + quotes + start, span.start + quotes + end)
    return span
