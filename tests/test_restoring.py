"""A script whose secrets are put back on the machine does what the plain one does, and its file tells none.

The shells and interpreters are real; how the file is started is what Packer does: made executable, run by its path.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imagesmith.lower.restoring import PREFIX, Hidden, restoring_powershell, restoring_shell, variable_value
from imagesmith.lower.restoring.marks import marked

SHELLS = [[path] for name in ("dash", "bash") if (path := shutil.which(name))]
SHELLS += [[path, "sh"] for path in (shutil.which("busybox"),) if path]
"""What `/bin/sh` is on the machines of the field."""
INTERPRETERS = ["/bin/sh -e", "/bin/bash", "/usr/bin/env bash", "/usr/bin/env -S bash -e"]
NAME = f"{PREFIX}PASSWORD"
OTHER = f"{PREFIX}TOKEN"

Result = tuple[int, list[bytes], list[bytes]]


def run(
    argv: Sequence[str], *, stdin: bytes = b"given\n", variables: Mapping[str, str] = MappingProxyType({})
) -> Result:
    """Exit status, lines of output and of errors (jobs in the background have no order), without the file's name."""
    done = subprocess.run(
        argv,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **variables},
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=Path(argv[-1]).parent,
    )
    errors = done.stderr.replace(os.fsencode(argv[-1]), b"FILE").replace(b"/dev/fd/9", b"FILE")
    # As the shell that starts it on the machine has it.
    status = 128 - done.returncode if done.returncode < 0 else done.returncode
    return status, sorted(done.stdout.splitlines()), sorted(set(errors.splitlines()) - {b"Terminated"})


def both(folder: Path, pieces: Sequence[str | Hidden], shell: Sequence[str] = (), stdin: bytes = b"given\n") -> Result:
    """Run the plain script and the one with marks, which has to do the same; what they do."""
    plain, other = folder / "plain", folder / "marked"
    text = "".join(piece.text if isinstance(piece, Hidden) else piece for piece in pieces)
    plain.write_text(text, encoding="utf-8", newline="")
    other.write_text(restoring_shell(pieces), encoding="utf-8", newline="")
    hidden = [piece for piece in pieces if isinstance(piece, Hidden)]
    for piece in hidden:
        assert piece.text not in other.read_text(encoding="utf-8")
    values = {piece.name: variable_value(piece.text, windows=False) for piece in hidden}
    for path in (plain, other):
        path.chmod(0o700)
    expected = run([str(plain)], stdin=stdin)
    assert run([*shell, str(other)], stdin=stdin, variables=values) == expected
    return expected


