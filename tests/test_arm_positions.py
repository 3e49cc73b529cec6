"""Whatever way a mistake comes to the image template, the diagnostic points at the text that it speaks of.

Templates are made at random: a value with a planted mistake is sent on a way through parameters, parameter files,
variables, functions of ARM and of the file, copy loops, lambdas, and nested and linked deployments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.diagnostics import Diagnostic, SourceText
from imagesmith.pipeline import CompileOptions, compile_document
from imagesmith.source import Document, read_text
from tests.cases import NOW

Json: TypeAlias = Any  # parts of templates

PLANTED = "Plantd Typ"
"""A text that is wrong in each of the places below; unique in every file, so that its place is known."""

PLACES: tuple[tuple[str | int, ...], ...] = (
    ("distribute", 0, "type"),
    ("distribute", 0, "imageId"),
    ("source", "sku"),
    ("source", "version"),
    ("vmProfile", "vmSize"),
    ("customize", 0, "type"),
)
"""Where the text is put in: what is wrong is found by the schema, and by rules that look at the model."""

IMAGE_ID = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/images/i"
GOOD_SOURCE = {"type": "PlatformImage", "publisher": "Canonical", "offer": "o", "sku": "s", "version": "latest"}


@dataclass(kw_only=True)
class Way:
    """A template under construction: `expression` gives the planted value in its innermost scope."""

    draw: st.DrawFn
    expression: str = ""
    parameters: dict[str, Json] = field(default_factory=dict)
    variables: dict[str, Json] = field(default_factory=dict)
    functions: dict[str, Json] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    file: dict[str, Json] = field(default_factory=dict)
    count: int = 0

    def name(self, kind: str) -> str:
        """A name that no other has."""
        self.count += 1
        return f"{kind}{self.count}"

    def written(self) -> str:
        """The value as a string of a template."""
        return f"[{self.expression}]"


def _start_in_default(way: Way) -> None:
    name = way.name("p")
    way.parameters[name] = {"type": "string", "defaultValue": PLANTED}
    way.expression = f"parameters('{name}')"


def _start_in_file(way: Way) -> None:
    name = way.name("p")
    way.parameters[name] = {"type": "string"}
    way.file[name] = {"value": PLANTED}
    way.expression = f"parameters('{name.upper()}')"


def _start_on_command_line(way: Way) -> None:
    name = way.name("p")
    way.parameters[name] = {"type": "string"}
    way.given[name] = PLANTED
    way.expression = f"parameters('{name}')"


def _start_in_variable(way: Way) -> None:
    name = way.name("v")
    way.variables[name] = PLANTED
    way.expression = f"variables('{name}')"


def _start_deep_in_an_object(way: Way) -> None:
    name = way.name("p")
    way.parameters[name] = {"type": "object", "defaultValue": {"a": ["x", {"Kind": PLANTED}]}}
    way.expression = f"parameters('{name}').a[1].kind"


def _start_in_a_file_s_array(way: Way) -> None:
    name = way.name("p")
    way.parameters[name] = {"type": "array"}
    way.file[name] = {"value": ["x", PLANTED]}
    way.expression = f"last(parameters('{name}'))"


STARTS: tuple[Callable[[Way], None], ...] = (
    _start_in_default, _start_in_file, _start_on_command_line, _start_in_variable, _start_deep_in_an_object,
    _start_in_a_file_s_array,
)  # fmt: skip


def _through_variable(way: Way) -> None:
    name = way.name("v")
    way.variables[name] = way.written()
    way.expression = f"variables('{name}')"


def _through_parameter(way: Way) -> None:
    name = way.name("p")
    way.parameters[name] = {"type": "string", "defaultValue": way.written()}
    way.expression = f"parameters('{name}')"


def _through_object(way: Way) -> None:
    name = way.name("v")
    way.variables[name] = {"other": 1, "inner": {"List": ["x", way.written()]}}
    way.expression = f"variables('{name}').inner.list[1]"


def _through_loop(way: Way) -> None:
    name = way.name("v")
    way.variables.setdefault("copy", []).append({"name": name, "count": 2, "input": way.written()})
    way.expression = f"variables('{name}')[1]"


def _through_function_of_the_file(way: Way) -> None:
    name = way.name("f")
    way.functions[name] = {
        "parameters": [{"name": "x", "type": "string"}],
        "output": {"type": "string", "value": "[parameters('x')]"},
    }
    way.expression = f"own.{name}({way.expression})"


PASSING = (
    "if(true(), {}, 'other')",
    "coalesce(null(), {})",
    "createArray('x', {})[1]",
    "createObject('k', {}).k",
    "first(createArray({}))",
    "tryGet(createObject('k', {}), 'k')",
    "reduce(createArray({}), 'x', lambda('a', 'b', lambdaVariables('b')))",
    "map(createArray({}), lambda('i', lambdaVariables('i')))[0]",
    "filter(createArray({}), lambda('i', true()))[0]",
    "union(createObject('k', 'x'), createObject('k', {})).k",
    "items(createObject('k', {}))[0].value",
    "concat(createArray('x'), createArray({}))[1]",
    "take(createArray({}, 'y'), 1)[0]",
    "flatten(createArray(createArray({})))[0]",
    "toObject(createArray({}), lambda('i', 'key')).key",
    "sort(createArray({}), lambda('a', 'b', true()))[0]",
    "shallowMerge(createArray(createObject('k', {}))).k",
    "distinct(createArray({}))[0]",
)
"""Functions that let a value pass as it is."""


def _through_arm_s_functions(way: Way) -> None:
    way.expression = way.draw(st.sampled_from(PASSING)).format(way.expression)


STEPS: tuple[Callable[[Way], None], ...] = (
    _through_variable, _through_parameter, _through_object, _through_loop, _through_function_of_the_file,
    _through_arm_s_functions, _through_arm_s_functions,
)  # fmt: skip


def image(value: str, place: tuple[str | int, ...]) -> dict[str, Json]:
    """An image template whose only mistake is a value at a place of its properties."""
    resource: dict[str, Json] = {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": "2024-02-01",
        "name": "n",
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {
            "source": dict(GOOD_SOURCE),
            "vmProfile": {},
            "customize": [{"type": "Shell", "inline": ["echo"]}],
            "distribute": [
                {"type": "ManagedImage", "runOutputName": "r", "location": "westeurope", "imageId": IMAGE_ID}
            ],
        },
    }
    *above, last = place
    holder = resource["properties"]
    for part in above:
        holder = holder[part]
    holder[last] = value
    return resource


def _template(way: Way, resource: dict[str, Json]) -> dict[str, Json]:
    functions = [{"namespace": "own", "members": way.functions}] if way.functions else []
    sections = {"parameters": way.parameters, "variables": way.variables, "functions": functions}
    return {**{key: value for key, value in sections.items() if value}, "resources": [resource]}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A template with its parameter file and the texts of -p, in which the mistake stands once."""

    text: str
    parameters: str
    given: dict[str, str]
    linked: str = ""


