"""A line for cmd.exe to what it means: one of Packer's own commands, or text of a user's, which is never guessed at.

The set is closed (winrm.md §4). A line is Packer's only if all of it has the form that a Packer gives it, in the
spelling of any version; the meaning holds just the parts that differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from imagesmith.lower.passing import Passing, read_passing_powershell
from imagesmith.sandbox.windows.meanings import (
    AbortShutdown,
    AppendChunk,
    Cleanup,
    EchoTo,
    Meaning,
    PassOver,
    RunBatch,
    RunScript,
    RunTask,
    Say,
    Shutdown,
    UserText,
    WindowsUpdate,
)
from imagesmith.sandbox.windows.snippets import TEMPORARY, UUID, decoded, understand_snippet

_LONGEST_LINE = 8191
"""What cmd.exe takes (Microsoft, "Command prompt line string limitation")."""
_DEFAULT_DELAY_S = 30
"""What shutdown.exe waits without `/t` (Microsoft, "shutdown")."""

_POWERSHELL = r"(?P<program>powershell|pwsh)(?:\.exe)?"
_OWN_FOLDER = r"c:[/\\]windows[/\\]temp[/\\]"
_WRAPPER = re.compile(rf"{_OWN_FOLDER}packer-elevated-shell-{UUID}\.ps1", re.IGNORECASE)
_CLEANUP = re.compile(rf"{_OWN_FOLDER}packer-cleanup-{UUID}\.ps1", re.IGNORECASE)
_SET = re.compile(r'set "([^"=\r\n]+)=([^"\r\n]*)" && ', re.IGNORECASE)
_OPTION = re.compile(
    r"\s+[/-](?:(?P<switch>[rfa])|t\s+(?P<seconds>[0-9]{1,9})|c\s+(?:\"[^\"]*\"|[^\s\"]+)|d\s+[pu:]*[0-9]+:[0-9]+)"
    r"(?=\s|$)",
    re.IGNORECASE,
)


def understand(line: str) -> Meaning:
    """What a command line means; `UserText` for everything that Packer itself does not send."""
    stripped = line.strip()
    if len(stripped) <= _LONGEST_LINE:
        if passing := read_passing_powershell(stripped):
            return _passing(passing)
        for form, meaning in _LINES.items():
            if match := form.fullmatch(stripped):
                return meaning(match) or UserText(line)
    return UserText(line)


def _snippet(match: re.Match[str]) -> Meaning | None:
    text = decoded(match["text"])
    return None if text is None else understand_snippet(text)


def _script(match: re.Match[str]) -> Meaning:
    groups = match.groupdict()
    script = groups["script"] or groups["quoted"]
    if _WRAPPER.fullmatch(script):
        return RunTask(script)
    if _CLEANUP.fullmatch(script):
        return Cleanup(script)
    return RunScript(program=groups["program"].lower(), script=script, variables=groups.get("variables"))


def _passing(passing: Passing) -> Meaning:
    """The command of a step that the build goes on after; Packer cleans up by the same command."""
    script = passing.script
    clean_up = Cleanup(script) if _CLEANUP.fullmatch(script) else None
    run = clean_up or RunScript(program="powershell", script=script, variables=passing.variables)
    return PassOver(run=run, valid=passing.valid, retries=passing.retries, tries=passing.tries)


def _shutdown(match: re.Match[str]) -> Meaning | None:
    """Only what restarts or calls off; `/s` and all that is rarer is a user's own affair."""
    found = list(_OPTION.finditer(match["options"]))
    if "".join(option[0] for option in found) != match["options"]:
        return None
    switches = {(option["switch"] or "").lower() for option in found} - {""}
    seconds = [int(option["seconds"]) for option in found if option["seconds"] is not None]
    if switches == {"a"} and len(found) == 1:
        return AbortShutdown()
    if "r" in switches and "a" not in switches and len(seconds) <= 1:
        return Shutdown(seconds[0] if seconds else _DEFAULT_DELAY_S)
    return None


def _echo(match: re.Match[str]) -> Meaning | None:
    """cmd writes the blank before `>` as well."""
    text, path = match["text"], match["path"]
    if text.strip().lower() in {"", "on", "off", "/?"}:
        return None
    return EchoTo(text=text, path=path.strip('"') if path else None, append=match["how"] == ">>")


def _batch(match: re.Match[str]) -> Meaning:
    return RunBatch(script=match["script"], environment=tuple(_SET.findall(match["set"])))


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


_LINES: Mapping[re.Pattern[str], Callable[[re.Match[str]], Meaning | None]] = MappingProxyType(
    {
        _form(rf'echo (?P<content>[A-Za-z0-9+/]+={{0,2}}) >> "%TEMP%\\(?P<file>{TEMPORARY})"'): (
            lambda match: AppendChunk(match["file"], match["content"])
        ),
        _form(_POWERSHELL, r" -EncodedCommand (?P<text>[A-Za-z0-9+/]+={0,2})"): _snippet,
        _form(
            _POWERSHELL,
            r' -executionpolicy \w+ (?:-command )?"& \{ if \(Test-Path variable:global:ProgressPreference\)',
            r"\{set-variable -name variable:global:ProgressPreference -value 'SilentlyContinue'\};",
            r"(?:Set-PsDebug -Trace [0-2];)?\. (?P<variables>[^\"';|&<>{}\r\n]+); ",
            r"&'(?P<script>[^\"'|&<>{}\r\n]+)'; exit \$LastExitCode \}\"",
        ): _script,
        _form(
            _POWERSHELL,
            r" -executionpolicy \w+ -file (?:(?P<script>[^\s\"'<>|&;]+)|\"(?P<quoted>[^\"'<>|&;\r\n]+)\")",
        ): _script,
        _form(
            r"powershell(?:\.exe)? -executionpolicy bypass -outputformat text -file ",
            rf"(?P<script>{_OWN_FOLDER}packer-windows-update(?:-pending-reboot)?-elevated\.ps1)",
        ): lambda match: WindowsUpdate(match["script"]),
        _form(
            _POWERSHELL,
            r' (?:-command|-c) "& ?\{ ?(?:Write-Output|Write-Host|echo) \'(?P<text>[^\'"\r\n]*)\' ?\}"',
        ): lambda match: Say(match["text"]),
        _form(r"shutdown(?:\.exe)?(?P<options> .+)"): _shutdown,
        _form(r'(?P<set>(?:set "[^"=\r\n]+=[^"\r\n]*" && )+)"(?P<script>[^"\r\n]+)"'): _batch,
        _form(
            r"echo (?P<text>[^&|<>^\r\n]*?)",
            r'(?:(?<![0-9])(?P<how>>>?)\s*(?P<path>"[^"&|<>^\r\n]+"|[^"\s&|<>^()]+)\s*)?',
        ): _echo,
    }
)
"""Command lines by their form, and what they mean; the first whose form all of the line has."""
