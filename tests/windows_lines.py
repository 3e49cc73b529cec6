"""Command lines as Packer sends them, in the spelling of both generations, for tests that play its part."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator

from imagesmith.lower.passing import passing_powershell

TEMP = "C:/Windows/Temp"
QUIET = "$ProgressPreference = 'SilentlyContinue';"
CONNECTED = (
    "if (Test-Path variable:global:ProgressPreference){$ProgressPreference='SilentlyContinue'}; "
    'echo "WinRM connected."'
)
RESTARTED = 'echo ("{0} restarted." -f [System.Net.Dns]::GetHostName())'
_OPERATIONS_SIZE = 8000
"""What an upload leaves of a command line for path and content."""


def name() -> str:
    """A name of the kind that Packer gives to what it uploads."""
    return str(uuid.uuid4())


def encoded(snippet: str, *, new: bool) -> str:
    """A snippet on a command line."""
    text = (QUIET if new else "") + snippet
    return "powershell.exe -EncodedCommand " + base64.b64encode(text.encode("utf-16-le")).decode()


def chunks(content: bytes, file: str) -> Iterator[str]:
    """The lines that collect a file's content."""
    size = ((_OPERATIONS_SIZE - len(f"%TEMP%\\{file}")) // 4) * 3
    for start in range(0, len(content), size):
        piece = base64.b64encode(content[start : start + size]).decode()
        yield f'echo {piece} >> "%TEMP%\\{file}"'


def temporary_path(file: str) -> str:
    """The first statement of both snippets that end an upload."""
    return f'\n\t\t$tmp_file_path = [System.IO.Path]::GetFullPath("$env:TEMP\\{file}")\n'


def restore(file: str, destination: str, *, new: bool) -> str:
    """The line that makes the file; a destination comes with back slashes, one with blanks in quotes."""
    path = destination.replace("/", "\\")
    quoted = f"'{path}'" if " " in path else path
    return encoded(restore_snippet(file, quoted), new=new)


def restore_snippet(file: str, quoted: str) -> str:
    """The statements in Packer's order; how each goes about its work is left out."""
    return (
        f"{temporary_path(file)}"
        f'\t\t$dest_file_path = [System.IO.Path]::GetFullPath("{quoted}".Trim("\'"))\n'
        "\t\tif (Test-Path $dest_file_path) {\n\t\t\tExit 1\n\t\t}\n\t\telse {\n"
        "\t\t\tNew-Item -ItemType directory -Force -Path $dest_dir | Out-Null\n\t\t}\n"
        "\t\tif (Test-Path $tmp_file_path) {\n"
        "\t\t\t$bytes = [System.Convert]::FromBase64String($base64_line)\n"
        "\t\t\t$writer.write($bytes, 0, $bytes.Length)\n"
        "\t\t} else {\n\t\t\techo $null > $dest_file_path\n\t\t}\n\t"
    )


def forget(file: str, *, new: bool) -> str:
    """The line that removes what was collected."""
    body = (
        "\t\tif (Test-Path $tmp_file_path) {\n\t\t\tRemove-Item $tmp_file_path -ErrorAction SilentlyContinue\n\t\t}\n\t"
    )
    return encoded(temporary_path(file) + body, new=new)


def upload(content: bytes, destination: str, *, new: bool = True) -> Iterator[str]:
    """All lines of an upload."""
    file = f"winrmcp-{name()}.tmp"
    yield from chunks(content, file)
    yield restore(file, destination, new=new)
    yield forget(file, new=new)


def run_script(script: str, variables: str, *, policy: str = "bypass") -> str:
    """The line that runs a script."""
    return (
        f'powershell -executionpolicy {policy} "& {{ if (Test-Path variable:global:ProgressPreference)'
        "{set-variable -name variable:global:ProgressPreference -value 'SilentlyContinue'};"
        f". {variables}; &'{script}'; exit $LastExitCode }}\""
    )


def pass_over(script: str, variables: str, *valid: int, retries: int = 0) -> str:
    """The line that runs a script after which the build goes on, as Packer renders it."""
    command = passing_powershell("customize[0]", valid, retries=retries)
    return command.replace("{{ .Path }}", script).replace("{{ .Vars }}", variables)


def run_file(script: str) -> str:
    """The line that runs an inline script of a new Packer, and every wrapper."""
    return f'powershell -executionpolicy bypass -file "{script}"'


def wrapper(command: str, *, user: str, password: str) -> str:
    """The script that makes a scheduled task, reduced to the parts that matter."""
    task = f"packer-{name()}"
    inner = command.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&#34;").replace(">", "&gt;")
    escaped = "".join("`" + letter if letter in "$\"`'" else letter for letter in password)
    return (
        f'\n$name = "{task}"\n$s = New-Object -ComObject "Schedule.Service"\n$xml = [xml]@\'\n'
        '<?xml version="1.0" encoding="UTF-16"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        f'  <Principals><Principal id="Author"><UserId>{user}</UserId></Principal></Principals>\n'
        '  <Actions Context="Author"><Exec><Command>cmd</Command>\n'
        f"    <Arguments>/c {inner} &gt; %SYSTEMROOT%/Temp/{task}.out 2&gt;&amp;1</Arguments></Exec></Actions>\n"
        f'</Task>\n\'@\n$logon_type = 1\n$password = "{escaped}"\n$t.Run($null) | Out-Null\nexit $result'
    )


def update_wrapper(call: str) -> str:
    """The same of the update plugin, whose make is another."""
    task = f"packer-windows-update-{name()}"
    inner = base64.b64encode(call.encode("utf-16-le")).decode()
    return (
        f'$name = "{task}"\n$log = "$env:SystemRoot\\Temp\\$name.out"\n'
        '$s = New-Object -ComObject "Schedule.Service"\n$t.XmlText = @\'\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        '  <Principals><Principal id="Author"><RunLevel>HighestAvailable</RunLevel></Principal></Principals>\n'
        '  <Actions Context="Author"><Exec><Command>cmd</Command><Arguments>/c PowerShell -ExecutionPolicy Bypass '
        f"-OutputFormat Text -EncodedCommand {inner} &gt;%SYSTEMROOT%\\Temp\\{task}.out 2&gt;&amp;1</Arguments>\n"
        '  </Exec></Actions>\n</Task>\n\'@\n$username = "SYSTEM"\n$password = ""\nexit $result\n'
    )
