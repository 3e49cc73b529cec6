"""What people read: places, carets under the right characters, ways, hints, and nothing that acts on a terminal."""

from __future__ import annotations

import re
import time
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.diagnostics import Diagnostic, Severity, SourceText, Span, Via
from imagesmith.report.json import diagnostic_to_json
from imagesmith.report.text import escape_controls, render, summary


def about(content: str, start: int, end: int, *, name: str = "a.json", via: tuple[Via, ...] = ()) -> Diagnostic:
    return Diagnostic(
        code="IMG099",
        severity=Severity.ERROR,
        message="this is wrong",
        hint="mend it",
        path=("properties", "customize", 3, "a b"),
        span=Span(SourceText(name, content), start, end),
        via=via,
    )


def lines(content: str, start: int, end: int) -> list[str]:
    return render([about(content, start, end)], color=False).split("\n")


def test_the_whole_form() -> None:
    source = SourceText("main.json", '{\n  "region": "westus9",\n  "location": "[parameters(\'region\')]"\n}\n')
    start = source.text.index('"westus9"')
    use = source.text.index('"[param')
    wrong = Diagnostic(
        code="IMG301",
        severity=Severity.ERROR,
        message="there is no region 'westus9'",
        hint="write westus2",
        span=Span(source, start, start + 9),
        via=(Via("toLower", Span(source, use, use + 5)), Via("parameter 'region'", Span(source, use + 2, use + 5))),
    )
    lonely = Diagnostic(code="IMG700", severity=Severity.WARNING, message="Packer is old", hint="")
    assert render([wrong, lonely], color=False) == (
        "main.json:2:13: error[IMG301]: there is no region 'westus9'\n"
        '    2 |   "region": "westus9",\n'
        "      |             ^~~~~~~~~\n"
        "  from main.json:2:13, through parameter 'region' at main.json:3:17\n"
        "    then through toLower at main.json:3:15\n"
        "  hint: write westus2\n"
        "\n"
        "warning[IMG700]: Packer is old\n"
        "\n"
        "1 error, 1 warning\n"
    )


def test_nothing_is_said_of_nothing() -> None:
    assert render([], color=False) == ""
    assert summary([]) == "no problems"


def test_color_adds_sequences_and_changes_no_text() -> None:
    diagnostics = [about('{"a": 1}', 6, 7)]
    colored = render(diagnostics, color=True)
    assert "\x1b[1;31merror[IMG099]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(diagnostics, color=False)


def test_the_caret_stands_below_tabs_wide_and_combined_characters() -> None:
    assert lines('\t"漢": \te\u0301x!', 9, 10)[1:3] == ['    1 |     "漢":   e\u0301x!', "      |              ^"]


def test_a_span_of_several_lines_is_marked_to_the_end_of_the_first() -> None:
    assert lines("ab {\n}\n", 3, 6)[1:3] == ["    1 | ab {", "      |    ^"]


def test_a_place_after_the_last_character_has_its_caret_there() -> None:
    assert lines("[1", 2, 2)[1:3] == ["    1 | [1", "      |   ^"]


def test_an_empty_line_is_not_shown() -> None:
    assert lines("[1\n", 3, 3) == ["a.json:2:1: error[IMG099]: this is wrong", "  hint: mend it", "", "1 error", ""]


def test_a_long_line_is_cut_to_the_window_around_the_span() -> None:
    content = "[" + "1, " * 500_000 + "<here>" + ", 2" * 500_000 + "]"
    started = time.process_time()
    start = content.index("<here>")
    shown, carets = lines(content, start, start + 6)[1:3]
    assert time.process_time() - started < 1
    assert len(shown) <= 120
    assert shown.startswith("    1 | ...")
    assert shown.endswith("...")
    assert shown[carets.index("^") : carets.rindex("~") + 1] == "<here>"


def test_a_long_span_is_marked_as_far_as_it_is_shown() -> None:
    shown, carets = lines('["' + "x" * 300 + '"]', 1, 303)[1:3]
    assert len(shown) <= 120
    assert carets.index("^") == shown.index('"')
    assert len(carets) == len(shown) - len("...")


def test_control_characters_are_shown_and_never_sent() -> None:
    content = "a: \x1b[2J\u202eevil\x00\x9b\u2028"
    wrong = about(content, 3, 4, name="\x1b]0;x\x07.json", via=(Via("\x1b[1m", Span(SourceText("v\r", "x"), 0, 1)),))
    text = render([wrong], color=False)
    assert "a: \\x1b[2J\\u202eevil\\x00\\x9b\\u2028" in text
    assert "\n      |    ^~~~\n" in text
    assert all(character == "\n" or character.isprintable() for character in text)


def test_a_message_of_several_lines_cannot_pass_for_another_diagnostic() -> None:
    forged = Diagnostic(code="IMG001", severity=Severity.NOTE, message="a\nb.json:1:1: error[IMG002]: x", hint="c\nd")
    assert render([forged], color=False) == (
        "note[IMG001]: a\n    b.json:1:1: error[IMG002]: x\n  hint: c\n        d\n\n1 note\n"
    )


def test_a_long_way_is_cut() -> None:
    span = Span(SourceText("a.json", "x"), 0, 1)
    text = render([about("x", 0, 1, via=tuple(Via(f"step {n}", span) for n in range(20)))], color=False)
    assert text.count("through step") == 6
    assert "then through 14 more" in text


def test_escape_controls_leaves_white_space_and_words_of_all_languages() -> None:
    assert escape_controls("a\tb\u00a0é漢😀") == "a\tb\u00a0é漢😀"
    assert escape_controls("a\r\nb\u200b\ud800\U000e0001") == "a\\x0d\\x0ab\\u200b\\ud800\\U000e0001"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=400), st.data())
def test_any_span_of_any_text_is_shown_in_120_columns(content: str, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(content)))
    end = draw.draw(st.integers(start, len(content)))
    shown = lines(content, start, end)
    assert all(line.isprintable() for line in shown)
    assert all(_columns(line) <= 120 for line in shown)
    carets = [line for line in shown if line.startswith("      | ")]
    assert len(carets) == (1 if about(content, start, end).span.source.line(_line(content, start)).strip() else 0)  # type: ignore[union-attr]


def _columns(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line if not unicodedata.combining(c))


def _line(content: str, offset: int) -> int:
    return SourceText("a", content).position(offset)[0]


def test_json_has_exactly_the_keys_that_scripts_rely_on() -> None:
    assert diagnostic_to_json(about('{\n "a": 1}', 8, 9)) == {
        "code": "IMG099",
        "severity": "error",
        "message": "this is wrong",
        "hint": "mend it",
        "file": "a.json",
        "line": 2,
        "column": 7,
        "path": "properties.customize[3]['a b']",
        "category": "syntax",
        "endLine": 2,
        "endColumn": 8,
    }
    nowhere = diagnostic_to_json(Diagnostic(code="IMG700", severity=Severity.NOTE, message="m", hint=""))
    assert [nowhere[key] for key in ("file", "line", "column", "endLine", "endColumn")] == [None] * 5
    assert nowhere["path"] == ""