def _as_expression(data: Json) -> str:
    """The same data made by one expression, as Bicep writes it."""
    return f"[{_spelt(data)}]"


def _spelt(data: Json) -> str:
    if isinstance(data, list):
        return f"createArray({', '.join(map(_spelt, data))})"
    if isinstance(data, dict):
        return (
            f"createObject({', '.join(part for key, value in data.items() for part in (_spelt(key), _spelt(value)))})"
        )
    return str(data)[1:-1] if str(data).startswith("[") else f"'{data}'"


@st.composite
def made(draw: st.DrawFn) -> Made:
    """A template in which the planted value comes to the image template on some way."""
    way = Way(draw=draw)
    draw(st.sampled_from(STARTS))(way)
    for step in draw(st.lists(st.sampled_from(STEPS), max_size=6)):
        step(way)
    inner: Way | None = None
    if draw(st.booleans()):
        inner = Way(draw=draw, count=50)
        name = inner.name("p")
        inner.parameters[name] = {"type": "string"}
        inner.expression = f"parameters('{name}')"
        handed = {name: {"value": way.written()}}
        for step in draw(st.lists(st.sampled_from(STEPS), max_size=3)):
            step(inner)
    last = inner or way
    resource = image(last.written(), draw(st.sampled_from(PLACES)))
    form = draw(st.sampled_from(("plain", "whole", "loop", "resource loop")))
    if form == "whole":
        resource["properties"]["distribute"] = _as_expression(resource["properties"]["distribute"])
    elif form == "loop":
        (entry,) = resource["properties"].pop("distribute")
        resource["properties"]["copy"] = [{"name": "distribute", "count": 1, "input": entry}]
    elif form == "resource loop":
        resource["copy"] = {"name": "all", "count": 1}
    linked: dict[str, Json] | None = None
    if inner is not None and draw(st.booleans()):
        linked = _template(inner, resource)
        link = {"templateLink": {"relativePath": "m.json"}, "parameters": handed}
        resource = {"type": "Microsoft.Resources/deployments", "name": "m", "properties": link}
    elif inner is not None:
        nested = {
            "type": "Microsoft.Resources/deployments",
            "name": "m",
            "properties": {
                "expressionEvaluationOptions": {"scope": "inner"},
                "parameters": handed,
                "template": _template(inner, resource),
            },
        }
        resource = nested
    indent = draw(st.sampled_from((None, 1, 4)))
    ends = draw(st.sampled_from(("\n", "\r\n")))
    text = json.dumps(_template(way, resource), indent=indent).replace("\n", ends)
    return Made(
        text=text,
        parameters=json.dumps({"parameters": way.file}, indent=indent),
        given=way.given,
        linked=json.dumps(linked, indent=indent) if linked else "",
    )


