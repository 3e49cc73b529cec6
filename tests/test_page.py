"""The page of a run in a real browser: whole, harmless, readable in any colour and width, by keyboard, and if long."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from playwright.sync_api import expect

from imagesmith.events import Output, StepFinished, StepStarted
from imagesmith.journal import Journal, open_state, read_story
from imagesmith.report.page import run_page
from imagesmith.report.page.logs import LINE_LIMIT
from imagesmith.report.page.parts import TemplateCopy, failures
from tests.browser import Chromium, Reader, chromium_at_hand
from tests.records import CANCELLED, HOSTILE, RESULT, RUN, TEMPLATE, at, changed, failing_run, troubled_run, write_run

CONTRAST = """
() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) { return colour; }
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || ["SCRIPT", "STYLE"].includes(element.tagName)) { continue; }
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) { poor.add(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`); }
  }
  return [...poor];
}
"""
"""Text whose contrast with what is behind it is below 4.5 to 1 (WCAG 2.2, success criterion 1.4.3)."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests."""
    with chromium_at_hand() as found:
        yield found


def page_of(folder: Path) -> Path:
    """The page of the failing run, in a file."""
    path = write_run(open_state(folder / "state"), failing_run())
    file = folder / "page.html"
    file.write_text(run_page(read_story(path), now=at(90)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an ordinary run that failed."""
    return page_of(tmp_path_factory.mktemp("plain"))


def texts(reader: Reader, selector: str) -> list[str]:
    """The texts of elements, blanks made one."""
    return [" ".join(text.split()) for text in reader.page.locator(selector).all_inner_texts()]


def test_the_page_shows_the_whole_run_and_asks_for_nothing(chromium: Chromium, plain: Path) -> None:
    with chromium.opened(plain) as reader:
        assert reader.page.title() == f"Failed: web ({RUN})"
        assert texts(reader, "header p") == [f"Failed run {RUN}", RESULT.message]
        assert texts(reader, ".timeline li") == [
            "preflight 4.0 s done",
            "build 1 min 11 s failed",
            "[1] install web.json:12 10.0 s ok",
            "[2] harden web.json:17 30.0 s FAILED",
        ]
        facts = dict(zip(texts(reader, "dt"), texts(reader, "dd"), strict=True))
        assert (facts["took"], facts["exit code"], facts["engine"]) == ("1 min 15 s", "5", "podman 4.3.1")
        assert facts["Packer"] == f"1.6.6 (sha256 {'cd' * 32})"
        body = reader.page.inner_text("main")
        for words in (
            "images/web",
            "the machine's disk pkros1",
            "a disk stays",
            "warning[IMG410] web.json:6:3 not used",
        ):
            assert words in body, words
        assert texts(reader, "pre .here") == ['17 | {"line": 17}', '6 | {"line": 6}']
        assert texts(reader, "details[open] .log div") == ["E: no such package"]
        assert texts(reader, "summary") == [
            "build: Packer and Azure 2 lines",
            "customize[0]: install ok 2 lines",
            "customize[1]: harden FAILED 1 line",
        ]
        assert (reader.requests, reader.complaints) == ({}, [])


def test_bars_lie_where_the_times_say(chromium: Chromium, plain: Path) -> None:
    with chromium.opened(plain) as reader:
        bars = reader.page.locator(".timeline rect:not(.track)")
        found = [(bars.nth(n).get_attribute("x"), bars.nth(n).get_attribute("width")) for n in range(bars.count())]
    assert found == [("0.0", "53.3"), ("53.3", "946.7"), ("266.7", "133.3"), ("400.0", "400.0")]


def test_what_a_run_did_not_plan_is_in_the_timeline(chromium: Chromium, tmp_path: Path) -> None:
    """Tries apart, with the wait between them; silence and requests to stop where they were, all of it readable."""
    path = write_run(open_state(tmp_path / "state"), troubled_run(), result=CANCELLED)
    file = tmp_path / "page.html"
    file.write_text(run_page(read_story(path), now=at(90)), encoding="utf-8")
    with chromium.opened(file, dark=True) as reader:
        assert texts(reader, ".timeline li") == [
            "build 1 min 11 s cancelled",
            "try 1 of 3 no machine is free 5.0 s failed",
            "try 2 of 3 56.0 s cancelled",
            "[1] install web.json:12 41.0 s cancelled",
            "nothing was heard for 30.0 s; the limit is 1 min 00 s 12:00:51",
            "asked to stop (Ctrl-C); that took 11.0 s 12:01:00",
            "asked to stop again (SIGTERM or SIGHUP) 12:01:05",
            "Packer was ended at once (answered yes) 12:01:10",
        ]
        bars = reader.page.locator(".timeline rect:not(.track)")
        second = (bars.nth(2).get_attribute("x"), bars.nth(2).get_attribute("width"))
        assert second == ("211.3", "788.7"), "15 s after the begin, to the end"
        reader.page.click("#all")
        assert reader.page.locator(".log .w").first.get_attribute("data-t") == "12:00:05"
        assert reader.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read_in_both_colours(chromium: Chromium, plain: Path, dark: bool) -> None:
    with chromium.opened(plain, dark=dark) as reader:
        reader.page.click("#all")
        reader.page.fill("#search", "no such")
        reader.page.wait_for_selector(".hit")
        assert reader.page.evaluate(CONTRAST) == []
        back = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert back == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("width", [320, 768])
def test_a_narrow_window_needs_no_sideways_scrolling(chromium: Chromium, plain: Path, width: int) -> None:
    """Reflow at 320 pixels (WCAG 2.2, success criterion 1.4.10)."""
    with chromium.opened(plain, width=width) as reader:
        reader.page.click("#all")
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_search_finds_lines_and_tells_how_many(chromium: Chromium, plain: Path) -> None:
    with chromium.opened(plain) as reader:
        page = reader.page
        page.keyboard.press("/")
        page.keyboard.type("RESOURCE group")
        expect(page.locator("#found")).to_have_text("2 lines in 1 part")
        assert texts(reader, ".log .hit") == ["Creating resource group ...", "Deleting resource group ..."]
        assert page.locator("details[data-log]:visible").count() == 1
        page.keyboard.press("Enter")
        assert page.inner_text("#found") == "line 1 of 2"
        page.uncheck("#only")
        expect(page.locator("details[data-log]:visible")).to_have_count(3)
        page.focus("#search")
        page.keyboard.press("Escape")
        assert page.locator(".hit").count() == 0
        assert page.locator("details[open]").count() == 1
        page.fill("#search", "nowhere to be found")
        expect(page.locator("#found")).to_have_text("nothing found")


def test_everything_can_be_reached_by_keyboard(chromium: Chromium, plain: Path) -> None:
    """From the link to the log over the search and its buttons to each log, which opens by a key."""
    with chromium.opened(plain) as reader:
        page = reader.page
        reached = []
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert reached[:6] == ["A", "search", "only", "next", "all", "SUMMARY"]
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details").first.get_attribute("open") is not None
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_without_scripts_the_page_is_whole(chromium: Chromium, plain: Path) -> None:
    """A reader may refuse them; then there is no search to be seen, and logs open all the same."""
    with chromium.opened(plain, scripts=False) as reader:
        assert not reader.page.is_visible("#controls")
        reader.page.locator("summary").first.click()
        reader.page.locator("details >> nth=0").get_by_text("Creating resource group").wait_for()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run in which everything that others write is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    first, *rest = failing_run(text=HOSTILE)
    events = [
        replace(event, title=HOSTILE, file=HOSTILE) if isinstance(event, StepStarted) else event for event in rest
    ]
    output = replace(RESULT.outputs[0], name=HOSTILE, artifact_id=HOSTILE, provisioning_state=HOSTILE)
    result = replace(RESULT, message=HOSTILE, leftovers=(HOSTILE,), outputs=(output,))
    finding = {"code": HOSTILE, "severity": HOSTILE, "message": HOSTILE, "hint": HOSTILE, "file": HOSTILE, "line": 1}
    details = changed(
        template={"file": HOSTILE, "sha256": HOSTILE},
        worldFacts={HOSTILE: HOSTILE},
        packer={"version": HOSTILE, "plugins": {HOSTILE: {"version": HOSTILE}}},
        diagnostics=[finding],
    )
    state = open_state(folder / "state")
    path = write_run(state, [first, *events], result=result, details=details, template=f"{HOSTILE}\n{TEMPLATE}")
    file = folder / "page.html"
    file.write_text(run_page(read_story(path), now=at(90)), encoding="utf-8")
    return file


def test_what_others_write_stays_text(chromium: Chromium, hostile: Path) -> None:
    """No element and no script of theirs, no control character, no complaint of the policy: nothing even tried."""
    with chromium.opened(hostile) as reader:
        reader.page.click("#all")
        assert reader.page.title() == f"Failed: web ({RUN})"
        assert reader.page.locator("img").count() == 0
        assert reader.page.locator("script").count() == 1
        assert (reader.requests, reader.complaints) == ({}, [])
        shown = reader.page.inner_text("body")
    text = hostile.read_text(encoding="utf-8")
    assert shown.count("<img src=x") >= 20
    assert "\\x1b[31mred\\x07" in shown
    assert not set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text))
    assert text.count(html.escape("<img src=x", quote=False)) >= 20


def test_a_script_that_got_in_would_not_run(chromium: Chromium, hostile: Path, tmp_path: Path) -> None:
    """The second wall: the policy refuses whatever is not the page's own."""
    file = tmp_path / "broken.html"
    text = hostile.read_text(encoding="utf-8")
    attack = "<script>document.title='taken'</script><img src=https://example.net/x onerror=\"document.title='taken'\">"
    file.write_text(text.replace("<header>", f"<header>{attack}", 1), encoding="utf-8")
    with chromium.opened(file) as reader:
        assert reader.page.title() == f"Failed: web ({RUN})"
        assert reader.requests == {"https://example.net/x": "csp"}
        assert any("Content Security Policy" in complaint for complaint in reader.complaints)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a step that printed a hundred thousand lines, one of them very long."""
    folder = tmp_path_factory.mktemp("long")
    with Journal(open_state(folder / "state").runs / RUN, redact=str) as journal:
        for event in failing_run()[:10]:
            journal.append(event)
        for number in range(100_000):
            journal.append(Output(time=at(31), text=f"line {number}", step="customize[1]"))
        journal.append(Output(time=at(32), text="x" * 500_000, step="customize[1]"))
    file = folder / "page.html"
    file.write_text(run_page(read_story(journal.path), now=at(90)), encoding="utf-8")
    return file


def test_a_long_log_is_cut_in_the_middle_and_says_so(chromium: Chromium, long: Path) -> None:
    assert long.stat().st_size < 3_000_000
    with chromium.opened(long) as reader:
        page = reader.page
        page.click("#all")
        shown = page.locator("details").last.locator(".log div").all_text_contents()
        assert len(shown) <= LINE_LIMIT
        assert (shown[0], shown[-2]) == ("line 0", "line 99999")
        (cut,) = texts(reader, ".cut")
        missing = 100_001 - (len(shown) - 1)
        assert cut == f"{missing:,} lines are left out here; `imagesmith runs logs` prints them all"
        assert shown[-1].endswith("... (498,000 characters more)")
        page.fill("#search", "line 9999")
        # of the lines that are shown: 99990 to 99999
        expect(page.locator("#found")).to_have_text("10 lines in 1 part")


def sources() -> Iterator[tuple[str, str]]:
    """The templates of the page."""
    for entry in files("imagesmith.templates").joinpath("page").iterdir():
        if entry.name.endswith(".j2"):
            yield entry.name, entry.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "text"), list(sources()))
def test_a_template_of_the_page_has_no_way_around_escaping(name: str, text: str) -> None:
    """No filter at all, so no `safe`; style and script are the only text that stands as it is, and take no value."""
    tree = Environment(autoescape=True).parse(text)
    assert not list(tree.find_all((nodes.Filter, nodes.FilterBlock, nodes.ScopedEvalContextModifier)))
    if not name.endswith(".html.j2"):
        assert not list(tree.find_all((nodes.Name, nodes.If, nodes.For)))


@pytest.mark.parametrize("cut", [3, 8, 11])
def test_a_run_that_did_not_end_has_a_page_too(chromium: Chromium, cut: int, tmp_path: Path) -> None:
    state = open_state(tmp_path / "state")
    path = write_run(state, failing_run()[:cut], result=None)
    file = tmp_path / "page.html"
    file.write_text(run_page(read_story(path), now=at(90)), encoding="utf-8")
    with chromium.opened(file) as reader:
        assert texts(reader, "header .state") == ["Interrupted"]
        assert (reader.requests, reader.complaints) == ({}, [])


def test_the_same_record_gives_the_same_page(tmp_path: Path) -> None:
    path = write_run(open_state(tmp_path / "state"), failing_run())
    story = read_story(path)
    assert run_page(story, now=at(90)) == run_page(story, now=at(90))


def test_a_step_of_which_packer_said_nothing_has_the_run_s_cause(tmp_path: Path) -> None:
    silent = [replace(event, message="") if isinstance(event, StepFinished) else event for event in failing_run()]
    story = read_story(write_run(open_state(tmp_path), silent))
    assert [shown["message"] for shown in failures(story, TemplateCopy(story))] == [RESULT.message]
