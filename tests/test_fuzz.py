"""Templates broken at random, through the whole library: no exception, and every place is right."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.convert import Form, convert
from imagesmith.diagnostics import Span
from imagesmith.pipeline import Compilation, CompileOptions, compile_document
from imagesmith.redact import Redactor
from imagesmith.report.findings import CheckedFile, Finding, Report
from imagesmith.report.fingerprints import fingerprint
from imagesmith.report.formats import FORMATS
from imagesmith.source import read_bytes
from tests.fuzz_driver import seeds
from tests.mutants import FREE_TEXT_CHANGES, VALUE_CHANGES, broken
from tests.positions import misplaced

COUNT = int(os.environ.get("IMAGESMITH_FUZZ_COUNT") or 400)
IS_FIXED = "IMAGESMITH_FUZZ_SEED" not in os.environ and "IMAGESMITH_FUZZ_COUNT" not in os.environ
"""The same cases in every run, unless others were asked for."""
SEEDS = [seed for seed in seeds() if seed.data is not None]
OPTIONS = CompileOptions(location="westeurope", resource_group="contoso", check_only=True)


@st.composite
def broken_templates(draw: st.DrawFn) -> tuple[bytes, str]:
    """A template of the fixtures with one to six changes: dropped, swapped, retyped, renamed, nested, repeated, encoded
    otherwise; its content and its file's ending."""
    seed = draw(st.sampled_from(SEEDS))
    changes = draw(st.lists(st.sampled_from((*VALUE_CHANGES, *FREE_TEXT_CHANGES)), min_size=1, max_size=6))
    return broken(seed, changes, draw(st.randoms(use_true_random=False)))


def compiled(content: bytes, ending: str) -> Compilation:
    return compile_document(read_bytes(content, filename=f"template{ending}"), options=OPTIONS)


many = settings(
    max_examples=COUNT, derandomize=IS_FIXED, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@many
@given(broken_templates())
def test_every_place_is_right(template: tuple[bytes, str]) -> None:
    assert list(misplaced(compiled(*template))) == []


@settings(many, max_examples=COUNT // 4)
@given(broken_templates())
def test_every_format_takes_it(template: tuple[bytes, str]) -> None:
    compilation = compiled(*template)
    redactor = Redactor(compilation.secrets)
    report = Report(
        files=(CheckedFile(name=compilation.filename, valid=compilation.ok),),
        findings=tuple(
            Finding(diagnostic=one, file=compilation.filename, fingerprint=fingerprint(one, redactor))
            for one in compilation.diagnostics
        ),
    )
    for row in FORMATS:
        text = row.of(report)
        text.encode("utf-8")
        if row.name in {"json", "sarif", "gitlab"}:
            json.loads(text)


@settings(many, max_examples=COUNT // 4)
@given(broken_templates())
def test_what_can_be_converted_stays_what_it_is(template: tuple[bytes, str]) -> None:
    compilation = compiled(*template)
    for form in Form:
        text = convert(compilation, form).text
        if text is not None:
            again = compiled(text.encode("utf-8"), ".json" if text.startswith("{") else ".yaml")
            if compilation.template is not None and not compilation.secrets:
                assert again.template is not None, text
                version = compilation.template.api_version  # one without gets the newest that takes it
                assert replace(again.template, api_version=version) == compilation.template, text


SOUND = next(seed for seed in SEEDS if seed.sound and not seed.expressive)


def with_a_mistake() -> Compilation:
    """A template with an unknown field `colour`."""
    data = json.loads(SOUND.content)
    data["properties"]["colour"] = "red"
    data["apiVersion"] = "2024-02-01"
    return compiled(json.dumps(data, indent=1).encode(), ".json")


def test_the_check_of_places_takes_right_ones() -> None:
    assert [found.code for found in with_a_mistake().diagnostics if found.is_error] == ["IMG220"]
    assert list(misplaced(with_a_mistake())) == []


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(0, 1, "is not about"), (-1, 3, "is not in"), (5, 4, "is not in"), (10**9, 10**9 + 1, "is not in")],
)
def test_the_check_of_places_finds_wrong_ones(start: int, end: int, words: str) -> None:
    compilation = with_a_mistake()
    [error] = [found for found in compilation.diagnostics if found.is_error]
    assert error.span is not None
    moved = replace(error, span=Span(error.span.source, start, end), path=())
    [told] = misplaced(replace(compilation, diagnostics=(moved,)))
    assert words in told


def test_the_check_of_places_misses_none_without_a_place() -> None:
    compilation = with_a_mistake()
    lost = replace(compilation.diagnostics[0], span=None)
    assert list(misplaced(replace(compilation, diagnostics=(lost,)))) == [f"{lost.code}: no place"]
