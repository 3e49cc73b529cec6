"""Secure parameters that cannot be kept secret: too short, or standing where everybody sees them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity, dotted
from imagesmith.redact import redact_url, too_short
from imagesmith.source import Object, Value

SHORT_PARAMETER = Rule(
    code="IMG875",
    severity=Severity.ERROR,
    title="the value of a secure parameter is too short to be kept secret",
    cause="A few characters stand in many places of a log; masking every place would destroy the log and tell the"
    " secret by its holes. A member of a secure object may be short, since not each is a secret: that is a warning, and"
    " the member is masked only where it stands alone.",
    fix="use a longer value; or declare the parameter as `string`, if it is no secret",
    example="-p pin=1234   (a secureString)",
    corrected="-p pin=@pin.txt   (with six characters or more)",
    source="packer.md §4.8",
)
SECRET_IN_TEXT = Rule(
    code="IMG873",
    severity=Severity.WARNING,
    title="a secret is put where others read it",
    cause="The value of a secure parameter was put into a property that becomes an option of Packer or of the image."
    " The compiled files hold a variable in its place, but names, tags and ids are shown by Azure, and paths and"
    " commands by the machine.",
    fix="take the parameter out of this property; steps can get secrets as environment variables (--secret)",
    example='"artifactTags": {"owner": "[parameters(\'password\')]"}',
    corrected='"artifactTags": {"owner": "platform"}',
    source="docs/secrets.md",
)
ON_COMMAND_LINE = Rule(
    code="IMG877",
    severity=Severity.NOTE,
    title="a secret stands on the command line",
    cause="Every user of this computer can read the arguments of a program while it runs, and the shell keeps them in"
    " its history.",
    fix="give the value with -p NAME=@FILE, or in a parameters file",
    example="-p password=correct-horse",
    corrected="-p password=@password.txt",
    source="docs/secrets.md",
)
_ADDRESSES = frozenset({"scriptUri", "sourceUri", "uri"})
"""Properties whose queries are left out wherever they are shown."""


def judge_parameters(
    root: Value | None, hidden: Mapping[str, str], shown: Collection[str] = ()
) -> Iterator[Diagnostic]:
    """Say which secure parameters cannot be kept secret, and where their values stand besides in scripts; `shown` are
    the parameters whose values stand on a command line."""
    long = []
    for parameter in sorted(shown):
        if any(parameter.lower() == re.split(r"[.\[]", name)[0].lower() for name in hidden):
            message = f"the value of parameter '{parameter}' is a secret and stands on the command line"
            yield ON_COMMAND_LINE.at((), message, hint=f"give it with -p {parameter}=@FILE, or in a parameters file")
    for parameter, value in hidden.items():
        if reason := too_short(value):
            member = "." in parameter or "[" in parameter
            message = f"the value of parameter '{parameter}' is too short: {reason}"
            yield SHORT_PARAMETER.at((), message, severity=Severity.WARNING if member else None)
        else:
            long.append((parameter, value))
    for path, text in _texts(root, ()) if long and root else ():
        for parameter in (name for name, value in long if value in text):
            message = f"the value of parameter '{parameter}' stands in '{dotted(path)}', which others read"
            yield SECRET_IN_TEXT.at(path, message)


def _texts(value: Value, path: Path) -> Iterator[tuple[Path, str]]:
    """Texts of a template that go into files as they are: not scripts, titles, and the queries of addresses."""
    data = value.data
    if isinstance(data, str):
        name = path[-1] if path else ""
        if name != "name":
            yield path, redact_url(data) if name in _ADDRESSES else data
    elif isinstance(data, tuple):
        for index, item in enumerate(data):
            yield from _texts(item, (*path, index))
    elif isinstance(data, Object):
        for member in data:
            if member.key != "inline":
                yield from _texts(member.value, (*path, member.key))
