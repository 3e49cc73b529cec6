"""What names in an expression stand for: parameters, variables, user functions, and the deployment's surroundings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from imagesmith.arm.faults import (
    CIRCULAR_DEFINITION,
    UNDECLARED_NAME,
    Finding,
    MissingFlag,
    MissingParameter,
    RuntimeValue,
    Stop,
    fault,
)
from imagesmith.arm.meter import Meter
from imagesmith.arm.reads import Reads
from imagesmith.arm.spelling import property_spelt
from imagesmith.arm.suggest import close
from imagesmith.arm.surroundings import Surroundings
from imagesmith.diagnostics import Diagnostic, Span, Via
from imagesmith.source import Member, Object, Value

if TYPE_CHECKING:
    from imagesmith.arm.states import States


class Partial(Object):
    """An object of which some members could not be computed; asking for one of them stops with its findings.

    `otherwise` is what stops every look-up of a member that is neither there nor in `missing`: Azure knows more of it.

    So `resourceGroup().name` works where only the name is known, and a variable can be used although another part of
    it needs a `reference()`.
    """

    __slots__ = ("missing", "otherwise")

    def __init__(
        self,
        members: Iterable[Member],
        missing: Mapping[str, tuple[Finding, ...]],
        otherwise: RuntimeValue | None = None,
    ) -> None:
        super().__init__(members)
        self.otherwise = otherwise
        self.missing = {key.lower(): findings for key, findings in missing.items()}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why the object is not whole."""
        found = [finding for missing in self.missing.values() for finding in missing]
        return (*found, *([self.otherwise] if self.otherwise else ()))

    def stop_at(self, key: str) -> None:
        """Stop with the findings for a member that is not there, if there are some."""
        findings = self.missing.get(key.lower())
        if findings:
            raise Stop(findings)
        if self.otherwise is not None:
            raise Stop([self.otherwise.below(property_spelt(key))])


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A declared parameter with what is known of its value.

    `given` comes from the caller, `default` is the text of the file; `assumed` is ours, used where neither is there.
    `offered` is what the caller gave even where it does not fit. `reads` are the secure parameters of the template
    around that `given` was computed from.
    """

    name: str
    declared: Span
    given: Value | None = None
    offered: Value | None = None
    default: Value | None = None
    assumed: Value | None = None
    reads: frozenset[str] = frozenset()
    nullable: bool = False
    secure: bool = False
    findings: tuple[Finding, ...] = ()
    check: Callable[[Value], Value] = lambda value: value
    secrets_of: Callable[[Value], tuple[Value, ...]] = lambda _: ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """What a function of the file takes at one place; `check` stops where a value is not of the declared type."""

    name: str
    declared: Span
    check: Callable[[Value], Value] = lambda value: value


@dataclass(frozen=True, kw_only=True, slots=True)
class UserFunction:
    """A function of the file's `functions` section; `check` stops where what it gives is not of the declared type."""

    name: str
    parameters: tuple[Argument, ...]
    output: Value
    check: Callable[[Value], Value] = lambda value: value


Expand: TypeAlias = "Callable[[Value, Environment], Value]"


