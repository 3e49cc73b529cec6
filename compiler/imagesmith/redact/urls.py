"""A URL to one that people may see: what opens it is taken out."""

from __future__ import annotations

import re
import urllib.parse

MARK = "<redacted>"
"""What stands in the place of a secret."""

_SIGNATURE = re.compile(r"((?:(?<![A-Za-z0-9])|(?<=u0026)|(?<=%3[Ff])|(?<=%26))sig(?:=|%3[Dd]))[A-Za-z0-9%+/=_.~-]+")


def without_signatures(text: str) -> str:
    """Text without the signatures of SAS tokens, which nobody has to name as secrets.

    They stand in the query of a URL as `sig` (Azure Storage, "Grant limited access with SAS").
    """
    return _SIGNATURE.sub(rf"\1{MARK}", text) if "sig" in text else text


def redact_url(url: str) -> str:
    """A URL for people: without user, password, query and fragment. Other text keeps what is before its ``?``."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    query = f"?{MARK}" if parts.query else ""
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) + query
