"""A function call at work: its arguments, checked for their kind as they are read, and how results get an origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from imagesmith.arm.faults import NO_SUCH_PROPERTY, WRONG_ARGUMENTS, Finding, RuntimeValue, Stop, fault, stretch_of
from imagesmith.arm.rows import Function
from imagesmith.arm.scope import Environment, Partial
from imagesmith.arm.spelling import call_spelt, literal, spelt
from imagesmith.arm.suggest import close
from imagesmith.arm.syntax import Node
from imagesmith.diagnostics import Rule, Via
from imagesmith.source import Array, Data, Object, Origin, Value

Evaluate: TypeAlias = Callable[[Node, Environment], Value]


class Invocation:
    """One call of a function, with the arguments that it evaluates when they are first read."""

    __slots__ = ("_evaluate", "_values", "environment", "nodes", "row", "stretch")

    def __init__(
        self,
        row: Function,
        nodes: tuple[Node, ...],
        environment: Environment,
        evaluate: Evaluate,
        stretch: tuple[int, int],
    ) -> None:
        self.row = row
        self.nodes = nodes
        self.environment = environment
        self.stretch = stretch
        self._evaluate = evaluate
        self._values: list[Value | None] = [None] * len(nodes)

    @property
    def name(self) -> str:
        """The function's name as its table row spells it; as the file does where a row is for many names."""
        start, end = self.stretch
        return str(self.here.data)[start:end] if self.row.name.endswith("*") else self.row.name

    @property
    def here(self) -> Value:
        """The string that holds the call."""
        return self.environment.here

    def __len__(self) -> int:
        return len(self.nodes)

    def value(self, index: int) -> Value:
        """An argument of any kind."""
        value = self._values[index]
        if value is None:
            value = self._values[index] = self._evaluate(self.nodes[index], self.environment)
        return value

    def values(self) -> list[Value]:
        """All arguments; where several cannot be evaluated, the stop has the findings of all."""
        findings: list[Finding] = []
        values: list[Value] = []
        for index in range(len(self.nodes)):
            try:
                values.append(self.value(index))
            except Stop as stop:
                findings.extend(stop.findings)
        if findings:
            raise Stop(findings)
        return values

    def evaluate_node(self, node: Node, environment: Environment) -> Value:
        """Any node evaluated in any environment."""
        return self._evaluate(node, environment)

    def text(self, index: int) -> str:
        """An argument that must be a string."""
        data = self.value(index).data
        if not isinstance(data, str):
            raise self.wrong(index, "a string")
        return data

    def scalar(self, index: int) -> str:
        """An argument that is text, or a number or boolean that ARM writes as text."""
        return written(self.value(index).data, lambda: self.wrong(index, "a string or a number"))

    def integer(self, index: int) -> int:
        """An argument that must be an integer."""
        data = self.value(index).data
        if isinstance(data, bool) or not isinstance(data, int):
            raise self.wrong(index, "an integer")
        return data

    def boolean(self, index: int) -> bool:
        """An argument that must be true or false; ARM takes their texts too."""
        data = self.value(index).data
        if isinstance(data, str) and data.lower() in {"true", "false"}:
            return data.lower() == "true"
        if not isinstance(data, bool):
            raise self.wrong(index, "true or false")
        return data

    def array(self, index: int) -> Array:
        """An argument that must be an array; its elements keep the way that the array came."""
        value = self.value(index)
        if not isinstance(value.data, tuple):
            raise self.wrong(index, "an array")
        return tuple(inherit(item, value) for item in value.data)

    def object(self, index: int) -> Object:
        """An argument that must be an object, wholly known."""
        value = self.value(index)
        if not isinstance(value.data, Object):
            raise self.wrong(index, "an object")
        whole(value)
        return value.data

    def wrong(self, index: int, wanted: str) -> Stop:
        """A stop that says which argument is not what it must be."""
        found = kind_of(self.value(index))
        return self.fault(
            f"argument {index + 1} of {self.name}() must be {wanted}, but is {found}", rule=WRONG_ARGUMENTS
        )

    def fault(self, message: str, *, rule: Rule = WRONG_ARGUMENTS, hint: str = "") -> Stop:
        """A stop about this call."""
        return fault(rule, self.here, message, hint=hint, stretch=self.stretch)

    def unknown(self) -> Stop:
        """A stop because only Azure knows what this call gives; the expression has the values of the arguments."""
        return Stop([self.runtime_value()])

    def runtime_value(self, text: str = "") -> RuntimeValue:
        """The finding that only Azure knows what this call gives, or the part of it that the look-up `text` names."""
        arguments = []
        for index, node in enumerate(self.nodes):
            try:
                known = literal(self.value(index))
            except Stop:
                known = None
            arguments.append(spelt(node) if known is None else known)
        here = self.here
        span = stretch_of(here, *self.stretch)
        expression = call_spelt(self.name, arguments) + text
        return RuntimeValue(expression=expression, span=span, via=here.origin.via, asked=(here.span, self.stretch))

    def charge(self, amount: int) -> None:
        """Account for an amount of output before it is made."""
        self.environment.scope.meter.charge(amount, self.here)

    @property
    def origin(self) -> Origin:
        """The origin of what this call makes: the text to change is the only argument's, else the whole expression."""
        via = Via(f"{self.name}()", self.here.span)
        if len(self.nodes) == 1 and self._values[0] is not None:
            return self._values[0].through(via).origin
        return self.here.through(via).origin

    def new(self, data: Data) -> Value:
        """Data as a value that this call made.

        The text to change of one that is put together, `concat('x-', parameters('region'))`, is that of the only
        argument which is not written in the expression itself; where there are several, it is the expression.
        """
        brought = [value for value in self._values if value is not None and value.span != self.here.span]
        if len(brought) != 1 or isinstance(data, tuple | Object) or isinstance(brought[0].data, tuple | Object):
            return Value(data, self.origin)
        return Value(data, brought[0].through(Via(f"{self.name}()", self.here.span)).origin)


