"""Advice about PowerShell steps: what is said, where it points, and what is passed over in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.rules.lint.powershell import read
from tests.linted import WINDOWS, advice, pointed, powershell, template

STOP = "$ErrorActionPreference = 'Stop'"
HITS = [
    ("IMG505", "msiexec /i C:\\a.msi", ["msiexec /i C:\\a.msi | Out-Null"]),
    ("IMG505", "Start-Process wusa.exe", ["Start-Process wusa.exe -ArgumentList 'C:\\a.msu' -Wait"]),
    ("IMG506", "pause", ["pause"]),
    ("IMG506", "Install-Module Az", [STOP, "Install-Module Az -Scope AllUsers"]),
    ("IMG506", "choco upgrade git", ["choco upgrade git"]),
    ("IMG506", "Connect-AzAccount", ["Connect-AzAccount -Subscription x"]),
    ("IMG506", "dism /online", ["dism /online /enable-feature /featurename:NetFx3; exit 0"]),
    ("IMG517", "exit", ["Write-Output a", "exit", "Write-Output b"]),
    ("IMG520", "Invoke-WebRequest", ["Invoke-WebRequest https://example.com/a.zip -OutFile C:\\a.zip"]),
    ("IMG520", "Install-WindowsFeature", ["Install-WindowsFeature Web-Server"]),
    ("IMG521", "wusa", ["wusa C:\\a.msu /quiet /norestart"]),
    ("IMG521", "Start-Process", ["Start-Process msiexec -ArgumentList '/i a.msi /qn'"]),
    ("IMG522", "Start-Process", ["Start-Process -FilePath C:\\vc_redist.x64.exe -ArgumentList '/q' -Wait"]),
    ("IMG522", "Start-Process", ["$p = Start-Process C:\\setup.exe -Wait -PassThru"]),
    ("IMG523", "Start-Process", ["$p = Start-Process msiexec '/i a.msi /qn' -Wait -PassThru", "exit $p.ExitCode"]),
    ("IMG524", "||", ["a.exe || b.exe"]),
    ("IMG530", "shutdown /r /t 0", ["shutdown /r /t 0"]),
    ("IMG530", "Restart-Computer", ["if (Test-Path C:\\a) { Restart-Computer }"]),
    ("IMG535", "iwr https", ["(iwr https://example.com).Content"]),
    ("IMG541", "Set-Location C:\\a", ["Set-Location C:\\a"]),
]
SILENT = [
    ["$p = Start-Process msiexec.exe -ArgumentList '/i','a.msi','/qn' -Wait -PassThru", "if ($p.ExitCode) { exit 1 }"],
    ["msiexec.exe /i a.msi /quiet /norestart | Out-Null"],
    ["$arguments = '/i a.msi /qn'", "$p = Start-Process msiexec $arguments -Wait -PassThru; exit $p.ExitCode -eq 3010"],
    ["Install-PackageProvider NuGet -Force -ErrorAction Stop", "Install-Module Az -Force"],
    [STOP, "Set-PSRepository PSGallery -InstallationPolicy Trusted", "Install-Module Az"],
    ["choco install git -y --no-progress", "choco list", "choco feature enable -n allowGlobalConfirmation"],
    ["Write-Host 'please choco install git'", "# Read-Host", "<# pause #>", "$x = @'\nRead-Host\n'@"],
    ["try { Expand-Archive a b } catch { exit 1 }"],
    ["mkdir c:\\buildActions", "echo Azure-Image-Builder-Was-Here > c:\\buildActions\\out.txt"],
    ["Copy-Item a b -ErrorAction SilentlyContinue"],
    ['cmd /c "a && b"', "cmd /c 'a || b'", "Write-Output '&&'"],
    ["shutdown /a", "Write-Output 'Restart-Computer'"],
    [STOP, "Invoke-WebRequest -UseBasicParsing https://example.com", "curl.exe -f https://example.com"],
    ["curl -fsSL https://example.com -o a", "wget -q https://example.com/a"],
    [STOP, "Invoke-WebRequest https://example.com/a -OutFile a", "Invoke-RestMethod https://example.com"],
    [STOP, "$options = @{ Uri = 'https://example.com' }", "Invoke-WebRequest @options"],
    ["if ($x) { exit 0 }", "Write-Output b"],
    ["Set-Location C:\\a", "Get-ChildItem"],
    ["C:\\AVDImage\\timezoneRedirection.ps1", "C:\\AVDImage\\languagePacks.ps1 -LanguageList 'German'"],
    ["((Get-Content -path C:\\DeprovisioningScript.ps1 -Raw) -replace '/quit','/mode:vm') | Set-Content C:\\D.ps1"],
]


@pytest.mark.parametrize(("code", "place", "lines"), HITS, ids=str)
def test_the_line_is_pointed_at(code: str, place: str, lines: list[str]) -> None:
    found = [text for hit, text in powershell(*lines) if hit == code]
    assert len(found) == 1
    assert place in found[0]
    assert any(found[0] in line for line in lines)


@pytest.mark.parametrize("lines", SILENT, ids=lambda lines: lines[0])
def test_nothing_is_said(lines: list[str]) -> None:
    assert powershell(*lines) == []


def test_strict_scripts_stop_by_themselves() -> None:
    line = "Expand-Archive a b"
    assert [code for code, _ in powershell(line)] == ["IMG520"]
    assert powershell(line, strict_scripts=True) == []


def test_accepted_codes_are_accepted() -> None:
    lines = ["$p = Start-Process msiexec '/i a.msi /qn' -Wait -PassThru", "exit $p.ExitCode"]
    assert powershell(*lines, codes=[0, 3010]) == []


def test_a_restart_is_missed_only_where_none_follows() -> None:
    feature = {"type": "PowerShell", "inline": ["Install-WindowsFeature Hyper-V -ErrorAction Stop"]}
    small = {"type": "PowerShell", "inline": ["Install-WindowsFeature Web-Server, RSAT-DNS -ErrorAction Stop"]}
    restart, update = {"type": "WindowsRestart"}, {"type": "WindowsUpdate"}
    seen = [
        [item.code for item in advice(template(*steps, source=WINDOWS))]
        for steps in ((feature,), (feature, restart), (feature, update), (feature, restart, update), (small,))
    ]
    assert seen == [["IMG532"], [], ["IMG533"], [], []]


def test_variables_end_with_their_step() -> None:
    first = {"type": "PowerShell", "inline": ["$app = 'C:\\app'", "$env:STAGE = 'test'", "$env:PATH += ';C:\\app'"]}
    second = {"type": "PowerShell", "inline": ["Get-Item $APP", "Write-Output $env:Stage $env:Path"]}
    found = advice(template(first, second, source=WINDOWS))
    assert [(item.code, pointed(item)) for item in found] == [("IMG540", "$APP"), ("IMG540", "$env:Stage")]
    own = {"type": "PowerShell", "inline": ["param($app)", "foreach ($env in 1..2) { Write-Output $app $env }"]}
    assert advice(template(first, own, source=WINDOWS)) == ()
    lasting = {
        "type": "PowerShell",
        "inline": ["$app = 'x'; [Environment]::SetEnvironmentVariable('app', $app, 'Machine')"],
    }
    assert advice(template(lasting, second, source=WINDOWS)) == ()


def test_old_windows_needs_to_be_told_of_tls() -> None:
    request = [STOP, "Invoke-WebRequest https://example.com/a -OutFile a"]
    old = {**WINDOWS, "sku": "2016-Datacenter"}
    assert [code for code, _ in powershell(*request, source=old)] == ["IMG536"]
    told = "[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12"
    assert powershell(told, *request, source=old) == []


@given(st.text(alphabet=st.sampled_from(list("ab-$ \n;&|<>(){}'\"`@#=,.~/01")), max_size=200))
def test_any_text_is_read_and_every_place_is_in_it(text: str) -> None:
    reading = read(text)
    for command in reading.commands:
        assert 0 <= command.start < command.end <= len(text)
    assert all(text[start:end] in ("&&", "||") for start, end in reading.chains)


@pytest.mark.parametrize("piece", ["$(", '"$(', "`", "'", '"', "@'\n", "{", "(", "<#", "a=b "])
def test_a_hostile_script_ends(piece: str) -> None:
    read(piece * (90_000 // len(piece)))