def compiled(case: Made) -> tuple[Document, list[Diagnostic]]:
    files = (read_text(case.parameters, filename="p.json"),) if '"value"' in case.parameters else ()
    options = CompileOptions(
        parameters=case.given,
        parameter_files=files,
        read_linked=lambda path, _: read_text(case.linked, filename=path),
        subscription_id="s",
        resource_group="g",
        now=NOW,
        seed="s",
    )
    document = read_text(case.text, filename="t.json")
    return document, list(compile_document(document, options=options).diagnostics)


def _where(case: Made) -> tuple[str, int, int]:
    """File, line and column of the planted value, counted by hand."""
    for name, text in (("t.json", case.text), ("p.json", case.parameters)):
        at = text.find(PLANTED)
        if at >= 0:
            before = re.split("\r\n|\n", text[:at])
            return name, len(before), len(before[-1])
    (name,) = case.given
    return f"-p {name}", 1, 1


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=made())
def test_a_mistake_is_shown_where_it_was_written(case: Made) -> None:
    _, diagnostics = compiled(case)
    told = [one for one in diagnostics if PLANTED in one.message]
    assert told, [one.message for one in diagnostics]
    for diagnostic in told:
        span = diagnostic.span
        assert span is not None
        assert span.text.strip('"') == PLANTED
        assert (span.file, span.line, span.column) == _where(case)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=made())
def test_every_station_is_a_text_that_names_what_it_is(case: Made) -> None:
    """A station says `variable 'x'`, `concat()`: the text there calls it."""
    _, diagnostics = compiled(case)
    for diagnostic in diagnostics:
        for via in diagnostic.via:
            kind, _, name = via.what.partition(" ")
            called = f"{kind}s({name})" if name else kind.removesuffix("()") + "("
            assert called.lower() in via.span.text.lower(), (via.what, via.span.text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=made(), broken=st.sampled_from(("nope({})", "{}.none", "substring({}, 99)", "reference({}).x", "int({})")))
def test_a_call_that_cannot_be_computed_is_shown_at_the_call(case: Made, broken: str) -> None:
    """The mistake is an expression itself, somewhere on the way."""
    name = broken.partition("(")[0] if "(" in broken else "none"
    expression = broken.format("createArray('zz')[0]")
    planted = case.text.replace(json.dumps(PLANTED), json.dumps(f"[{expression}]"))
    if planted == case.text:
        return  # a parameter file's values are no expressions
    _, diagnostics = compiled(replace(case, text=planted))
    told = [one for one in diagnostics if one.is_error and name in one.message]
    assert told, [one.message for one in diagnostics]
    source = SourceText("t.json", planted)
    at = planted.index(f"[{expression}]") + 1
    for diagnostic in told:
        assert diagnostic.span is not None
        assert diagnostic.span.text == name
        start = at + (expression.rindex(name) if name == "none" else 0)
        assert (diagnostic.span.line, diagnostic.span.column) == source.position(start)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    case=made(),
    noise=st.lists(st.sampled_from(("\u00e9", "\U0001f600", "\t", "\\u0041", "\\\\")), min_size=1, max_size=3),
)
def test_positions_hold_behind_any_characters(case: Made, noise: list[str]) -> None:
    """Columns count characters, whatever stands before in the line."""
    before = (
        json.dumps({"metadata": {"note": ""}})[1:-3].rstrip('"') + '"' + "".join(noise).replace("\t", "\\t") + '"}, '
    )
    text = case.text[0] + before + case.text[1:]
    case = replace(case, text=text)
    _, diagnostics = compiled(case)
    told = [one for one in diagnostics if PLANTED in one.message]
    assert told
    for diagnostic in told:
        assert diagnostic.span is not None
        assert (diagnostic.span.file, diagnostic.span.line, diagnostic.span.column) == _where(case)