def inherit(part: Value, parent: Value) -> Value:
    """A part of a value with the stations that the whole has passed."""
    if not parent.origin.via:
        return part
    return Value(part.data, Origin(part.origin.span, (*parent.origin.via, *part.origin.via)))


def written(data: Data, otherwise: Callable[[], Stop]) -> str:
    """A scalar as ARM writes it into text: booleans are True and False."""
    if isinstance(data, str):
        return data
    if isinstance(data, bool | int | float):
        return str(data)
    raise otherwise()


def same(one: Value, other: Value) -> bool:
    """Whether two values hold the same data, wherever they come from; 1 is not true, keys have no order.

    Raises:
        Stop: where a part of one of them could not be computed.
    """
    a, b = one.data, other.data
    for value in (one, other):
        if isinstance(value.data, Partial):
            whole(value)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, Object) and isinstance(b, Object):
        if len(a) != len(b):
            return False
        pairs = ((member.value, b.find(member.key)) for member in a)
        return all(match is not None and same(value, match.value) for value, match in pairs)
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def alike(one: Value, other: Value) -> bool:
    """Whether two values are the same, texts without regard to case."""
    if isinstance(one.data, str) and isinstance(other.data, str):
        return one.data.lower() == other.data.lower()
    return same(one, other)


def whole(value: Value) -> None:
    """Stop with all findings of members that could not be computed, anywhere in a value."""
    findings: list[Finding] = []
    pending = [value]
    seen: set[int] = set()
    while pending:
        data = pending.pop().data
        if id(data) in seen or not isinstance(data, Object | tuple):
            continue
        seen.add(id(data))
        if isinstance(data, Partial):
            findings.extend(data.findings)
        pending.extend(member.value for member in data) if isinstance(data, Object) else pending.extend(data)
    if findings:
        raise Stop(findings)


def kind_of(value: Value) -> str:
    """What a value is, in words."""
    data = value.data
    names: Mapping[type, str] = {
        type(None): "null",
        bool: "a boolean",
        int: "an integer",
        float: "a number with a fraction",
        str: "a string",
        tuple: "an array",
    }
    return names.get(type(data), "an object")


def look_up(value: Value, key: Value, *, safe: bool, here: Value, stretch: tuple[int, int] | None = None) -> Value:
    """A property or an element of a value; names without regard to case (ARM), indexes from 0.

    A safe look-up gives null where there is nothing, also in null.
    """
    data = value.data
    if isinstance(data, Object) and isinstance(key.data, str):
        member = data.find(key.data)
        if member is not None:
            return inherit(member.value, value)
        if isinstance(data, Partial):
            data.stop_at(key.data)
        message, hint = f"there is no property {key.data!r}", close(key.data, [m.key for m in data])
    elif isinstance(data, tuple) and isinstance(key.data, int) and not isinstance(key.data, bool):
        if 0 <= key.data < len(data):
            return inherit(data[key.data], value)
        message, hint = f"there is no element {key.data}: the array has {len(data)}", ""
    elif data is None and safe:
        return Value(None, here.origin)
    else:
        what = f"property {key.data!r}" if isinstance(key.data, str) else f"element {key.data!r}"
        raise fault(NO_SUCH_PROPERTY, here, f"{what} is asked of {kind_of(value)}, which has none", stretch=stretch)
    if safe:
        return Value(None, here.origin)
    raise fault(NO_SUCH_PROPERTY, here, message, hint=hint, stretch=stretch)
