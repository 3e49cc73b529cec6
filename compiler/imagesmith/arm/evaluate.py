"""Expressions to values: the tree walker."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.arm.calls import Invocation, look_up
from imagesmith.arm.faults import (
    EXPRESSION_SYNTAX,
    LIMIT_EXCEEDED,
    NO_SUCH_PROPERTY,
    OUTSIDE_OF_DEFAULT,
    UNKNOWN_FUNCTION,
    WRONG_ARGUMENTS,
    Finding,
    RuntimeValue,
    Stop,
    fault,
    stretch_of,
)
from imagesmith.arm.functions import FUNCTIONS
from imagesmith.arm.rows import Function, Result
from imagesmith.arm.scope import Environment, Parameter, Scope, UserFunction
from imagesmith.arm.spelling import property_spelt, spelt
from imagesmith.arm.suggest import close
from imagesmith.arm.syntax import Access, Call, Node, Number, Step, SyntaxFault, Text, is_escaped, is_expression, parse
from imagesmith.diagnostics import Via
from imagesmith.source import Value


def evaluate(text: str, environment: Environment) -> Value:
    """The value of a string of a template: of the expression in it, or the string itself.

    Raises:
        Stop: where the expression cannot be read or computed, with everything that stands in the way.
    """
    return evaluate_string(Value(text, environment.here.origin), environment)


def evaluate_string(string: Value, environment: Environment) -> Value:
    """Like `evaluate`, for a string with its own origin, at which messages will point."""
    text = str(string.data)
    if is_escaped(text):
        return Value(text[1:], string.origin)
    if not is_expression(text):
        return string
    try:
        return evaluate_node(parse(text), environment.at(string))
    except SyntaxFault as error:
        raise fault(EXPRESSION_SYNTAX, string, error.message, stretch=(error.start, error.end)) from None
    except RecursionError:
        raise fault(LIMIT_EXCEEDED, string, "the expression makes data that is nested too deeply") from None


def evaluate_node(node: Node, environment: Environment) -> Value:
    """The value of a tree."""
    meter = environment.scope.meter
    meter.enter(environment.here)
    try:
        match node:
            case Text():
                return Value(node.text, environment.here.origin)
            case Number():
                return Value(node.number, environment.here.origin)
            case Call():
                return _call(node, environment)
            case Access():
                return _access(node, environment)
    finally:
        meter.leave()


def _access(node: Access, environment: Environment) -> Value:
    value, done = _target(node, environment)
    for number, step in enumerate(node.steps[done:], start=done):
        key = evaluate_node(step.key, environment)
        if not isinstance(key.data, str | int):
            raise fault(
                NO_SUCH_PROPERTY,
                environment.here,
                "an index must be a string or an integer",
                stretch=(step.start, step.end),
            )
        try:
            value = look_up(value, key, safe=step.safe, here=environment.here, stretch=(step.start, step.end))
        except Stop as stop:
            raise Stop(_asked_for(stop, node, number + 1, environment)) from None
    return value


def _target(node: Access, environment: Environment) -> tuple[Value, int]:
    """What is looked into, and how many look-ups are done already: --resolve may answer a call with some of them."""
    answers = environment.surroundings.answers
    if answers is not None and isinstance(node.target, Call):
        found = answers.find(node.target, node.steps, environment)
        if found is not None:
            return found[0].through(Via("--resolve", environment.here.span)), found[1]
    try:
        return evaluate_node(node.target, environment), 0
    except Stop as stop:
        raise Stop(_asked_for(stop, node, 0, environment)) from None


def _asked_for(stop: Stop, node: Access, first: int, environment: Environment) -> Iterator[Finding]:
    """The findings of a stop; a call of this very access that only Azure can answer gets the look-ups behind it."""
    for finding in stop.findings:
        if isinstance(finding, RuntimeValue) and finding.asked == (
            environment.here.span,
            (node.target.start, node.target.end),
        ):
            yield finding.below("".join(_look_up_spelt(step, environment) for step in node.steps[first:]))
        else:
            yield finding


def _look_up_spelt(step: Step, environment: Environment) -> str:
    try:
        key = evaluate_node(step.key, environment).data
    except Stop:
        key = None
    return property_spelt(key) if isinstance(key, str | int) else f"[{spelt(step.key)}]"


def _call(node: Call, environment: Environment) -> Value:
    answers = environment.surroundings.answers
    if answers is not None and (found := answers.find(node, (), environment)) is not None:
        return found[0].through(Via("--resolve", environment.here.span))
    row = row_of(node)
    if row is None:
        user = environment.scope.functions.get(node.full_name.lower())
        if user is not None:
            return _user_call(user, node, environment)
        raise _unknown(node, environment)
    _check_count(row, node, environment)
    if row.default_only and not environment.in_default:
        _remark(row, node, environment)
    invocation = Invocation(row, node.arguments, environment, evaluate_node, (node.start, node.end))
    if row.lazy:
        return _as_value(row.apply(invocation), invocation)
    values = invocation.values()
    meter = environment.scope.meter
    meter.charge(sum(meter.weigh(value) for value in values), environment.here)
    result = _as_value(row.apply(invocation), invocation)
    meter.charge(meter.weigh(result), environment.here)
    return result


def row_of(call: Call) -> Function | None:
    """The row of the table for a call of one of ARM's own functions; all of list… share one."""
    if call.namespace.lower() not in {"", "sys", "az"}:
        return None
    row = FUNCTIONS.get(call.name.lower())
    if row is None and not call.namespace and call.name.lower().startswith("list"):
        return FUNCTIONS["list*"]
    return row


