"""The command of a step that the build goes on after: it ends well whatever the script ends with, and says with what.

Packer has no option for this. Retries come first: Packer tries a provisioner again that has failed, so the command
counts its runs in a file on the machine, named by the step, and ends well only when Packer has no try left (the name of
the script does not tell: Packer 1.6.6 takes another one for every try). The script runs as it would without us. For sh
that is plain; a PowerShell script gets a process of its own: a `try` around it would let errors end it after which it
goes on otherwise (PowerShell documentation, about_Try_Catch_Finally). So it does not matter how it ends either: by
`exit`, by an error, or with its process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from imagesmith.lower.texts import slug

PASSED_OVER = "imagesmith: the step failed and is passed over; exit status"
"""What a step that the build goes on after says when it fails; the supervisor looks for it."""

_PATH = "{{ .Path }}"
_VARIABLES = "{{ .Vars }}"
_TRIES = "imagesmith-tries-%s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Passing:
    """What such a command does: so many times it fails before it ends well, counted in the file `tries` where that is
    not 0. For PowerShell, which script it runs, after which variables, and which exit codes are fine."""

    retries: int
    tries: str = ""
    script: str = ""
    variables: str = ""
    valid: frozenset[int] = frozenset((0,))


def passing_shell(command: str, step: str, *, retries: int) -> str:
    """The command for sh around the one that runs the script of a step, given by its id."""
    said = f"test $status -eq 0 || echo '{PASSED_OVER}' $status"
    if not retries:
        return f"{command}; status=$?; {said}"
    tries = "/tmp/" + _TRIES % slug(step)  # noqa: S108 - a folder of the machine that is built
    return (
        f"echo >> {tries}; {command}; status=$?; "
        f"test $status -eq 0 || test $(wc -l < {tries}) -gt {retries} || exit $status; rm -f {tries}; {said}"
    )


def read_passing_shell(command: str) -> Passing | None:
    """What a command of `passing_shell` does; None for any other command."""
    match = _SHELL_END.search(command)
    return Passing(retries=int(match["retries"] or 0), tries=match["tries"] or "") if match else None


def passing_powershell(step: str, valid_exit_codes: Iterable[int], *, retries: int) -> str:
    """The command for cmd.exe that runs the PowerShell script of a step, given by its id.

    Packer compares exit codes without a sign, so that to it none below zero is valid.
    """
    valid = ",".join(str(code) for code in sorted(valid_exit_codes) if code >= 0)
    return _powershell(_PATH, _VARIABLES, valid, retries, "c:/Windows/Temp/" + _TRIES % slug(step))


def read_passing_powershell(line: str) -> Passing | None:
    """What a command of `passing_powershell` does; None for any other command."""
    match = next((match for form in _POWERSHELL_FORMS if (match := form.fullmatch(line))), None)
    if match is None:
        return None
    return Passing(
        script=match["script"],
        variables=match["variables"],
        valid=frozenset(map(int, filter(None, match["valid"].split(",")))),
        retries=int(match.groupdict().get("retries") or 0),
        tries=match.groupdict().get("tries") or "",
    )


def _powershell(script: str, variables: str, valid: str, retries: int | str, tries: str) -> str:
    """The inner block is Packer's own command for a script (packer.md §6.2). There is no double quote in the outer one,
    which stands between two of them for cmd.exe and for PowerShell."""
    count, again, forget = "", "", ""
    if retries:
        count = f"$tries = '{tries}'; Add-Content $tries 1; "
        again = f"if (@(Get-Content $tries).Count -le {retries}) {{ exit $status }}; "
        forget = "Remove-Item $tries; "
    return (
        f'powershell -executionpolicy bypass "& {{ {count}$run = {{ if (Test-Path variable:global:ProgressPreference)'
        "{set-variable -name variable:global:ProgressPreference -value 'SilentlyContinue'};"
        f". {variables}; &'{script}'; exit $LastExitCode }}; "
        "powershell -executionpolicy bypass -command $run.ToString(); $status = $LastExitCode; "
        f"if (@({valid}) -contains $status) {{ {forget}exit $status }}; {again}{forget}"
        f"Write-Output ('{PASSED_OVER} ' + $status); exit 0 }}\""
    )


def _form(retries: str) -> re.Pattern[str]:
    """The command with groups where its parts stand; the marks between them are in no command."""
    path = "[^\"';|&<>{}\\r\\n]+"
    groups = {
        "<1>": f"(?P<script>{path})",
        "<2>": f"(?P<variables>{path})",
        "<3>": "(?P<valid>[0-9,]*)",
        "<4>": "(?P<retries>[0-9]+)",
        "<5>": f"(?P<tries>{path})",
    }
    text = re.escape(_powershell("<1>", "<2>", "<3>", retries, "<5>"))
    for mark, group in groups.items():
        text = text.replace(mark, group)
    return re.compile(text, re.IGNORECASE)


_POWERSHELL_FORMS = (_form(""), _form("<4>"))
_SHELL_END = re.compile(
    r"; status=\$\?; (?:test \$status -eq 0 \|\| test \$\(wc -l < (?P<tries>\S+)\) -gt (?P<retries>[0-9]+)"
    r" \|\| exit \$status; rm -f \S+; )?"
    rf"test \$status -eq 0 \|\| echo '{re.escape(PASSED_OVER)}' \$status\Z"
)