FRAMES = [
    "printf '%s\\n' 'a {} b' {}",
    'printf "%s\\n" "a {} b"; cat',
    "P={}; printf '%s\\n' \"$P\"; exit 7",
    "printf '%s\\n' \"$(printf %s '{}')\" `printf %s '{}'`",
    "# don't: {}\nfalse\nprintf '%s\\n' '{}'",
    "cat <<'END'\n{}\nEND\nread x; echo \"$x\"",
    "cat <<END\n{} $((1 + {}))\nEND",
    "printf '%s\\n' \"${{X:-{}}}\" $'{}'",
    "case {} in {}) printf yes;; *) printf no;; esac",
    "f() {{ printf '%s\\n' \"$1\"; }}; f '{}'; (echo {}; exit 3) || echo $?",
    "{}=1; printf '%s\\n' '{}' | {{ cat; umask; pwd; }}",
    "trap 'echo bye' EXIT; kill -TERM $$; echo {}",
    "set -u; echo $LINENO; echo $UNSET_{}\necho {}",
    "env | grep -c IMAGESMITH_ || ls /proc/self/fd | wc -l; echo '{}'",
    "(sleep 0; echo {}) & wait; exec sh -c 'echo {}; cat'",
    "{}{}{}",
]
secrets = st.one_of(
    st.text("abcXYZ019_@%+:./-", min_size=6, max_size=12),
    st.text("ab1 $`\"'\\!*?[]{}()<>|;#~=\n\t\ré€\u0301\x01\x81\x85", min_size=6, max_size=12),
    st.sampled_from(
        ["exit\nexit\n", f"${{{PREFIX}TOKEN}}", f"${{{PREFIX}PASSWORD}}", "\\0101\\c\\n%s%d", "trailing\n\n"]
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FRAMES), secrets, secrets, st.tuples(st.sampled_from(INTERPRETERS), st.sampled_from(SHELLS)))
@example(FRAMES[0], "hunter2-and-more", "x", (INTERPRETERS[0], SHELLS[0]))
def test_a_script_does_what_the_plain_one_does(
    tmp_path: Path, frame: str, one: str, two: str, run_by: tuple[str, list[str]]
) -> None:
    interpreter, shell = run_by
    if one in frame or two in frame:
        return
    texts = frame.replace("{{", "\1").replace("}}", "\2").split("{}")
    pieces: list[str | Hidden] = [f"#!{interpreter}\n"]
    for number, text in enumerate(texts):
        pieces += [Hidden(NAME, one) if number % 2 else Hidden(OTHER, two)] if number else []
        pieces.append(text.replace("\1", "{").replace("\2", "}"))
    pieces.append("\n")
    file = restoring_shell(pieces)
    if one in file or two in file:
        return  # as a word of ours
    both(tmp_path, pieces, shell)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_a_script_of_any_size_arrives_and_may_end_early(tmp_path: Path, shell: list[str], interpreter: str) -> None:
    """Beyond what a pipe holds, also when nobody reads it to the end."""
    lines = "".join(f"x={number} # and some more words on the line\n" for number in range(5_000))
    secret = Hidden(NAME, "hunter2-and-more")
    pieces: list[str | Hidden] = [
        f"#!{interpreter}\n",
        "echo '",
        secret,
        "'\n",
        lines,
        "echo $x ",
        secret,
        "\n",
        "exit 4\n",
    ]
    assert both(tmp_path, pieces, shell)[0] == 4
    pieces[3] = "'; (sleep 0.2; echo later) & exit 3\n"
    assert both(tmp_path, pieces, shell)[:2] == (3, [b"hunter2-and-more", b"later"])


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_long_line_is_restored(tmp_path: Path, shell: list[str]) -> None:
    secret = Hidden(NAME, "hunter2-and-more")
    pieces: list[str | Hidden] = ["#!/bin/sh -e\n", "echo ", "ab" * 20_000, secret, "cd" * 20_000, secret, "\n"]
    assert both(tmp_path, pieces, shell)[0] == 0


INTERPRETED: dict[str, tuple[int, Sequence[str | Hidden]]] = {
    "python": (
        9,
        [
            f"#!{sys.executable} -u\n",
            "import sys, os\nprint('",
            Hidden(NAME, "hunter2 and more"),
            "', sys.stdin.read(), '''",
            Hidden(OTHER, 'two\nlines "\\\\n'),
            "''', sorted(name for name in os.environ if 'SECRET' in name))\nsys.exit(9)\n",
        ],
    ),
    "perl": (8, ["#!/usr/bin/perl -w\n", "print <STDIN>, '", Hidden(NAME, "hunter2"), '\', "\\n"; exit 8;\n']),
    "awk": (6, ["#!/usr/bin/awk -f\n", '{ print $0, "', Hidden(NAME, "hunter2"), '"; exit 6 }\n']),
}


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("program", INTERPRETED)
def test_other_interpreters_read_the_restored_text(tmp_path: Path, shell: list[str], program: str) -> None:
    expected, pieces = INTERPRETED[program]
    status, output, errors = both(tmp_path, pieces, shell)
    assert (status, errors) == (expected, [])
    assert any(b"hunter2" in line for line in output)
    assert any(b"given" in line for line in output)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_without_its_secret_nothing_of_a_script_runs(tmp_path: Path, shell: list[str]) -> None:
    path = tmp_path / "script"
    path.write_text(restoring_shell(["#!/bin/sh -e\n", "echo begun\necho ", Hidden(NAME, "hunter2"), "\n"]))
    status, output, errors = run([*shell, str(path)])
    assert status != 0
    assert output == []
    assert NAME.encode() in b"".join(errors)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_an_interpreter_that_is_not_there_fails(tmp_path: Path, shell: list[str]) -> None:
    path = tmp_path / "script"
    path.write_text(restoring_shell(["#!/no/such/program -x y\n", "echo ", Hidden(NAME, "hunter2"), "\n"]))
    assert run([*shell, str(path)], variables={NAME: "hunter2"})[0] == 127


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_neither_arguments_nor_what_a_script_hands_on_hold_its_secret(tmp_path: Path, shell: list[str]) -> None:
    """The environment of its interpreter, and so of all that it starts, has the variable no more."""
    environment = "tr '\\0' '\\n' </proc/$$/environ | grep -c SECRET_\n"
    arguments = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c 'unter3-and-more$' || true\n"
    pieces: list[str | Hidden] = ["#!/bin/sh\n", environment, arguments, "V=", Hidden(NAME, "hunter3-and-more"), "\n"]
    path = tmp_path / "script"
    path.write_text(restoring_shell(pieces))
    assert run([*shell, str(path)], variables={NAME: "hunter3-and-more"})[1] == [b"0", b"0"]