def _remark(row: Function, node: Call, environment: Environment) -> None:
    message = f"the service takes {row.name}() in the defaultValue of a parameter only"
    span = stretch_of(environment.here, node.start, node.end)
    remark = OUTSIDE_OF_DEFAULT.at((), message, span=span, via=environment.here.origin.via)
    environment.scope.remarks[remark] = None


def _as_value(result: Result, invocation: Invocation) -> Value:
    return result if isinstance(result, Value) else invocation.new(result)


def _check_count(row: Function, node: Call, environment: Environment) -> None:
    count = len(node.arguments)
    if row.least <= count and (row.most is None or count <= row.most):
        return
    noun = "argument" if row.arity == "1" else "arguments"
    name = node.name if row.name.endswith("*") else row.name
    message = f"{name}() takes {row.arity} {noun}, but has {count}"
    raise fault(WRONG_ARGUMENTS, environment.here, message, stretch=(node.start, node.end))


def _unknown(node: Call, environment: Environment) -> Stop:
    stretch = (node.start, node.end)
    known = [row.name for row in FUNCTIONS.values() if not row.name.endswith("*")]
    known += [user.name for user in environment.scope.functions.values()]
    hint = close(node.full_name, known)
    return fault(
        UNKNOWN_FUNCTION, environment.here, f"there is no function {node.full_name}()", hint=hint, stretch=stretch
    )


def _user_call(user: UserFunction, node: Call, environment: Environment) -> Value:
    """Call a function of the file: it sees its own parameters and the file's functions, no variables."""
    if len(node.arguments) != len(user.parameters):
        message = f"{user.name}() takes {len(user.parameters)} arguments, but has {len(node.arguments)}"
        raise fault(WRONG_ARGUMENTS, environment.here, message, stretch=(node.start, node.end))
    arguments = (evaluate_node(argument, environment) for argument in node.arguments)
    parameters = {
        argument.name.lower(): Parameter(name=argument.name, declared=argument.declared, given=argument.check(value))
        for argument, value in zip(user.parameters, arguments, strict=True)
    }
    outer = environment.scope
    scope = Scope(
        surroundings=outer.surroundings,
        meter=outer.meter,
        expand=outer.expand,
        parameters=parameters,
        functions=outer.functions,
    )
    scope.reads = outer.reads
    result = outer.expand(user.output, Environment(scope=scope, here=user.output))
    return user.check(result).through(Via(f"{user.name}()", environment.here.span))
