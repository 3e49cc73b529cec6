"""Command lines of a Windows machine: Packer's own have their meaning, everything else is a user's text."""

from __future__ import annotations

import base64
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.sandbox.windows.commands import understand
from imagesmith.sandbox.windows.meanings import (
    AbortShutdown,
    AppendChunk,
    BrokenUpload,
    Cleanup,
    EchoTo,
    Meaning,
    PassOver,
    ReadFile,
    RegistryTest,
    RemoveFile,
    RestoreUpload,
    RunBatch,
    RunScript,
    RunTask,
    Say,
    SayRestarted,
    Shutdown,
    UserText,
    WindowsUpdate,
)
from tests import windows_lines as lines

FILE = "winrmcp-4bc5d1c4-d6e1-4a53-7b35-65b1d6d8a0a1.tmp"
UUID = "5fbd0a1e-1f0e-4a8c-9b1d-2f5a6c7d8e9f"
VARIABLES = f"c:/Windows/Temp/packer-ps-env-vars-{UUID}.ps1"
SCRIPT = f"c:/Windows/Temp/script-{UUID}.ps1"
WRAPPER = f"C:/Windows/Temp/packer-elevated-shell-{UUID}.ps1"
CLEANUP = f"c:/Windows/Temp/packer-cleanup-{UUID}.ps1"
DOWNLOAD = (
    '$file=[System.IO.File]::ReadAllBytes("C:\\logs\\a.log"); Write-Output $([System.Convert]::ToBase64String($file))'
)
UPDATE = (
    "PowerShell -ExecutionPolicy Bypass -OutputFormat Text -File C:/Windows/Temp/packer-windows-update{}-elevated.ps1"
)
PENDING = "HKLM:SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"

PLAIN: tuple[tuple[str, Meaning], ...] = (
    (f'echo aGVsbG8= >> "%TEMP%\\{FILE}"', AppendChunk(FILE, "aGVsbG8=")),
    (
        lines.run_script(SCRIPT, VARIABLES),
        RunScript(program="powershell", script=SCRIPT, variables=VARIABLES),
    ),
    (
        lines.run_script(SCRIPT, VARIABLES, policy="unrestricted"),
        RunScript(program="powershell", script=SCRIPT, variables=VARIABLES),
    ),
    (
        lines.run_script(SCRIPT, VARIABLES).replace("};. ", "};Set-PsDebug -Trace 1;. "),
        RunScript(program="powershell", script=SCRIPT, variables=VARIABLES),
    ),
    (
        lines.run_script(SCRIPT, VARIABLES).replace("powershell", "pwsh").replace('bypass "', 'bypass -command "'),
        RunScript(program="pwsh", script=SCRIPT, variables=VARIABLES),
    ),
    (f"powershell -executionpolicy bypass -file {SCRIPT}", RunScript(program="powershell", script=SCRIPT)),
    (f"pwsh -executionpolicy bypass -file {SCRIPT}", RunScript(program="pwsh", script=SCRIPT)),
    (
        lines.pass_over(SCRIPT, VARIABLES, 0, 3010, -1),
        PassOver(
            run=RunScript(program="powershell", script=SCRIPT, variables=VARIABLES),
            valid=frozenset({0, 3010}),
            retries=0,
            tries="",
        ),
    ),
    (
        lines.pass_over(CLEANUP, VARIABLES, 0, retries=12),
        PassOver(
            run=Cleanup(CLEANUP),
            valid=frozenset({0}),
            retries=12,
            tries="c:/Windows/Temp/imagesmith-tries-customize-0",
        ),
    ),
    (lines.run_file(WRAPPER), RunTask(WRAPPER)),
    (lines.run_file(CLEANUP), Cleanup(CLEANUP)),
    (lines.run_script(CLEANUP, VARIABLES), Cleanup(CLEANUP)),
    ('shutdown /r /f /t 0 /c "packer restart"', Shutdown(0)),
    ('shutdown /r /f /t 60 /c "packer restart test"', Shutdown(60)),
    ("shutdown /a", AbortShutdown()),
    ('shutdown.exe -f -r -t 0 -c "packer restart"', Shutdown(0)),
    ('shutdown.exe -f -r -t 60 -c "packer restart test"', Shutdown(60)),
    ("shutdown.exe -a", AbortShutdown()),
    ("shutdown /r /f /t 5 /c packer", Shutdown(5)),
    ("shutdown /r", Shutdown(30)),
    (UPDATE.format(""), WindowsUpdate("C:/Windows/Temp/packer-windows-update-elevated.ps1")),
    (
        UPDATE.format("-pending-reboot"),
        WindowsUpdate("C:/Windows/Temp/packer-windows-update-pending-reboot-elevated.ps1"),
    ),
    (
        'set "PACKER_BUILDER_TYPE=azure-arm" && set "PACKER_BUILD_NAME=it\'s" && "c:/Windows/Temp/script.bat"',
        RunBatch(
            script="c:/Windows/Temp/script.bat",
            environment=(("PACKER_BUILDER_TYPE", "azure-arm"), ("PACKER_BUILD_NAME", "it's")),
        ),
    ),
    ("echo Azure-Image-Builder-Restarted-the-VM  > c:\\buildArtifacts\\restart.txt", EchoTo(
        text="Azure-Image-Builder-Restarted-the-VM  ", path="c:\\buildArtifacts\\restart.txt")),
    ('echo done>>"c:\\a b\\log.txt"', EchoTo(text="done", path="c:\\a b\\log.txt", append=True)),
    ("echo %COMPUTERNAME% is back", EchoTo(text="%COMPUTERNAME% is back")),
    ("powershell -command \"& {Write-Output 'restarted.'}\"", Say("restarted.")),
)  # fmt: skip
ENCODED: tuple[tuple[str, Meaning], ...] = (
    (lines.CONNECTED, Say("WinRM connected.")),
    (lines.RESTARTED, SayRestarted()),
    (f'Test-Path "{PENDING}"', RegistryTest(PENDING)),
    (DOWNLOAD, ReadFile("C:\\logs\\a.log")),
    (lines.restore_snippet(FILE, "C:\\AVDImage\\x.ps1"), RestoreUpload(FILE, "C:\\AVDImage\\x.ps1")),
    (lines.restore_snippet(FILE, "'C:\\a b\\x'"), RestoreUpload(FILE, "'C:\\a b\\x'")),
    (lines.temporary_path(FILE) + "if (Test-Path $tmp_file_path) { Remove-Item $tmp_file_path }", RemoveFile(FILE)),
)
OTHERS = (
    "whoami",
    "write-host 'restarted'",
    "shutdown /s /t 0",
    "shutdown /r /a",
    "shutdown /r /t 0 /m \\\\other",
    "shutdown",
    "-file c:/Windows/Temp/script.ps1",
    "powershell -file C:\\mine.ps1",
    f"powershell -executionpolicy bypass -file {SCRIPT} -Force",
    "powershell -EncodedCommand ====",
    "powershell -EncodedCommand AAA",
    "echo on",
    "echo",
    "echo a & del /q C:\\",
    "echo a 2> C:\\x",
    "echo a^>b",
    f'echo not-base64! >> "%TEMP%\\{FILE}" & whoami',
    'set "A=B" && whoami',
    "powershell -command \"& {Write-Output 'a'; Remove-Item C:\\}\"",
)

