"""Shared access signatures of Azure Storage in addresses: how long they hold, and how they travel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import File, ImageTemplate, PowerShell, Shell
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.os_type import all_steps

_EXAMPLE = "https://contoso.blob.core.windows.net/files/setup.sh?sv=2024-11-04&sp=r&sig=…"
SIGNATURE_EXPIRED = Rule(
    code="IMG551",
    severity=Severity.WARNING,
    title="the shared access signature has expired",
    cause="Storage refuses the address with 403 from that moment on, so the build cannot fetch the file.",
    fix="make a new one, or let the login read the container: leave the signature away",
    example=f'{{"type": "Shell", "scriptUri": "{_EXAMPLE}&se=2024-01-01T00:00:00Z"}}',
    corrected=f'{{"type": "Shell", "scriptUri": "{_EXAMPLE}&se=2030-01-01T00:00:00Z"}}',
    source="Azure Storage, create a service SAS: signedExpiry",
)
SIGNATURE_WITHOUT_END = Rule(
    code="IMG552",
    severity=Severity.WARNING,
    title="the shared access signature has no expiry",
    cause="A signature says how long it holds by 'se', or names a stored access policy by 'si' that does. Without"
    " either, storage refuses it.",
    fix="copy the whole address, with all its parameters",
    example=f'{{"type": "Shell", "scriptUri": "{_EXAMPLE}"}}',
    corrected=f'{{"type": "Shell", "scriptUri": "{_EXAMPLE}&se=2030-01-01T00:00:00Z"}}',
    source="Azure Storage, create a service SAS: signedExpiry, signedIdentifier",
)
SIGNATURE_IN_HTTP = Rule(
    code="IMG553",
    severity=Severity.WARNING,
    title="the shared access signature travels unencrypted",
    cause="Everybody on the way can read the address, and with it what it opens. Storage accounts refuse http unless"
    " told otherwise.",
    fix="write https",
    example='{"type": "Shell", "inline": ["curl -fO \'http://contoso.blob.core.windows.net/f/a.sh?se=2030-01-01&sig=…\'"]}',
    corrected='{"type": "Shell", "inline": ["curl -fO \'https://contoso.blob.core.windows.net/f/a.sh?se=2030-01-01&sig=…\'"]}',
    source="Azure Storage, require secure transfer",
)

_ADDRESS = Pattern(
    r"(?P<scheme>https?)://[\w.-]{1,300}/[^\s'\"<>|?]{0,1000}\?(?P<query>[^\s'\"<>|]*\bsig=[^\s'\"<>|&]+[^\s'\"<>|]*)"
)
_LARGEST = 100_000  # characters of a text
_END = Pattern(r"(?:^|&|amp;)se=(?P<text>[^&]*)")
_STORED = Pattern(r"(?:^|&|amp;)si=")


def check_signatures(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Every signed address."""
    for path, text in _texts(template):
        if "sig=" not in text or len(text) > _LARGEST:
            continue
        for match in _ADDRESS.finditer(text):
            yield from _address(match, path, context.now)


def _texts(template: ImageTemplate) -> Iterator[tuple[Path, str]]:
    for step in all_steps(template):
        match step:
            case Shell() | PowerShell():
                yield from (((*step.path, "inline", index), text) for index, text in enumerate(step.inline or ()))
                yield (*step.path, "scriptUri"), step.script_uri or ""
            case File():
                yield (*step.path, "sourceUri"), step.source_uri or ""
            case _:
                pass


def _address(match: re.Match[str], path: Path, now: datetime | None) -> Iterator[Diagnostic]:
    start = match.start("query")
    end = _END.search(match["query"])
    if match["scheme"] == "http":
        yield SIGNATURE_IN_HTTP.at(path, within=match.span("scheme"))
    if end is None:
        if not _STORED.search(match["query"]):
            yield SIGNATURE_WITHOUT_END.at(path, within=match.span("query"))
        return
    moment = _moment(end["text"])
    if moment is not None and now is not None and moment < now:
        within = (start + end.start("text"), start + end.end("text"))
        yield SIGNATURE_EXPIRED.at(path, f"the signature has expired on {moment:%Y-%m-%d}", within=within)


def _moment(text: str) -> datetime | None:
    """A time as signatures have it, ISO 8601 in UTC with its colons perhaps escaped; None for other texts."""
    try:
        moment = datetime.fromisoformat(text.replace("%3A", ":").replace("%3a", ":"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
