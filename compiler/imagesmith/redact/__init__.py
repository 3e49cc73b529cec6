"""Text to the same text without secrets, whatever encoding a program on the way has given them.

Packer's own filter has holes (packer.md §4.8): machine-readable output before 1.15.1 is not filtered, and derived
values (base64 of a secret) never are. So everything that leaves a run goes through a `Redactor`; lines of a log through
its `line_redactor`, which also finds a secret that was broken over two of them.
"""

from imagesmith.redact.forms import encodings
from imagesmith.redact.redactor import LineRedactor, Redactor, too_short
from imagesmith.redact.urls import MARK, redact_url, without_signatures

__all__ = ["MARK", "LineRedactor", "Redactor", "encodings", "redact_url", "too_short", "without_signatures"]
