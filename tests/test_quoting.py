"""A script that reads its secret from the environment does what it did before, or is left as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imagesmith.lower.quoting import powershell_with_references, shell_with_references

NAME = "IMAGESMITH_SECRET_PASSWORD"
VALUE = "hunter2-and-more"


def output(script: str, **variables: str) -> tuple[int, bytes]:
    """What a script prints and how it ends."""
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": os.environ["PATH"], **variables}, capture_output=True, check=False
    )
    return done.returncode, done.stdout


FRAMES = [
    "printf '%s\\n' 'a {} b'",
    'printf "%s\\n" "a {} b"',
    "printf '%s\\n' {} x{} {}y --password={}",
    "P={}; printf '%s\\n' \"$P\"",
    "P='{}'; printf '%s\\n' \"${{P}}\"",
    'printf \'%s\\n\' "$(printf %s \'{}\')" "$(printf %s "{}")"',
    "printf '%s\\n' \\'{}\\'",
    "# don't: {}\nprintf '%s\\n' '{}'",
    "printf '%s\\n' it\\'s '{}' \"it's {}\"",
    "sh -c \"printf '%s\\n' '{}'\"",
    "cat <<'END'\n{}\nEND",
    "cat <<END\n{}\nEND",
    "cat <<END\ntext\nEND\nprintf '%s\\n' '{}'",
    "printf '%s\\n' `printf %s '{}'`",
    "printf '%s\\n' \"${{X:-{}}}\"",
    "printf '%s\\n' $((1 + 1)) '{}'",
    "case {} in {}) printf yes;; *) printf no;; esac",
    "case \"a\" in '{}') printf yes;; *) printf no;; esac",
    "[ '{}' = \"{}\" ] && printf same",
    "if true; then printf '%s\\n' '{}'; fi; (printf '%s\\n' \"{}\")",
    "printf '%s\\n' a#{} #{}\n",
    "f() {{ printf '%s\\n' \"$1\"; }}; f '{}'",
    "printf '%s\\n' $'{}'",
    "printf '%s\\n' \"\\{}\" \\{}",
    "{}=1; printf '%s\\n' '{}'",
]
secrets = st.one_of(
    st.text("abcXYZ019_@%+:./-", min_size=6, max_size=12),
    st.text("ab1 $`\"'\\!*?[]{}()<>|&;#~=\n\té", min_size=6, max_size=12),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FRAMES), secrets)
@example(FRAMES[0], VALUE)
def test_a_rewritten_script_prints_what_it_printed(frame: str, secret: str) -> None:
    script = frame.format(*[secret] * frame.count("{}"))
    rewritten = shell_with_references(script, {NAME: secret})
    if rewritten is None:
        return
    assert secret not in rewritten
    folder = Path("/nonexistent")
    assert output(rewritten, **{NAME: secret, "HOME": str(folder)}) == output(script, HOME=str(folder))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"login --password={VALUE}", f'login --password="${{{NAME}}}"'),
        (f"login '{VALUE}'", f"login ''\"${{{NAME}}}\"''"),
        (f'login "a {VALUE}"', f'login "a ${{{NAME}}}"'),
        (f"login {VALUE} # {VALUE}", f'login "${{{NAME}}}" # ${{{NAME}}}'),
        (f"#!/bin/bash\nlogin {VALUE}", f'#!/bin/bash\nlogin "${{{NAME}}}"'),
        (f"#!/usr/bin/env bash\nlogin {VALUE}", f'#!/usr/bin/env bash\nlogin "${{{NAME}}}"'),
        (f'echo "$(login "{VALUE}")"', f'echo "$(login "${{{NAME}}}")"'),
        (f"a <<E\nE\nlogin {VALUE}", None),
        (f"#!/usr/bin/python3\nprint('{VALUE}')", None),
        (f"echo `login {VALUE}`", None),
        (f"echo ${VALUE}", None),
        (f"echo ${{X:-{VALUE}}}", None),
        (f"echo {VALUE} ${NAME}", None),
        ("echo nothing", "echo nothing"),
    ],
)
def test_where_a_secret_of_a_shell_script_may_stand(script: str, expected: str | None) -> None:
    assert shell_with_references(script, {NAME: VALUE}) == expected


def test_of_two_secrets_the_longer_one_is_found_first() -> None:
    script = "login 'abcdef' 'abcdefghi'"
    assert shell_with_references(script, {"A": "abcdef", "B": "abcdefghi"}) == "login ''\"${A}\"'' ''\"${B}\"''"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f'net user admin "{VALUE}"', f'net user admin "${{env:{NAME}}}"'),
        (f"$p = 'a {VALUE} b'", f'$p = "a ${{env:{NAME}}} b"'),
        (f"$p = 'it''s {VALUE}'", f'$p = "it\'s ${{env:{NAME}}}"'),
        (f'$x = "{VALUE}[0].y"', f'$x = "${{env:{NAME}}}[0].y"'),
        (f'Set-Content f @"\n{VALUE}\n"@', f'Set-Content f @"\n${{env:{NAME}}}\n"@'),
        (f"'#' + \"{VALUE}\"", f"'#' + \"${{env:{NAME}}}\""),
        (f'# it\'s\n"{VALUE}"', f'# it\'s\n"${{env:{NAME}}}"'),
        (f"net user admin {VALUE}", None),
        (f"$p = '$x {VALUE}'", None),
        (f"$h['{VALUE}']", None),
        (f"@'\n{VALUE}\n'@", None),
        (f'Invoke-Command -ScriptBlock {{ "{VALUE}" }}', None),
        (f'cmd --% /c "{VALUE}"', None),
        (f'"$(f "{VALUE}")"', None),
        (f'"${VALUE}"', None),
        (f"# {VALUE}", None),
        ("'nothing'", "'nothing'"),
    ],
)
def test_where_a_secret_of_a_powershell_script_may_stand(script: str, expected: str | None) -> None:
    assert powershell_with_references(script, {NAME: VALUE}) == expected


@pytest.mark.parametrize("secret", ["dollar$ign", 'quo"ted', "back`tick", "it's one", "cur\u201cly", "sin\u2019gle"])
def test_signs_of_powershell_are_not_taken_into_strings(secret: str) -> None:
    assert powershell_with_references(f'"{secret}"', {NAME: secret}) is None or secret in {"it's one", "sin\u2019gle"}
    assert powershell_with_references(f"'{secret}'", {NAME: secret}) is None or secret in {
        "dollar$ign",
        'quo"ted',
        "back`tick",
        "cur\u201cly",
    }
