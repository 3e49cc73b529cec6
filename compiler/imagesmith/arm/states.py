"""What a file itself tells of the resources in it: outputs of its modules, names, types, regions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from imagesmith.arm.expansion import expand
from imagesmith.arm.faults import Finding, Stop
from imagesmith.arm.links import template_of
from imagesmith.arm.loops import Loop, resource_loop, turns
from imagesmith.arm.scope import Environment, Partial, Scope
from imagesmith.arm.structure import member_of, resources_in, section_of
from imagesmith.source import Member, Object, Value

_INDEXED = re.compile(r"(.+)\[([0-9]{1,6})\]")
_GROUPS = "microsoft.resources/resourcegroups"
_KNOWN = ("location", "apiVersion", "type")
"""Members of a whole resource that it has as the file says."""

Opened = Callable[[Value, Environment], Environment]
"""A nested deployment and what is around it, to where the expressions of its outputs are evaluated."""


class States:
    """The resources of one template, each looked at when an expression asks for it."""

    def __init__(self, template: Object, scope: Scope, opened: Opened) -> None:
        self._template = template
        self._scope = scope
        self._opened = opened

    def of(self, target: str, *, full: bool, here: Value) -> Value | None:
        """What reference() gives for a symbolic name, a name or an id; None where the file deploys no such resource."""
        for resource, environment in self._found(target):
            what = f"resource '{target}'" + (" (full)" if full else "")
            return self._scope.once(what, here, partial(self._state, resource, environment, full=full))
        return None

    def of_loop(self, symbol: str, *, full: bool, here: Value) -> tuple[Value, ...] | None:
        """The same for each resource of a loop with a symbolic name."""
        resource = self._named(symbol)
        loop = resource_loop(resource) if resource else None
        if resource is None or loop is None:
            return None
        found = []
        for number, environment in enumerate(self._turns(loop)):
            what = f"resource '{symbol}[{number}]'" + (" (full)" if full else "")
            state = self._scope.once(what, here, partial(self._state, resource, environment, full=full))
            found.append(state)
        return tuple(found)

    def outputs(self, target: str, *, here: Value) -> Value | None:
        """The values of a module's outputs by name, as listOutputsWithSecureValues() gives them."""
        for resource, environment in self._found(target):
            if template_of(resource, environment) is None:
                return None
            what = f"outputs of '{target}'"
            return self._scope.once(what, here, partial(self._bare_outputs, resource, environment))
        return None

    def information(self, symbol: str, *, here: Value) -> Value | None:
        """Name, type, API version and id of a resource with a symbolic name."""
        for resource, environment in self._found(symbol):
            what = f"information on '{symbol}'"
            return self._scope.once(what, here, partial(self._info, resource, environment))
        return None

    def _named(self, symbol: str) -> Value | None:
        return next((value for name, value in resources_in(self._template) if name and name == symbol), None)

    def _turns(self, loop: Loop) -> list[Environment]:
        return turns(loop, Environment(scope=self._scope, here=loop.input), expand)

    def _found(self, target: str) -> Iterator[tuple[Value, Environment]]:
        """The resource that a target names, with its turn of a loop."""
        indexed = _INDEXED.fullmatch(target)
        resource = self._named(indexed[1] if indexed else target)
        if resource is not None:
            loop = resource_loop(resource)
            environments = self._turns(loop) if loop else [Environment(scope=self._scope, here=resource)]
            at = int(indexed[2]) if indexed else 0
            if at < len(environments) and (indexed is None or loop is not None):
                yield resource, environments[at]
            return
        for _, candidate in resources_in(self._template):
            for environment in self._matches(candidate, target.lower()):
                yield candidate, environment

    def _matches(self, resource: Value, target: str) -> Iterator[Environment]:
        kind, name = member_of(resource, "type"), member_of(resource, "name")
        if kind is None or name is None or ("/" in target and not _may_be(target, str(kind.data))):
            return
        try:
            loop = resource_loop(resource)
            for one in self._turns(loop) if loop else [Environment(scope=self._scope, here=resource)]:
                full_name = str(expand(name, one).data).lower()
                if target == full_name or target.endswith(_tail(str(kind.data), full_name).lower()):
                    yield one
        except Stop:
            return  # a resource whose name is not known cannot be told to be the one

    def _state(self, resource: Value, environment: Environment, *, full: bool) -> Value:
        members: list[Member] = []
        missing: dict[str, tuple[Finding, ...]] = {}
        template = template_of(resource, environment)
        if template is not None:
            outputs = _outputs(template, self._opened(resource, environment))
            members.append(Member(Value("outputs", resource.origin), Value(outputs, resource.origin)))
        if not full:
            return Value(Object(members), resource.origin)
        properties = Value(Object(members), resource.origin)
        members = [Member(Value("properties", resource.origin), properties)] if members else []
        if isinstance(resource.data, Object):
            for member in resource.data:
                if member.key in _KNOWN:
                    _add(members, missing, member.name, partial(expand, member.value, environment))
        return Value(Partial(members, missing), resource.origin)

    def _bare_outputs(self, resource: Value, environment: Environment) -> Value:
        template = template_of(resource, environment)
        outputs = _outputs(template, self._opened(resource, environment)) if template else Object()
        missing = outputs.missing if isinstance(outputs, Partial) else {}
        values = [Member(m.name, value) for m in outputs if (value := member_of(m.value, "value")) is not None]
        return Value(Partial(values, missing), resource.origin)

    def _info(self, resource: Value, environment: Environment) -> Value:
        members: list[Member] = []
        missing: dict[str, tuple[Finding, ...]] = {}
        if isinstance(resource.data, Object):
            for member in resource.data:
                if member.key in {"name", "type", "apiVersion"}:
                    _add(members, missing, member.name, partial(expand, member.value, environment))
        known = {member.key: str(member.value.data) for member in members}
        around = environment.surroundings
        in_group = around.subscription_id and around.resource_group and member_of(resource, "scope") is None
        if in_group and {"name", "type"} <= known.keys():
            group = f"/subscriptions/{around.subscription_id}/resourceGroups/{around.resource_group}"
            resource_id = Value(group + _tail(known["type"], known["name"]), resource.origin)
            members.append(Member(Value("id", resource.origin), resource_id))
        return Value(Partial(members, missing), resource.origin)


