"""Secrets in clear: in scripts and in addresses. Names of variables and places to fill in are none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import File, ImageTemplate, PowerShell, Shell
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.os_type import all_steps

IN_CLEAR = Rule(
    code="IMG550",
    severity=Severity.WARNING,
    title="a secret stands in the template in clear",
    cause="Whoever reads the template, its history or the log of the build has the secret; in the service, everybody"
    " who may read the resource. It is also part of the image where a script leaves it there.",
    fix="take it from a key vault with the build machine's identity, or give it by a securestring parameter; and change"
    " the secret",
    example='{"type": "Shell", "inline": ["echo \'admin:S3cr3t-Pa55\' | sudo chpasswd"]}',
    corrected='{"type": "Shell", "inline": ["echo \\"admin:$PASSWORD\\" | sudo chpasswd"]}',
    source="demand.md §2 row 6",
)

_VALUE = r"""(?P<quote>['"]?)(?P<value>[^\s'"<>;,|&)]{6,200})(?P=quote)"""
_NAMES = "password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key"
_WORD = rf"(?P<name>[\w-]{{0,40}}(?:{_NAMES})[\w-]{{0,40}})"
_CALLED = ("pass", "pwd", "secret", "token", "key")
_PATTERNS: tuple[tuple[str, tuple[str, ...], Pattern], ...] = (
    ("a private key", ("private key",), Pattern(r"(?P<value>-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----)")),
    ("an access key of AWS", ("akia", "asia"), Pattern(r"\b(?P<value>(?:AKIA|ASIA)[0-9A-Z]{16})\b")),
    (
        "a token of GitHub",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        Pattern(r"\b(?P<value>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b"),
    ),
    ("a token of Slack", ("xox",), Pattern(r"\b(?P<value>xox[abprs]-[A-Za-z0-9-]{20,})")),
    (
        "a token",
        ("eyj",),
        Pattern(r"\b(?P<value>eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,})"),
    ),
    (
        "an access key",
        ("accountkey=", "sharedaccesskey="),
        Pattern(r"(?:AccountKey|SharedAccessKey)=(?P<value>[A-Za-z0-9+/]{40,}={0,2})", re.IGNORECASE),
    ),
    (
        "a client secret of Entra ID",
        ("8q~",),
        Pattern(r"(?<![\w~.-])(?P<value>[A-Za-z0-9_.-]{3}8Q~[A-Za-z0-9_.~-]{31,34})(?![\w~.-])"),
    ),
    (
        "the password of an address",
        ("://",),
        Pattern(r"\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"]+:(?P<value>[^\s/@'\"]{3,})@"),
    ),
    ("a signature", ("sig=",), Pattern(r"[?&]sig=(?P<value>[A-Za-z0-9%+/=_-]{20,})")),
    (
        "a password",
        ("convertto-securestring",),
        Pattern(
            r"ConvertTo-SecureString\s+(?:-String\s+)?(?P<quote>['\"])(?P<value>[^'\"\n]{3,200})(?P=quote)"
            r"[^\n;|]{0,200}-AsPlainText",
            re.IGNORECASE,
        ),
    ),
    (
        "a password",
        ("user",),
        Pattern(r"\bnet1?(?:\.exe)?\s+user\s+\S+\s+(?P<value>[^\s/*][^\s]{3,})\s+/add", re.IGNORECASE),
    ),
    (
        "a password",
        ("chpasswd",),
        Pattern(r"echo\s+['\"]?[\w.-]+:(?P<value>[^\s'\"|]{4,})['\"]?\s*\|\s*(?:sudo\s+)?chpasswd"),
    ),
    ("a secret", _CALLED, Pattern(rf"(?<![\w-])--?{_WORD}(?:\s+|=){_VALUE}", re.IGNORECASE)),
    ("a secret", _CALLED, Pattern(rf"(?<![\w-])\$?(?:env:)?{_WORD}\s*=\s*{_VALUE}", re.IGNORECASE)),
)
"""What a secret looks like; `value` is the secret itself. Of the texts in the middle one stands, in lower case, in all
that the pattern matches: looking for them is much faster."""
_PLACE = Pattern(
    r"[$%<{\[(*]|\.\.\.|x{4,}|\*{3,}|(?:your|my|the)[-_]|placeholder|change[-_]?me|example|dummy|redacted"
    r"|^(?:true|false|null|none|https?:.*|[/~.\\].*|[A-Za-z]:[\\/].*|@.*)$",
    re.IGNORECASE,
)
"""What stands for a secret without being one: variables, tokens, paths, addresses, words that say so."""
_ABOUT_A_SECRET = Pattern(
    r"public|(?:name|id|file|path|folder|uri|url|type|version|length|policy|expiry|days|count|age)s?$", re.IGNORECASE
)
"""Settings that are called after a secret without holding one: `PublicKeyToken`, `--secret-name`."""
_NAMED = Pattern(r"[A-Za-z]+(?:[-_][A-Za-z]+)*")
"""One or more plain words: rather the name of a secret than the secret."""


_LARGEST = 100_000  # characters of a text
_LONG_ENOUGH = 8  # characters


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in a text of the template."""

    path: Path
    kind: str
    value: str
    start: int


def find_secrets(template: ImageTemplate) -> Iterator[Secret]:
    """Every secret that stands in a script or an address."""
    texts = [(path, text, text.lower()) for path, text in _texts(template) if len(text) <= _LARGEST]
    whole = "\n".join(low for _, _, low in texts)  # asked once for what most templates have nowhere
    possible = [row for row in _PATTERNS if any(hint in whole for hint in row[1])]
    if not possible:
        return
    for path, text, low in texts:
        taken: list[range] = []
        for kind, hints, pattern in possible:
            if not any(hint in low for hint in hints):
                continue
            for match in pattern.finditer(text):
                start, end = match.span("value")
                if any(start in other for other in taken) or not _is_secret(kind, match):
                    continue
                taken.append(range(start, end))
                yield Secret(path, kind, match["value"], start)


def _texts(template: ImageTemplate) -> Iterator[tuple[Path, str]]:
    for step in all_steps(template):
        if isinstance(step, Shell | PowerShell):
            yield from (((*step.path, "inline", index), text) for index, text in enumerate(step.inline or ()))
            if step.script_uri:
                yield (*step.path, "scriptUri"), step.script_uri
        elif isinstance(step, File) and step.source_uri:
            yield (*step.path, "sourceUri"), step.source_uri


def _is_secret(kind: str, match: re.Match[str]) -> bool:
    value = match["value"]
    if kind not in ("a secret", "a password", "the password of an address"):
        return True
    if _PLACE.search(value):
        return False
    return kind != "a secret" or not (_ABOUT_A_SECRET.search(match["name"]) or _NAMED.fullmatch(value))


def _in_clear(template: ImageTemplate, context: RuleContext) -> Iterator[Secret]:
    """Secrets that the template's own text holds; one that a parameter or token brought in is not in clear."""
    return (secret for secret in find_secrets(template) if secret.value in context.written(secret.path))


def check_secrets(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Every secret in clear."""
    for secret in _in_clear(template, context):
        within = (secret.start, secret.start + len(secret.value))
        yield IN_CLEAR.at(secret.path, f"{secret.kind} stands in the template in clear", within=within)


def secrets_in_clear(template: ImageTemplate, context: RuleContext) -> tuple[str, ...]:
    """The secrets themselves, to be kept out of reports and logs; short words, which logs are full of, are left out."""
    return tuple({secret.value: None for secret in _in_clear(template, context) if len(secret.value) >= _LONG_ENOUGH})
