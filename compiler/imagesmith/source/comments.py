"""What a comment says that is addressed to us: ``imagesmith: ignore IMG123 reason``."""

from __future__ import annotations

import re

ADDRESSED = re.compile(r"(?://|/\*|#)[ \t]*imagesmith:[ \t]*(?P<words>[^\r\n]*)")
"""The beginning of such a comment in JSON or YAML and what follows on its line."""
