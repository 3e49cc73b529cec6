"""What a deployment is asked while it runs: known where the file itself or --resolve tells it.

ARM documentation, 'Resource functions for ARM templates': reference, references, list*.
"""

from __future__ import annotations

from functools import partial

from imagesmith.arm.calls import Invocation
from imagesmith.arm.faults import Stop
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.arm.scope import Partial
from imagesmith.diagnostics import Via
from imagesmith.source import Object, Value

_SECURE_OUTPUTS = "listoutputswithsecurevalues"
"""What a Bicep-compiled file calls to read outputs of a module that are secrets."""


def _unknown(call: Invocation) -> Result:
    raise call.unknown()


def _reference(call: Invocation) -> Result:
    """What the file tells of a resource: the outputs of a module; everything else is Azure's to tell."""
    states = call.environment.scope.states
    state = states.of(call.text(0), full=_wants_all(call), here=call.here) if states else None
    if state is None:
        raise call.unknown()
    return _with_the_rest(state, call).through(Via("reference()", call.here.span))


def _references(call: Invocation) -> Result:
    """The same for each resource of a loop, in order."""
    states = call.environment.scope.states
    found = states.of_loop(call.text(0), full=_wants_all(call), here=call.here) if states else None
    if found is None:
        raise call.unknown()
    return tuple(_with_the_rest(state, call) for state in found)


def _list(call: Invocation) -> Result:
    states = call.environment.scope.states
    if states is None or call.name.lower() != _SECURE_OUTPUTS:
        raise call.unknown()
    outputs = states.outputs(call.text(0), here=call.here)
    if outputs is None:
        raise call.unknown()
    return outputs.through(Via(f"{call.name}()", call.here.span))


def _resource_info(call: Invocation) -> Result:
    states = call.environment.scope.states
    known = states.information(call.text(0), here=call.here) if states else None
    if known is None:
        raise call.unknown()
    return _with_the_rest(known, call)


def _wants_all(call: Invocation) -> bool:
    return any(_is_full(call, index) for index in range(1, len(call)))


def _is_full(call: Invocation, index: int) -> bool:
    try:
        data = call.value(index).data
    except Stop:
        return False
    return isinstance(data, str) and data.lower() == "full"


def _with_the_rest(state: Value, call: Invocation) -> Value:
    """A state whose other members are not missing but unknown."""
    data = state.data
    if not isinstance(data, Object):
        return state
    missing = data.missing if isinstance(data, Partial) else {}
    return Value(Partial(data.members, missing, call.runtime_value()), state.origin)


_row = partial(Function, page=Page.RESOURCE, lazy=True)
_unknown_row = partial(_row, apply=_unknown, runtime=True)
_bicep_row = partial(_unknown_row, page=Page.BICEP_RESOURCE)

ROWS = (
    _row(name="reference", least=1, most=3, apply=_reference, note="Outputs of a module of the file."),
    _row(name="references", least=1, most=3, apply=_references, note="Outputs of a module of the file that is a loop."),
    _row(
        name="list*",
        anchor="list",
        least=1,
        most=3,
        apply=_list,
        runtime=True,
        note="Keys and the like; the secure outputs of a module of the file are known.",
    ),
    _row(
        name="resourceInfo",
        page=Page.BICEP_RESOURCE,
        anchor="top",
        least=1,
        most=1,
        apply=_resource_info,
        note="Name, type and id of a resource with a symbolic name.",
    ),
    _unknown_row(name="pickZones", least=3, most=5, note="Zones of a region."),
    _unknown_row(name="providers", least=1, most=2, note="What a resource provider offers."),
    _unknown_row(name="target", least=0, most=1, page=Page.BICEP_FLOW, anchor="top", note="The resource as it stands."),
    _unknown_row(
        name="externalInputs",
        least=1,
        most=1,
        page=Page.BICEP_PARAMETERS,
        anchor="externalinput",
        note="What the tool that deploys puts into a parameter file.",
    ),
    _bicep_row(name="getSecret", least=2, most=4, note="A secret of a key vault."),
    _bicep_row(name="toLogicalZone", least=3, most=3, note="A subscription's own name of a zone."),
    _bicep_row(name="toLogicalZones", least=3, most=3, note="The same for several zones."),
    _bicep_row(name="toPhysicalZone", least=3, most=3, note="The zone behind a subscription's own name."),
    _bicep_row(name="toPhysicalZones", least=3, most=3, note="The same for several zones."),
)
