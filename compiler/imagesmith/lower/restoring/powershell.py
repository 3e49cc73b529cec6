"""A PowerShell script to a file that restores its secrets and runs it in the file's own scope.

The text stands in a literal here-string (about_Quoting_Rules, Here-strings), in which nothing has a meaning but the
`'@` at the start of a line; there a mark for nothing keeps the two apart. The block made of it is dot-sourced, so that
`exit`, `return`, `throw`, functions and variables do what they do in the plain script (about_Scopes, Using dot source
notation; [scriptblock]::Create).
"""

from __future__ import annotations

import re

from imagesmith.lower.restoring.marks import PREFIX, Hidden, Pieces, marked

_FRAME = """\
# {opening}...}} below stands for a secret, which this puts there, in memory, for PowerShell.
. ([ScriptBlock]::Create((& {{
  [regex]::Replace($args[0], '{pattern}', {{
    [regex]::Unescape([Environment]::GetEnvironmentVariable('{prefix}' + $args[0].Groups[1].Value))
  }})
  Remove-Item Env:{prefix}*
}} @'
{text}
'@)))
"""
_NOTHING = Hidden(PREFIX, "")
_END = re.compile("(?<=[\r\n])(?=['\u2018\u2019\u201a\u201b]@)|^(?=['\u2018\u2019\u201a\u201b]@)")
"""Where a here-string would end; PowerShell takes typographic quotes for the plain ones."""


def restoring_powershell(pieces: Pieces) -> str:
    """The file for a script, with line ends of Windows."""
    whole: list[str | Hidden] = []
    at_start = True
    for piece in pieces:
        if isinstance(piece, Hidden):
            whole.append(piece)
        else:
            whole += _apart(piece, at_start=at_start)
        at_start = False
    text, opening = marked(whole)
    pattern = re.escape(opening) + r"(\w*)\}"
    head, tail = _FRAME.replace("\n", "\r\n").split("{text}")
    values = {"opening": opening, "pattern": pattern, "prefix": PREFIX}
    return head.format(**values) + text + tail.format(**values)


def _apart(text: str, *, at_start: bool) -> list[str | Hidden]:
    """A stretch of text with a mark for nothing before each end of a here-string."""
    pieces: list[str | Hidden] = []
    start = 0
    for match in _END.finditer(text):
        if match.start() or at_start:
            pieces += [text[start : match.start()], _NOTHING]
            start = match.start()
    return [*pieces, text[start:]]
