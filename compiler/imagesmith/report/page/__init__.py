"""A run's story to one self-contained page for a browser.

The page asks for nothing from anywhere and runs no script but its own: a Content-Security-Policy names the digests of
its one style sheet and one script. Everything that a build said is text (Jinja's autoescape), control characters are
escapes.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from imagesmith.journal import Story
from imagesmith.journal.follow import follow_events
from imagesmith.report.page.logs import PageLog, page_logs
from imagesmith.report.page.marks import MARKS, SEVERITY_MARKS
from imagesmith.report.page.parts import TemplateCopy, diagnostics, facts, failures, heading
from imagesmith.report.page.timeline import rows
from imagesmith.report.text import escape_controls
from imagesmith.report.words import STEP_WORDS, state_word

__all__ = ["run_page"]


def run_page(story: Story, *, now: datetime) -> str:
    """The page as HTML text. `now` is where the bars of a run that goes on end."""
    template = TemplateCopy(story)
    logs = page_logs(follow_events(story.run.path, wait=False), parts=len(story.steps) + len(story.phases))
    page = {
        **heading(story),
        "facts": list(facts(story, now)),
        "rows": list(rows(story, now)),
        "failures": failures(story, template),
        "outputs": [
            {
                "name": output.name,
                "target": output.artifact_id or output.artifact_uri or "no address is known",
                "state": output.provisioning_state,
                "mark": "ok" if output.provisioning_state == "Succeeded" else "failed",
            }
            for output in story.run.outputs
        ],
        "leftovers": story.run.leftovers,
        "notices": [
            {"severity": notice.severity, "text": notice.text, "mark": SEVERITY_MARKS.get(notice.severity, "recorded")}
            for notice in story.notices
        ],
        "diagnostics": diagnostics(story, template),
        "logs": [_log(log, over=story.over) for log in logs],
        "version": version("imagesmith"),
    }
    style, script = _own("page/style.css.j2"), _own("page/script.js.j2")
    return (
        _environment()
        .get_template("page/run.html.j2")
        .render(page=page, style=style, script=script, style_hash=_digest(style), script_hash=_digest(script))
    )


def _log(log: PageLog, *, over: bool) -> dict[str, Any]:  # what the page's template shows
    failed = log.is_step and MARKS[log.state] == "failed"
    word = state_word(STEP_WORDS, log.state, over=over) if log.is_step else ""
    return {
        "name": log.name,
        "word": word,
        "mark": MARKS[log.state] if log.is_step else "faint",
        "count": f"{log.total:,} line{'' if log.total == 1 else 's'}",
        "open": failed,
        "lines": list(log.lines),
    }


@cache
def _environment() -> Environment:
    loader = PackageLoader("imagesmith.templates", "")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    """What is put into the page, before it is escaped: no control character of anybody's gets there."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return "\n".join(map(escape_controls, value.split("\n")))
    return value


@cache
def _own(name: str) -> Markup:
    """A style sheet or script of ours: no text of anybody else's gets into it, so it stands in the page as it is."""
    return Markup(_environment().get_template(name).render())  # noqa: S704


def _digest(text: str) -> str:
    """As a Content-Security-Policy names what it allows (CSP Level 3, §2.3.1 and §8.4)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
