"""Expressions to values: the tree walker, and the expansion of data that has expressions in it."""

from __future__ import annotations

from imagesmith.arm.calls import Function, Invocation, Result, inherit, look_up, whole
from imagesmith.arm.faults import (
    EXPRESSION_SYNTAX,
    LIMIT_EXCEEDED,
    NO_SUCH_PROPERTY,
    RUNTIME_VALUE,
    UNKNOWN_FUNCTION,
    WRONG_ARGUMENTS,
    Finding,
    Stop,
    fault,
)
from imagesmith.arm.functions import FUNCTIONS
from imagesmith.arm.loops import property_copies, turns
from imagesmith.arm.scope import Environment, Parameter, Partial, Scope, UserFunction, close
from imagesmith.arm.syntax import Access, Call, Node, Number, SyntaxFault, Text, is_escaped, is_expression, parse
from imagesmith.diagnostics import Via
from imagesmith.source import Member, Object, Origin, Value

MAX_RESULT_DEPTH = 50
"""Nesting of the data that one expression gives; an image template needs five."""


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
    value = evaluate_node(node.target, environment)
    for step in node.steps:
        key = evaluate_node(step.key, environment)
        if not isinstance(key.data, str | int):
            raise fault(
                NO_SUCH_PROPERTY,
                environment.here,
                "an index must be a string or an integer",
                stretch=(step.start, step.end),
            )
        value = look_up(value, key, safe=step.safe, here=environment.here, stretch=(step.start, step.end))
    return value


def _call(node: Call, environment: Environment) -> Value:
    row = FUNCTIONS.get(node.name.lower()) if node.namespace.lower() in {"", "sys"} else None
    if row is None:
        user = environment.scope.functions.get(node.full_name.lower())
        if user is not None:
            return _user_call(user, node, environment)
        raise _unknown(node, environment)
    _check_count(row, node, environment)
    invocation = Invocation(row, node.arguments, environment, evaluate_node, (node.start, node.end))
    if row.lazy:
        return _as_value(row.apply(invocation), invocation)
    values = invocation.values()
    meter = environment.scope.meter
    meter.charge(sum(meter.weigh(value) for value in values), environment.here)
    result = _as_value(row.apply(invocation), invocation)
    meter.charge(meter.weigh(result), environment.here)
    return result


def _as_value(result: Result, invocation: Invocation) -> Value:
    return result if isinstance(result, Value) else invocation.new(result)


def _check_count(row: Function, node: Call, environment: Environment) -> None:
    count = len(node.arguments)
    if row.least <= count and (row.most is None or count <= row.most):
        return
    if row.most is None:
        wanted = f"at least {row.least}"
    else:
        wanted = str(row.least) if row.least == row.most else f"{row.least} to {row.most}"
    noun = "argument" if wanted == "1" else "arguments"
    message = f"{row.name}() takes {wanted} {noun}, but has {count}"
    raise fault(WRONG_ARGUMENTS, environment.here, message, stretch=(node.start, node.end))


def _unknown(node: Call, environment: Environment) -> Stop:
    stretch = (node.start, node.end)
    if not node.namespace and node.name.lower().startswith("list") and len(node.name) > len("list"):
        message = f"{node.name}() asks Azure while the deployment runs, so its value is not known"
        return fault(RUNTIME_VALUE, environment.here, message, stretch=stretch)
    known = [row.name for row in FUNCTIONS.values()] + [user.name for user in environment.scope.functions.values()]
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
        name.lower(): Parameter(name=name, declared=span, given=value)
        for (name, span), value in zip(user.parameters, arguments, strict=True)
    }
    outer = environment.scope
    scope = Scope(
        surroundings=outer.surroundings,
        meter=outer.meter,
        expand=expand,
        parameters=parameters,
        functions=outer.functions,
    )
    result = expand(user.output, Environment(scope=scope, here=user.output))
    return result.through(Via(f"{user.name}()", environment.here.span))


def expand(value: Value, environment: Environment) -> Value:
    """Data with every expression in it replaced by its value, copy loops run, keys evaluated.

    Members of objects that cannot be computed are left out and remembered (`Partial`).

    Raises:
        Stop: where the value itself, or an element of an array in it, cannot be computed.
    """
    data = value.data
    if isinstance(data, str):
        return evaluate_string(value, environment)
    if not isinstance(data, tuple | Object):
        return value
    meter = environment.scope.meter
    meter.enter(value)
    try:
        if isinstance(data, tuple):
            return Value(tuple(expand(item, environment) for item in data), value.origin)
        return _expand_object(data, value, environment)
    finally:
        meter.leave()


def _expand_object(data: Object, value: Value, environment: Environment) -> Value:
    members: list[Member] = []
    missing: dict[str, tuple[Finding, ...]] = {}
    loops, rest = property_copies(data)
    for member in rest:
        try:
            members.append(Member(evaluate_key(member.name, environment), expand(member.value, environment)))
        except Stop as stop:
            missing[member.key] = stop.findings
    for loop in loops:
        try:
            turned = tuple(expand(loop.input, turn) for turn in turns(loop, environment, expand))
            members.append(Member(loop.name, Value(turned, loop.input.origin)))
        except Stop as stop:
            missing[str(loop.name.data)] = stop.findings
    return Value(Partial(members, missing) if missing else Object(members), value.origin)


def evaluate_key(name: Value, environment: Environment) -> Value:
    """A key of an object, which may be an expression too; it must give a string."""
    key = evaluate_string(name, environment)
    if not isinstance(key.data, str):
        raise fault(WRONG_ARGUMENTS, name, "a key must be a string, but the expression gives something else")
    return key


def settled(value: Value) -> Value:
    """A value as it lands in the resource: wholly known, each part with the way that the whole has come.

    Raises:
        Stop: where a part of it could not be computed, or where it is nested too deeply.
    """
    whole(value)
    if _deeper(value, MAX_RESULT_DEPTH):
        raise fault(LIMIT_EXCEEDED, value, "the expression makes data that is nested too deeply")
    return _spread(value)


def _deeper(value: Value, limit: int) -> bool:
    """Whether data is nested deeper than a limit, found level by level; shared parts are looked at once a level."""
    level: list[Value] = [value]
    for _ in range(limit):
        below: dict[int, Value] = {}
        for item in level:
            if isinstance(item.data, Object):
                below.update((id(member.value.data), member.value) for member in item.data)
            elif isinstance(item.data, tuple):
                below.update((id(part.data), part) for part in item.data)
        if not below:
            return False
        level = list(below.values())
    return True


def _spread(value: Value) -> Value:
    data = value.data
    if not value.origin.via or not isinstance(data, tuple | Object):
        return value
    if isinstance(data, tuple):
        return Value(tuple(_spread(inherit(item, value)) for item in data), value.origin)
    members = (Member(_spread_key(m.name, value.origin), _spread(inherit(m.value, value))) for m in data)
    return Value(Object(members), value.origin)


def _spread_key(name: Value, origin: Origin) -> Value:
    return Value(name.data, Origin(name.origin.span, (*origin.via, *name.origin.via)))
