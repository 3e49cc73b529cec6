"""A resource as written to the resource with everything computed, keeping what could not be and saying where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from imagesmith.arm.evaluate import evaluate_string
from imagesmith.arm.expansion import evaluate_key, expand, settled
from imagesmith.arm.faults import LIMIT_EXCEEDED, Finding, Stop, fault
from imagesmith.arm.loops import property_copies, turns
from imagesmith.arm.scope import Environment
from imagesmith.arm.structure import SCRIPTS, without_nulls
from imagesmith.arm.syntax import SyntaxFault, is_escaped, is_expression, parse
from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.source import Dependence, Member, Object, Value

NOT_AN_EXPRESSION = Rule(
    code="IMG121",
    severity=Severity.WARNING,
    title="a line of a script looks like an expression but is none",
    cause="In a deployment file the service reads every string from `[` to `]` as an expression and refuses this one; "
    "here it is taken for the script's own text.",
    fix="escape the first bracket by doubling it: `[[`",
    example='"inline": ["[ -f /etc/motd ]"]',
    corrected='"inline": ["[[ -f /etc/motd ]"]',
    source="Azure Resource Manager documentation, 'Syntax and expressions in ARM templates', escape characters",
)
DOUBLE_BRACKET_TEST = Rule(
    code="IMG122",
    severity=Severity.WARNING,
    title="a shell test in double brackets loses its first bracket",
    cause="In a deployment file `[[` at the start of a string that ends with `]` is the escape of `[`.",
    fix="write three brackets, or let the line not begin with the test",
    example='"inline": ["[[ -f /etc/motd ]]"]',
    corrected='"inline": ["test -f /etc/motd"]',
    source="Azure Resource Manager documentation, 'Syntax and expressions in ARM templates', escape characters",
)


class Landing:
    """Evaluates one resource; findings, warnings and the paths of what stayed as it was gather on the way."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.diagnostics: list[Diagnostic] = []
        self.unresolved: list[Path] = []

    def resource(self, resource: Value, environment: Environment, *, without: frozenset[str]) -> Value:
        """The resource without the members (lower case) that only steer its deployment, and without nulls."""
        data = resource.data
        if not isinstance(data, Object):
            return resource
        kept = Object(member for member in data if member.key.lower() not in without)
        return without_nulls(self.value(Value(kept, resource.origin), environment, ()))

    def value(self, value: Value, environment: Environment, path: Path, *, script: bool = False) -> Value:
        """One value and everything in it."""
        data = value.data
        if isinstance(data, str):
            return self._string(value, environment, path, script=script)
        if not isinstance(data, tuple | Object):
            return value
        meter = environment.scope.meter
        try:
            meter.enter(value)
        except Stop as stop:
            return self._keep(value, path, stop)
        try:
            if isinstance(data, tuple):
                return Value(tuple(self._items(data, environment, path, script=script)), value.origin)
            return Value(Object(self._members(data, environment, path, script=script)), value.origin)
        finally:
            meter.leave()

    def _items(self, data: tuple[Value, ...], environment: Environment, path: Path, *, script: bool) -> list[Value]:
        items = []
        for index, item in enumerate(data):
            if environment.scope.meter.exhausted:
                break
            items.append(self.value(item, environment, (*path, index), script=script))
        return items

    def _members(self, data: Object, environment: Environment, path: Path, *, script: bool) -> list[Member]:
        members = []
        loops, rest = property_copies(data)
        for member in rest:
            name = self._name(member.name, environment, path)
            inside = script or member.key.lower() in SCRIPTS
            value = self.value(member.value, environment, (*path, str(name.data)), script=inside)
            members.append(Member(name, value))
        for loop in loops:
            below = (*path, str(loop.name.data))
            try:
                environments = turns(loop, environment, expand)
            except Stop as stop:
                members.append(Member(loop.name, self._keep(loop.input, below, stop)))
                continue
            items = []
            for index, turn in enumerate(environments):
                if environment.scope.meter.exhausted:
                    break
                items.append(self.value(loop.input, turn, (*below, index), script=script))
            members.append(Member(loop.name, Value(tuple(items), loop.input.origin)))
        return members

    def _name(self, name: Value, environment: Environment, path: Path) -> Value:
        try:
            return evaluate_key(name, environment)
        except Stop as stop:
            return self._keep(name, (*path, str(name.data)), stop)

    def _string(self, value: Value, environment: Environment, path: Path, *, script: bool) -> Value:
        text = str(value.data)
        if not text.startswith("["):
            return value
        if script and self._is_script(value, text, path):
            return value
        try:
            with environment.scope.reads.apart() as read:
                result = evaluate_string(value, environment)
            environment.scope.meter.charge(environment.scope.meter.weigh(result), value)
            result = settled(result)
        except Stop as stop:
            return self._keep(value, path, stop)
        except RecursionError:
            return self._keep(value, path, fault(LIMIT_EXCEEDED, value, "the expression makes data nested too deeply"))
        return _depending(result, Dependence(value.span, frozenset(read))) if read else result

    def _is_script(self, value: Value, text: str, path: Path) -> bool:
        """Whether a bracketed line of a script is no expression; warn where the service sees it differently."""
        if is_escaped(text) and text[2:3].isspace():
            message = f"the service runs this line as {text[1:]!r}: `[[` at its start is an escape"
            self.diagnostics.append(DOUBLE_BRACKET_TEST.at(path, message, span=value.span))
            return False
        if not is_expression(text):
            return False
        try:
            parse(text)
        except SyntaxFault as error:
            message = f"this line is kept as text, but the service reads it as an expression: {error.message}"
            self.diagnostics.append(NOT_AN_EXPRESSION.at(path, message, span=value.span, via=value.origin.via))
            return True
        return False

    def _keep(self, value: Value, path: Path, stop: Stop) -> Value:
        self.findings.extend(stop.findings)
        self.unresolved.append(path)
        return value


def _depending(value: Value, on: Dependence) -> Value:
    """A text, or an array with its texts, that says on which secure parameters it depends."""
    data = value.data
    if isinstance(data, tuple):
        data = tuple(_depending(item, on) for item in data)
    return Value(data, replace(value.origin, depends=on))


def named_secrets(values: Iterable[tuple[str, Value]]) -> dict[str, str]:
    """The texts in the values of secure parameters by the parameters' names; members of objects are named after them
    (`login.password`). Later values of a name replace earlier ones."""
    found: dict[str, str] = {}
    pending = list(values)[::-1]
    while pending:
        name, value = pending.pop()
        data = value.data
        if isinstance(data, str) and data:
            found[name] = data
        elif isinstance(data, tuple):
            pending.extend((f"{name}[{index}]", item) for index, item in enumerate(data))
        elif isinstance(data, Object):
            pending.extend((f"{name}.{member.key}", member.value) for member in data)
    return found


def secrets_in(values: Iterable[Value]) -> tuple[str, ...]:
    """The texts in secret values, each once."""
    found: dict[str, None] = {}
    pending = list(values)
    while pending:
        data = pending.pop().data
        if isinstance(data, str) and data:
            found[data] = None
        elif isinstance(data, tuple):
            pending.extend(data)
        elif isinstance(data, Object):
            pending.extend(member.value for member in data)
    return tuple(found)