@given(st.lists(st.one_of(st.text("ab${}_IMAGESMITH_SECRET", max_size=40), st.just(Hidden(NAME, "x"))), max_size=9))
@example([f"${{{PREFIX}PASSWORD}}", Hidden(NAME, "x")])
@example([f"${{_{PREFIX}", Hidden(NAME, "x"), f"${{{PREFIX}"])
def test_marks_stand_only_where_secrets_stood(pieces: list[str | Hidden]) -> None:
    text, opening = marked(pieces)
    plain = "".join(piece if isinstance(piece, str) else "\0" for piece in pieces)
    assert re.sub(re.escape(opening) + "[^}]*}", "\0", text) == plain


def read_powershell(file: str, values: dict[str, str]) -> str:
    """The text that a file's last lines make, read as PowerShell's tokenizer and .NET's Regex do.

    A literal here-string begins behind `@'` and a line end, and ends at the first line that begins with a single quote
    of any kind and `@`; the line end before that is no part of it.
    """
    head = "} @'\r\n"
    body = file[file.index(head) + len(head) :]
    end = re.compile("(?:^|\r\n|\r|\n)['\u2018\u2019\u201a\u201b]@").search(body)
    assert end is not None
    assert body[end.start() :] == "\r\n'@)))\r\n"
    found = re.search(r"\[regex\]::Replace\(\$args\[0\], '(.*)', \{", file)
    assert found is not None
    escape = re.compile(r"\\u([0-9a-f]{4})|\\(\\)")

    def value(match: re.Match[str]) -> str:
        text = values.get(PREFIX + match[1], "")
        return escape.sub(lambda one: chr(int(one[1], 16)) if one[1] else "\\", text)

    return re.sub(found[1], value, body[: end.start()])


AWKWARD = Hidden(NAME, "pass'@\r\n'@\\u0041\u0301")


@given(
    st.lists(
        st.one_of(
            st.text("ab'@\u2019\r\n\"$`#{}é", max_size=12),
            st.just(AWKWARD),
            st.just(Hidden(OTHER, f"'@{PREFIX}${{{PREFIX}PASSWORD}}")),
        ),
        min_size=1,
        max_size=8,
    )
)
@example(["'@\r\n'@", AWKWARD])
@example([AWKWARD, "'@\r\n"])
def test_a_powershell_script_is_restored_to_the_character(pieces: list[str | Hidden]) -> None:
    pieces = [*pieces, "\r\n"]
    hidden = [piece for piece in pieces if isinstance(piece, Hidden)]
    values = {piece.name: variable_value(piece.text, windows=True) for piece in hidden}
    plain = "".join(piece.text if isinstance(piece, Hidden) else piece for piece in pieces)
    assert read_powershell(restoring_powershell(pieces), values) == plain


def test_the_file_of_a_powershell_script() -> None:
    text = restoring_powershell(["net user admin ", Hidden(f"{PREFIX}PASSWORD", "hunter2-and-more"), "\r\n"])
    assert text.replace("\r\n", "\n") == (
        r"""# ${IMAGESMITH_SECRET_...} below stands for a secret, which this puts there, in memory, for PowerShell.
. ([ScriptBlock]::Create((& {
  [regex]::Replace($args[0], '\$\{IMAGESMITH_SECRET_(\w*)\}', {
    [regex]::Unescape([Environment]::GetEnvironmentVariable('IMAGESMITH_SECRET_' + $args[0].Groups[1].Value))
  })
  Remove-Item Env:IMAGESMITH_SECRET_*
} @'
net user admin ${IMAGESMITH_SECRET_PASSWORD}

'@)))
"""
    )
