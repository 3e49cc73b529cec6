"""What can be wrong with silencing a place of a template."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

_EXAMPLE = '"vmSize": "Standard_D4s_v5" // imagesmith: ignore IMG386 the group decides'

UNUSED_SILENCE = Rule(
    code="IMG151",
    severity=Severity.NOTE,
    title="there is nothing to silence here",
    cause="A comment or a `metadata` entry silences a diagnostic that does not come up in this place. It may have been "
    "mended, or the comment stands on the wrong line: it counts for its own line, or, on a line of its own, "
    "for the next one.",
    fix="take it away, or move it to the line of the diagnostic",
    example=f"{_EXAMPLE}   (without such a diagnostic)",
    corrected='"vmSize": "Standard_D4s_v5"',
    source="docs/settings.md",
)
ERROR_NOT_SILENCED = Rule(
    code="IMG152",
    severity=Severity.NOTE,
    title="an error cannot be silenced",
    cause="Only warnings and notes can be silenced, ignored or given another severity. With an error there is nothing "
    "that could be built, so it stays, and the command fails.",
    fix="mend the error, and take the silencing away",
    example='"replicationRegions": [] // imagesmith: ignore IMG220',
    corrected='"replicationRegions": ["westeurope"]',
    source="docs/settings.md",
)
BAD_SILENCE = Rule(
    code="IMG153",
    severity=Severity.WARNING,
    title="this does not silence anything",
    cause="A comment that begins with `imagesmith:` goes on with `ignore` or `ignore-file`, then codes, beginnings of "
    "codes or categories separated by commas, then a reason. A `metadata` entry has a list `ignore` of such "
    "texts, or of objects with `code`, `path` and `reason`.",
    fix="write // imagesmith: ignore IMG123 reason",
    example="// imagesmith: disable IMG500",
    corrected="// imagesmith: ignore IMG500 the mirror is our own",
    source="docs/settings.md",
)