class Scope:
    """The names of one template, each evaluated when it is first asked for, once."""

    def __init__(
        self,
        *,
        surroundings: Surroundings,
        meter: Meter,
        expand: Expand,
        parameters: Mapping[str, Parameter] = MappingProxyType({}),
        variables: Object | None = None,
        loops: Mapping[str, Value] = MappingProxyType({}),
        functions: Mapping[str, UserFunction] = MappingProxyType({}),
        template: Value | None = None,
    ) -> None:
        self.surroundings = surroundings
        self.meter = meter
        self.expand = expand
        self.functions = functions
        self.template = template
        self.outermost = True
        self.states: States | None = None
        self.remarks: dict[Diagnostic, None] = {}
        self.assumed: dict[str, Value] = {}
        self.secrets: list[Value] = []
        self.named_secrets: list[tuple[str, Value]] = []
        self.reads = Reads()
        self._parameters = parameters
        self._variables = variables or Object()
        self._loops = loops
        self._known: dict[str, Value] = {}
        self._stopped: dict[str, Stop] = {}
        self._read_by: dict[str, set[str]] = {}
        self._open: list[str] = []

    def moved(self, surroundings: Surroundings) -> Scope:
        """The same names in other surroundings, nothing evaluated yet."""
        scope = Scope(
            surroundings=surroundings,
            meter=self.meter,
            expand=self.expand,
            parameters=self._parameters,
            variables=self._variables,
            loops=self._loops,
            functions=self.functions,
            template=self.template,
        )
        scope.states, scope.remarks, scope.secrets = self.states, self.remarks, self.secrets
        scope.named_secrets, scope.reads = self.named_secrets, self.reads
        return scope

    def parameter(self, name: Value, here: Value) -> Value:
        """The value of a parameter, names without regard to case; stops where it is undeclared or has no value."""
        parameter = self._parameters.get(str(name.data).lower())
        if parameter is None:
            raise _undeclared("parameter", str(name.data), [p.name for p in self._parameters.values()], here)
        value = self.once(f"parameter '{parameter.name}'", here, lambda: self._of(parameter, here))
        return value.through(Via(f"parameter '{parameter.name}'", here.span))

    def variable(self, name: Value, here: Value) -> Value:
        """The value of a variable, names without regard to case."""
        member = self._variables.find(str(name.data))
        if member is not None:
            key, written = member.key, member.value
        elif str(name.data).lower() in self._loops:
            key, written = str(name.data).lower(), self._loops[str(name.data).lower()]
        else:
            known = [*(m.key for m in self._variables), *self._loops]
            raise _undeclared("variable", str(name.data), known, here)
        value = self.once(f"variable '{key}'", here, lambda: self._expanded(key, written))
        return value.through(Via(f"variable '{key}'", here.span))

    def _expanded(self, key: str, written: Value) -> Value:
        """A variable's value; one that a loop makes is written as an object whose only member is the loop's result."""
        value = self.expand(written, Environment(scope=self, here=written))
        if key not in self._loops or not isinstance(value.data, Object):
            return value
        if isinstance(value.data, Partial):
            raise Stop(value.data.findings)
        return value.data.members[0].value

    def _of(self, parameter: Parameter, here: Value) -> Value:
        if parameter.findings:
            raise Stop(parameter.findings)
        value = parameter.given
        if value is None and parameter.default is not None:
            value = self._default(parameter, parameter.default)
        elif value is None and parameter.assumed is not None:
            value = self.assumed[parameter.name] = parameter.assumed
        elif value is None and parameter.nullable:
            value = Value(None, here.origin)
        if value is None:
            raise Stop([MissingParameter(name=parameter.name, declared=parameter.declared, secure=parameter.secure)])
        value = parameter.check(value)
        self.reads.add(*parameter.reads)
        secrets = parameter.secrets_of(value)
        self.secrets.extend(secrets)
        self.named_secrets.extend((parameter.name, part) for part in secrets)
        if any(part.data for part in secrets):
            self.reads.add(parameter.name)
        return value

    def _default(self, parameter: Parameter, default: Value) -> Value:
        """The default's value; what only Azure knows in it can be given as the parameter itself, if -p reaches it."""
        try:
            return self.expand(default, Environment(scope=self, here=default, in_default=True))
        except Stop as stop:
            raise Stop(
                replace(found, parameter=parameter.name)
                if isinstance(found, RuntimeValue) and self.outermost and not found.parameter
                else found
                for found in stop.findings
            ) from None

    def once(self, what: str, here: Value, compute: Callable[[], Value]) -> Value:
        """A value computed when it is first asked for; stops where it needs itself."""
        if what in self._stopped:
            raise self._stopped[what]
        if what not in self._known:
            if what in self._open:
                circle = " → ".join([*self._open[self._open.index(what) :], what])
                raise fault(CIRCULAR_DEFINITION, here, f"{what} is defined through itself: {circle}")
            self._open.append(what)
            try:
                with self.reads.apart() as self._read_by[what]:
                    value = compute()
                self.meter.charge(self.meter.weigh(value), here)  # data that repeats others grows with each definition
                self._known[what] = value
            except Stop as stop:
                self._stopped[what] = Stop(stop.findings)
                raise
            finally:
                self._open.pop()
        self.reads.add(*self._read_by[what])
        return self._known[what]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One turn of a copy loop, of a whole resource or of something in it."""

    loop: str
    index: int
    whole_resource: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """What an expression sees: its template's names, the copy loops around it, the variables of lambdas around it.

    `here` is the string that holds the expression; messages point at it.
    """

    scope: Scope
    here: Value
    copies: tuple[Turn, ...] = ()
    local: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    in_default: bool = False

    def at(self, here: Value) -> Environment:
        """The same names, seen from another string."""
        return replace(self, here=here)

    def within(self, turn: Turn) -> Environment:
        """One turn of a copy loop."""
        return replace(self, copies=(*self.copies, turn))

    def binding(self, names: Mapping[str, Value]) -> Environment:
        """The inside of a lambda with these variables."""
        return replace(self, local={**self.local, **{name.lower(): value for name, value in names.items()}})

    @property
    def surroundings(self) -> Surroundings:
        """Where and when the template is deployed."""
        return self.scope.surroundings

    def flag(self, flag: str, what: str) -> MissingFlag:
        """The finding that a flag would have told `what`."""
        return MissingFlag(flag=flag, what=what, span=self.here.span)


def _undeclared(kind: str, name: str, known: list[str], here: Value) -> Stop:
    return fault(UNDECLARED_NAME, here, f"the file declares no {kind} {name!r}", hint=close(name, known))
