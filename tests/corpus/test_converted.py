"""A real template means the same after it was resolved and written anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imagesmith.convert import Form, convert
from imagesmith.pipeline import compile_document
from imagesmith.source import read_text
from imagesmith.targets import NEWEST
from tests.corpus.templates import Row, compiled, read_rows

ROWS = [row for row in read_rows().values() if row.verdict == "compiles"]


@pytest.mark.parametrize("form", [Form.ARM, Form.YAML, Form.JSON])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_converted_template_compiles_to_the_same_files(row: Row, form: Form) -> None:
    compilation = compiled(row.file, row.os_type, NEWEST)
    assert compilation.ok
    conversion = convert(compilation, form)
    if compilation.secrets and form is not Form.ARM:
        assert conversion.text is None or not any(secret in conversion.text for secret in compilation.secrets)
    if conversion.text is None:
        assert [found.code for found in conversion.diagnostics] == ["IMG160"]
        return
    given = compilation.options.parameters if compilation.secrets else {}
    options = replace(compilation.options, parameters=given)
    name = "image.yaml" if form is Form.YAML else "image.json"
    again = compile_document(read_text(conversion.text, filename=name), options=options)
    assert [found for found in again.diagnostics if found.is_error] == []
    assert again.files == compilation.files
