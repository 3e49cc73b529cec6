"""Expression text: what is one, what its tree is, and that no text whatever does harm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.arm import Deployment, resolve
from imagesmith.arm.syntax import MAX_NESTING, Access, Call, Number, SyntaxFault, Text, is_escaped, is_expression, parse
from imagesmith.diagnostics import SourceText, Span
from imagesmith.source import Document, Origin, wrap

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expression", "escaped"),
    [
        ("[parameters('x')]", True, False),
        ("plain", False, False),
        ("[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12", False, False),
        ("[[literal]", False, True),
        ("[[ -f /etc/motd ]] && echo yes", False, False),
        ("[]", True, False),
        (" [x]", False, False),
        ("[", False, False),
    ],
)
def test_only_a_text_from_bracket_to_bracket_is_an_expression(text: str, expression: bool, escaped: bool) -> None:
    assert is_expression(text) is expression
    assert is_escaped(text) is escaped


def test_a_call_with_arguments_and_look_ups() -> None:
    tree = parse("[ concat( 'it''s', parameters('a').b[0].?c ) ]")
    assert isinstance(tree, Call)
    assert tree.name == "concat"
    text, access = tree.arguments
    assert isinstance(text, Text)
    assert text.text == "it's"
    assert isinstance(access, Access)
    assert [(type(step.key), step.safe) for step in access.steps] == [(Text, False), (Number, False), (Text, True)]


def test_a_function_of_the_file_has_a_name_space() -> None:
    tree = parse("[contoso.name('x')]")
    assert isinstance(tree, Call)
    assert (tree.namespace, tree.name, tree.full_name) == ("contoso", "name", "contoso.name")


def test_a_property_of_a_call_is_no_name_space() -> None:
    tree = parse("[resourceGroup().location]")
    assert isinstance(tree, Access)
    assert isinstance(tree.target, Call)


def test_white_space_and_line_ends_do_not_matter() -> None:
    assert isinstance(parse("[concat(\r\n\t'a' ,\n 'b'\n)]"), Call)


@pytest.mark.parametrize(
    ("text", "message", "stretch"),
    [
        ("[]", "the expression is empty", (0, 2)),
        ("[concat('a']", "')' is missing at the end", (11, 12)),
        ("[concat('a' 'b')]", "')' is missing before \"'b'\"", (12, 15)),
        ("[concat('a')) ]", "nothing may follow the expression, but ')' does", (12, 13)),
        ("[string[]]", "'string' is no value: a name must be called, as in string()", (1, 7)),
        ("[concat('a)]", "a string without its closing quote", (8, 11)),
        ("[1.5]", "numbers in expressions are integers; write json('1.5') for others", (1, 4)),
        ("[add(1, %)]", "'%' has no place here", (8, 9)),
        ("[parameters('a').]", "a property's name is missing at the end", (17, 18)),
        ("[-f /etc/motd]", "'-' has no place here", (1, 2)),
        ("[123456789012345678901]", "the number does not fit into 64 bits", (1, 22)),
    ],
)
def test_a_fault_says_what_and_where(text: str, message: str, stretch: tuple[int, int]) -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse(text)
    assert caught.value.message == message
    assert (caught.value.start, caught.value.end) == stretch


def test_nesting_is_bounded() -> None:
    within = "[" + "concat(" * (MAX_NESTING - 1) + "'x'" + ")" * (MAX_NESTING - 1) + "]"
    assert isinstance(parse(within), Call)
    with pytest.raises(SyntaxFault, match="nested deeper than"):
        parse("[" + "concat(" * 50_000 + "'x'" + ")" * 50_000 + "]")


def test_a_long_chain_of_look_ups_is_no_nesting() -> None:
    tree = parse("[parameters('a')" + ".b" * 20_000 + "]")
    assert isinstance(tree, Access)
    assert len(tree.steps) == 20_000


_PIECES = st.sampled_from(
    [
        "[", "]", "(", ")", ",", ".", ".?", "'", "''", " ", "-1", "0", "99", "concat", "parameters", "variables",
        "'p'", "'v'", "if", "range", "map", "lambda", "lambdaVariables", "union", "json", "string", "format", "'{0}'",
        "true()",
        "null()", "createObject", "createArray", "resourceGroup()", "subscription()", ".id", "copyIndex", "replace",
        "padLeft", "split", "utcNow", "dateTimeAdd", "guid", "uniqueString", "base64ToJson", "items", "reduce", "'x'",
        "first", "last", "substring", "[[", "é", "\\", "\n", "uri", "int", "min", "take", "tryGet", "sort", "toObject",
    ]
)  # fmt: skip
_NAMES = (
    "concat format if union split join substring range take skip json string int bool array createObject createArray "
    "contains coalesce replace padLeft first last length empty equals less guid uniqueString base64 base64ToString uri "
    "uriComponent dataUri dateTimeAdd utcNow items tryGet shallowMerge intersection min max add div mod indexOf "
    "resourceId map filter reduce sort toObject lambda flatten objectKeys reference resourceGroup"
)
_LEAVES = ("'x'", "''", "-3", "7", "parameters('p')", "variables('v')", "null()", "true()", "createArray()")
_CALLS = st.recursive(
    st.sampled_from(_LEAVES),
    lambda inner: st.tuples(st.sampled_from(_NAMES.split()), st.lists(inner, max_size=4)).map(
        lambda call: f"{call[0]}({', '.join(call[1])})"
    ),
    max_leaves=12,
)


def _resolve(expression: str) -> None:
    template = {
        "parameters": {"p": {"type": "string", "defaultValue": "one, two"}},
        "variables": {"v": {"a": [1, "x", None, True], "b": {"c": 1.5}}},
        "resources": [
            {
                "type": "Microsoft.VirtualMachineImages/imageTemplates",
                "name": expression,
                "properties": {"customize": [{"inline": [expression]}], expression: expression},
            }
        ],
    }
    source = SourceText("template.json", str(template))
    root = wrap(template, Origin(Span(source, 0, len(source.text))))
    resolution = resolve(Document(source=source, root=root), Deployment(now=NOW, seed="seed"))
    assert resolution.document is not None
    assert all(diagnostic.message and diagnostic.hint for diagnostic in resolution.diagnostics)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=25).map("".join))
def test_no_pieces_of_expressions_raise(body: str) -> None:
    _resolve(f"[{body}]")


@settings(max_examples=300, deadline=None)
@given(_CALLS)
def test_no_calls_raise(call: str) -> None:
    _resolve(f"[{call}]")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    _resolve(f"[{text}]")
