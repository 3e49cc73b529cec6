"""What the record says of a run's options: data and nothing else, so that two runs of one command do not differ."""

from __future__ import annotations

from dataclasses import replace

from imagesmith.build.details import _options
from imagesmith.build.options import BuildOptions
from imagesmith.lower import ValidateOn
from imagesmith.pipeline import CompileOptions
from imagesmith.plan import OnError


def test_options_that_differ_from_their_defaults_are_told_as_data() -> None:
    options = CompileOptions(location="westeurope", parameters={"a": "b"}, validate_on=ValidateOn.BUILD_VM, seed="s")
    assert _options(options) == {"location": "westeurope", "parameters": {"a": "b"}, "validate_on": "build-vm"}
    assert _options(BuildOptions(dry_run=True, on_error=OnError.ABORT)) == {"dry_run": True, "on_error": "abort"}
    assert _options(CompileOptions()) == _options(BuildOptions()) == {}


def test_functions_and_readers_of_the_caller_are_not_told() -> None:
    """Their names hold an address of memory, which is another one each time."""
    assert _options(replace(CompileOptions(), shell_reader=lambda _texts: ())) == {}
