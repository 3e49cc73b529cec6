"""Text that looks like a secret to a mark, for what leaves the machine: nobody may know any more what was secret.

Better too much than too little: in a bundle for somebody else a word that is missing does no harm.
"""

from __future__ import annotations

import re

from imagesmith.redact import MARK

_WHOLE = re.compile(
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)?"  # JSON Web Token (RFC 7519)
    r"|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"  # client secret of an application in Entra ID
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}"  # tokens of GitHub
    r"|\bgithub_pat_[A-Za-z0-9_]{50,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
)
_AFTER = re.compile(
    r"""(?ix)
    ( \b(?: account | shared | access | shared_?access | api ) [_-]? key ["']? \s* [=:] \s* ["']?
    | \b\w*(?: password | passwd | secret | token | pwd ) ["']? \s* [=:] \s* ["']?
    | \bauthorization ["']? \s* : \s* (?: bearer | basic ) \s+
    | \bbearer \s+ (?=[A-Za-z0-9._~+/-]{16})
    | [a-z][a-z0-9+.-]*:// [^\s/@:]+ : (?=[^\s/@]+@)
    )
    ( [^\s"',;&@]+ )
    """
)
_KEY_LINE = re.compile(r"(?:[A-Za-z0-9+/]{64}|-----END [A-Z ]*PRIVATE KEY-----)")


def mask_suspects(text: str) -> str:
    """A line without what looks like a token, a key or a password."""
    if _KEY_LINE.fullmatch(text.strip()):
        return text.replace(text.strip(), MARK)
    return _AFTER.sub(lambda match: match[0] if MARK in match[2] else f"{match[1]}{MARK}", _WHOLE.sub(MARK, text))
