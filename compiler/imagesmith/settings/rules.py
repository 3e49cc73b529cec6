"""What can be wrong with a settings file."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

_SOURCE = "docs/settings.md"

UNREADABLE_SETTINGS = Rule(
    code="IMG154",
    severity=Severity.ERROR,
    title="the settings file cannot be read",
    cause="It is not TOML in UTF-8, or the system does not let this user read it. Going on without it would check and "
    "build by other rules than the ones that you wrote down.",
    fix="mend the file, or go on without any with --no-config",
    example="fail-on = warning",
    corrected='fail-on = "warning"',
    source=_SOURCE,
)
UNKNOWN_SETTING = Rule(
    code="IMG155",
    severity=Severity.WARNING,
    title="the settings file has a key that means nothing",
    cause="The key is misspelt, or is one of another version of imagesmith. It has no effect.",
    fix="take it away; docs/settings.md lists all keys",
    example='failon = "warning"',
    corrected='fail-on = "warning"',
    source=_SOURCE,
)
WRONG_SETTING = Rule(
    code="IMG156",
    severity=Severity.ERROR,
    title="the value of a setting is none that it can have",
    cause="Every key of a settings file has a kind of value, the same as the option of its name.",
    fix="write a value of the right kind; docs/settings.md shows one for each key",
    example='ignore = "IMG410"',
    corrected='ignore = ["IMG410"]',
    source=_SOURCE,
)
FORBIDDEN_SETTING = Rule(
    code="IMG157",
    severity=Severity.ERROR,
    title="a settings file may not decide this",
    cause="Settings files come along with templates, from repositories and archives. What runs, who is trusted and "
    "where records go is therefore said by the command line or the environment alone.",
    fix="give it as an option of the command",
    example='packer = "./packer"',
    corrected="imagesmith build image.json --packer ./packer",
    source="architecture §5",
)
