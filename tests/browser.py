"""A page in headless Chromium, as a reader would see it: cut off from any network, with what it complained about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

_FLAGS = (
    "--no-sandbox",  # as root, as in containers of CI, its own does not start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(kw_only=True, slots=True)
class Reader:
    """A page that is open. `requests` are addresses that it wanted besides itself, each with why it did not get there;
    `complaints` its errors and what its Content-Security-Policy refused."""

    page: Page
    requests: dict[str, str | None] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


class Chromium:
    """A browser that is started once for many pages; each is opened as if in one of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextmanager
    def opened(
        self, file: Path, *, dark: bool = False, width: int = 1200, scripts: bool = True, height: int = 900
    ) -> Iterator[Reader]:
        """Open a file."""
        context = self._browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
            offline=True,
            java_script_enabled=scripts,
        )
        page = context.new_page()
        reader = Reader(page=page)
        page.on("request", lambda request: reader.requests.update({request.url: None}))
        page.on("requestfailed", lambda request: reader.requests.update({request.url: request.failure}))
        page.on("console", lambda message: reader.complaints.append(message.text))
        page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        page.goto(file.as_uri())
        del reader.requests[file.as_uri()]
        yield reader
        context.close()


@contextmanager
def chromium_at_hand() -> Iterator[Chromium]:
    """Start the system's Chromium. A machine without one fails the test."""
    program = shutil.which("chromium")
    assert program, "no chromium: `make setup` installs it, as root on Debian"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield Chromium(browser)
        browser.close()
