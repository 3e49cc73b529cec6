"""Functions that look up names of the template: parameters, variables, the copy loop's index."""

from __future__ import annotations

from functools import partial

from imagesmith.arm.calls import Invocation
from imagesmith.arm.rows import Function, Page
from imagesmith.source import Value


def _parameters(call: Invocation) -> Value:
    call.text(0)
    return call.environment.scope.parameter(call.value(0), call.here)


def _variables(call: Invocation) -> Value:
    call.text(0)
    return call.environment.scope.variable(call.value(0), call.here)


def _copy_index(call: Invocation) -> int:
    """copyIndex(), copyIndex(offset), copyIndex('loop'), copyIndex('loop', offset).

    Without a name it is the resource's loop, also inside of a property's, which has to be named (ARM documentation,
    'Property iteration in ARM templates'); where there is no such loop, the innermost one.
    """
    turns = call.environment.copies
    if not turns:
        raise call.fault("copyIndex() stands outside of any copy loop")
    named = len(call) > 0 and isinstance(call.value(0).data, str)
    if named:
        name = call.text(0)
        found = [turn for turn in turns if turn.loop.lower() == name.lower()]
        if not found:
            raise call.fault(f"there is no copy loop {name!r} around the expression")
    else:
        found = [turn for turn in turns if turn.whole_resource] or [turns[-1]]
    offset = 1 if named else 0
    return found[-1].index + (call.integer(offset) if len(call) > offset else 0)


_deployment_row = partial(Function, page=Page.DEPLOYMENT)
_numeric_row = partial(Function, page=Page.NUMERIC)

ROWS = (
    _deployment_row(name="parameters", least=1, most=1, apply=_parameters, lazy=True, note="The value of a parameter."),
    _deployment_row(name="variables", least=1, most=1, apply=_variables, lazy=True, note="The value of a variable."),
    _numeric_row(name="copyIndex", least=0, most=2, apply=_copy_index, note="The turn of a copy loop, from 0."),
)