MORE = st.text(min_size=1, max_size=30).filter(str.strip)


@pytest.mark.parametrize(("line", "meaning"), PLAIN)
def test_a_line_of_packers_has_its_meaning(line: str, meaning: Meaning) -> None:
    assert understand(line) == meaning
    assert understand(f"  {line} ") == meaning


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(("snippet", "meaning"), ENCODED)
def test_a_snippet_of_packers_has_its_meaning(snippet: str, meaning: Meaning, new: bool) -> None:
    line = lines.encoded(snippet, new=new)
    assert understand(line) == meaning
    assert understand(line.replace("powershell.exe", "pwsh")) == meaning


def test_the_examples_show_every_meaning() -> None:
    shown = {type(meaning) for _, meaning in (*PLAIN, *ENCODED)}
    assert shown == set(get_args(Meaning)) - {UserText, BrokenUpload}


@pytest.mark.parametrize("line", OTHERS)
def test_any_other_line_is_a_users(line: str) -> None:
    assert understand(line) == UserText(line)


@given(st.sampled_from([line for line, _ in PLAIN if not line.startswith("echo")]), MORE)
def test_more_than_a_line_of_packers_is_a_users(line: str, more: str) -> None:
    for text in (f"{line} & {more}", f"{more} & {line}", f"{line}\n{more}", f'{line} && "{more}"'):
        assert understand(text) == UserText(text)


@given(st.sampled_from([snippet for snippet, _ in ENCODED]), MORE, st.booleans())
def test_a_script_that_holds_packers_statements_is_a_users(snippet: str, more: str, new: bool) -> None:
    for text in (f"{more}\n{snippet}", f"{snippet}; {more}", f"{snippet}\n$x = {more}"):
        line = lines.encoded(text.encode(errors="replace").decode(), new=new)
        assert isinstance(understand(line), UserText)


@given(st.text(max_size=300))
def test_text_that_nobody_thought_of_is_a_users_or_an_echo(text: str) -> None:
    assert isinstance(understand(text), UserText | EchoTo)
    assert isinstance(understand(lines.encoded(text.encode(errors="replace").decode(), new=True)), UserText)


def test_a_line_longer_than_cmd_takes_is_a_users() -> None:
    assert isinstance(understand(f'echo {"A" * 8300} >> "%TEMP%\\{FILE}"'), UserText)


@pytest.mark.parametrize(
    ("folder", "expected"), [("größe", RestoreUpload), ("価格", RestoreUpload), ("価", BrokenUpload)]
)
def test_an_upload_that_an_old_packer_garbles_is_known_as_one(folder: str, expected: type) -> None:
    """It encodes bytes, not letters, which may shift the rest by one."""
    snippet = lines.restore_snippet(FILE, f"C:\\{folder}\\x")
    wide = b"".join(chr(byte).encode() + b"\0" for byte in snippet.encode())
    meaning = understand("powershell.exe -EncodedCommand " + base64.b64encode(wide).decode())
    assert type(meaning) is expected
    assert getattr(meaning, "destination", "") != f"C:\\{folder}\\x"
