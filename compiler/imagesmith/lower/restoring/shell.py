"""A script for a Linux machine to a file for `sh` that restores its secrets and runs it in its own interpreter.

What runs first is POSIX shell, and only what dash, bash and busybox have built in: a program would show its arguments
to everybody. The restored text goes through a pipe, as ``/dev/fd/9``; the interpreter, which the first line names as it
does for the kernel (execve(2), Interpreter scripts), takes the place of a shell, so that standard input, the exit
status, the file mode mask and the numbers of lines are those of the plain script.
"""

from __future__ import annotations

import re
import shlex

from imagesmith.lower.restoring.marks import Hidden, Pieces, marked

_FRAME = """\
#!/bin/sh
# {opening}...}} below stands for a secret, which this puts there, in memory, for the script's interpreter.
{demands}
{{
  {{
    LC_ALL=C opening='{opening}' end='}}'
    while IFS= read -r line && [ "$line" != exit ]; do :; done
    while IFS= read -r line; do
      while case $line in *"$opening"*) ;; *) false ;; esac; do
        before=${{line%%"$opening"*}}
        line=${{line#"$before$opening"}}
        printf %s "$before"
        eval "printf %b \\"\\$IMAGESMITH_SECRET_${{line%%"$end"*}}\\""
        line=${{line#*"$end"}}
      done
      printf '%s\\n' "$line"
    done
  }} <"$0" 2>/dev/null 8<&- | {{
    unset {names}
    exec {interpreter} /dev/fd/9 9<&0 0<&8 8<&-
  }}
}} 8<&0
exit
"""
_SHEBANG = re.compile(r"#![ \t]*([^ \t\n]+)[ \t]*([^\r\n]*)")
_SHELL = re.compile(r"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-S[ \t]*)?(?:\S*/)?)?(?:sh|bash|dash|ash|ksh)(?=[ \t\r\n])")


def restoring_shell(pieces: Pieces) -> str:
    """The file for a script. Its first line, a `#!`, holds no secret; it ends in a line feed and holds no NUL."""
    text, opening = marked(pieces)
    names = sorted({piece.name for piece in pieces if isinstance(piece, Hidden)})
    head = _FRAME.format(
        opening=opening,
        demands="\n".join(f': "${{{name}?is not in the environment}}"' for name in names),
        names=" ".join(names),
        interpreter=shlex.join(_command(text)),
    )
    # A shell has read its first line from a copy of the pipe; its children shall not inherit the other one.
    return head + ("exec 9<&- " if _SHELL.match(text) else "") + text


def _command(text: str) -> list[str]:
    match = _SHEBANG.match(text)
    return [word for word in (match[1], match[2].rstrip(" \t")) if word] if match else ["/bin/sh"]
