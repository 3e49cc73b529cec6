"""HCL values to text: literals, blocks, alignment, and what cannot be said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith import hcl
from imagesmith.hcl import Block, Call, Expression, InTemplateFolder, Rendered, attributes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        ("plain", '"plain"'),
        ('say "hi"\\', r'"say \"hi\"\\"'),
        ("a\r\n\tb", r'"a\r\n\tb"'),
        ("${x} %{y} $${z}", '"$${x} %%{y} $$${z}"'),
        ("\x07\u2028", r'"\u0007\u2028"'),
        ("naïve", '"naïve"'),
        (Expression("var.x"), "var.x"),
        (Call("merge", ({"a": "b"}, Expression("var.t"))), 'merge({\n  a = "b"\n}, var.t)'),
        (InTemplateFolder("scripts/01.sh"), '"${path.root}/scripts/01.sh"'),
        (Rendered("{{ .X }}"), '"{{`{{`}} .X }}"'),
        ((), "[]"),
        (("a", "b"), '["a", "b"]'),
        ({}, "{}"),
        ({"a b": "c", "d": "e"}, '{\n  "a b" = "c"\n  d     = "e"\n}'),
    ],
)
def test_literal(value: hcl.Literal, text: str) -> None:
    """Every kind of value has one form."""
    assert hcl.literal(value) == text


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "e\u0301"])
def test_text_that_hcl_cannot_hold_is_refused(text: str) -> None:
    """NUL, half a surrogate pair, and text that HCL would normalise."""
    assert hcl.unfit(text)
    with pytest.raises(ValueError, match=r"HCL|file"):
        hcl.quote(text)


def test_block_aligns_runs_of_single_lines() -> None:
    """A value of several lines ends a run, as in `packer fmt`."""
    block = Block(
        type="source",
        labels=("azure-arm", "image"),
        attributes=attributes(a=1, long_name="x", left_out=None, tags={"k": "v"}, z=True),
        blocks=(Block(type="inner", attributes=attributes(b=2)), Block(type="empty")),
    )
    assert hcl.render(block) == (
        'source "azure-arm" "image" {\n'
        "  a         = 1\n"
        '  long_name = "x"\n'
        "  tags = {\n"
        '    k = "v"\n'
        "  }\n"
        "  z = true\n"
        "\n"
        "  inner {\n"
        "    b = 2\n"
        "  }\n"
        "\n"
        "  empty {\n"
        "  }\n"
        "}\n"
    )


@given(st.text())
def test_quoting_leaves_no_way_out_of_the_literal(text: str) -> None:
    """Whatever the text: one line, closed by its own quote, no live template sequence."""
    if hcl.unfit(text):
        return
    quoted = hcl.quote(text)
    inner = quoted[1:-1]
    assert quoted[0] == quoted[-1] == '"'
    assert "\n" not in inner
    assert '"' not in inner.replace("\\\\", "").replace('\\"', "")
    assert "${" not in inner.replace("$${", "")
    assert "%{" not in inner.replace("%%{", "")


@given(st.text())
def test_raw_survives_and_data_does_not_become_raw(text: str) -> None:
    """Only `hcl` makes Raw; a user's text that looks like HCL stays a string."""
    if not hcl.unfit(text):
        assert isinstance(hcl.literal(text), hcl.Raw)
        assert hcl.literal(text).startswith('"')