def _outputs(template: Value, environment: Environment) -> Object:
    """A module's outputs as reference() shows them, without those whose condition is false."""
    section = section_of(template.data, "outputs") if isinstance(template.data, Object) else Object()
    members: list[Member] = []
    missing: dict[str, tuple[Finding, ...]] = {}
    for member in section:
        try:
            if output_wanted(member.value, environment):
                members.append(Member(member.name, _output(member.value, environment)))
        except Stop as stop:
            missing[member.key] = stop.findings
    return Partial(members, missing) if missing else Object(members)


def output_wanted(output: Value, environment: Environment) -> bool:
    """Whether an output's condition does not switch it off."""
    condition = member_of(output, "condition")
    return condition is None or expand(condition, environment).data is not False


def output_value(output: Value, environment: Environment) -> Value | None:
    """An output's value, or the array that its `copy` makes; None where it has neither."""
    copy = member_of(output, "copy")
    if copy is None:
        value = member_of(output, "value")
        return None if value is None else expand(value, environment)
    count, body = member_of(copy, "count"), member_of(copy, "input")
    if count is None or body is None:
        return None
    loop = Loop(name=Value("", copy.origin), count=count, input=body)
    return Value(tuple(expand(body, turn) for turn in turns(loop, environment, expand)), body.origin)


def _output(output: Value, environment: Environment) -> Value:
    value, kind = output_value(output, environment), member_of(output, "type")
    members = [Member(Value("type", output.origin), kind)] if kind is not None else []
    if value is not None:
        if kind is not None and str(kind.data).lower() in {"securestring", "secureobject"}:
            environment.scope.secrets.append(value)
        members.append(Member(Value("value", output.origin), value))
    return Value(Object(members), output.origin)


def _add(
    members: list[Member], missing: dict[str, tuple[Finding, ...]], name: Value, compute: Callable[[], Value]
) -> None:
    try:
        members.append(Member(name, compute()))
    except Stop as stop:
        missing[str(name.data)] = stop.findings


def _may_be(target: str, kind: str) -> bool:
    """Whether an id could name a resource of a type, before its name is computed."""
    if kind.lower() == _GROUPS:
        return "/resourcegroups/" in target
    return f"/providers/{kind.lower().partition('/')[0]}/" in target or not target.startswith("/")


def _tail(kind: str, name: str) -> str:
    """How the id of a resource ends: ``/providers/microsoft.compute/galleries/g/images/i``."""
    if kind.lower() == _GROUPS:
        return f"/resourceGroups/{name}"
    provider, *types = kind.split("/")
    pairs = "/".join(f"{one}/{part}" for one, part in zip(types, name.split("/"), strict=False))
    return f"/providers/{provider}/{pairs}"
