"""What a rehearsal on a Windows machine can find, as rules."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

NOT_GENERALIZED = Rule(
    code="IMG920",
    severity=Severity.WARNING,
    title="the machine was captured, and no step had generalized it",
    cause="Azure takes a machine's word that it is generalized: an image without sysprep /generalize is made without a"
    " complaint, and machines from it do not come up.",
    fix="keep 'Sysprep.exe /oobe /generalize /quiet /quit' in C:\\DeprovisioningScript.ps1",
    example='{"type": "File", "sourceUri": "empty.ps1", "destination": "C:\\\\DeprovisioningScript.ps1"}',
    corrected='{"type": "File", "sourceUri": "sysprep.ps1", "destination": "C:\\\\DeprovisioningScript.ps1"}',
    source="winrm.md §1.4, aib-templates.md §2.5",
)
EDIT_NOT_APPLIED = Rule(
    code="IMG921",
    severity=Severity.NOTE,
    title="a recorded script changes the deprovisioning script; the change was not made here",
    cause="The script names C:\\DeprovisioningScript.ps1, and a rehearsal does not run it: the deprovisioning script"
    " that was shown last is the one from before the change.",
    fix="nothing to do; a File step that replaces the script is followed",
    example='{"type": "PowerShell", "inline": ["(gc C:\\\\DeprovisioningScript.ps1) -replace \'/quit\',\'/mode:vm\' |'
    ' sc C:\\\\DeprovisioningScript.ps1"]}',
    corrected='{"type": "File", "sourceUri": "sysprep.ps1", "destination": "C:\\\\DeprovisioningScript.ps1"}',
    source="aib-templates.md §2.5",
)
RESTART_PENDING = Rule(
    code="IMG922",
    severity=Severity.WARNING,
    title="a restart was pending when the machine was generalized",
    cause="Exit codes 3010 and 1641 say that an installation is done only after a restart; sysprep refuses a machine"
    " that waits for one, or keeps it half installed.",
    fix="add a WindowsRestart step after the installation",
    example='{"type": "PowerShell", "inline": ["msiexec /i agent.msi /qn"], "validExitCodes": [0, 3010]}',
    corrected='{"type": "PowerShell", "inline": ["msiexec /i agent.msi /qn"], "validExitCodes": [0, 3010]},\n'
    '{"type": "WindowsRestart"}',
    source="winrm.md §4, aib-templates.md §2.3",
)
SYNTAX = Rule(
    code="IMG923",
    severity=Severity.ERROR,
    title="PowerShell cannot read the script",
    cause="The pwsh of this host finds syntax errors in the script; Windows would not run a line of it.",
    fix="correct the script; the line and column are the script's own",
    example='{"type": "PowerShell", "inline": ["if ($true) { Write-Output \'done\'"]}',
    corrected='{"type": "PowerShell", "inline": ["if ($true) { Write-Output \'done\' }"]}',
    source="winrm.md §7",
)
COMMAND_NOT_RUN = Rule(
    code="IMG925",
    severity=Severity.NOTE,
    title="a command of the template was recorded, not run",
    cause="The machine knows the commands that Packer itself sends, and `shutdown` and `echo`. Any other one, such as a"
    " restart command of the template's own, has done nothing here, and the build went on as if it had.",
    fix="nothing to do; for a restart that takes place in a rehearsal, leave restartCommand out or use shutdown",
    example='{"type": "WindowsRestart", "restartCommand": "powershell Restart-Computer -Force"}',
    corrected='{"type": "WindowsRestart", "restartCommand": "shutdown /r /f /t 0"}',
    source="winrm.md §6.1, §7",
)
NO_POWERSHELL = Rule(
    code="IMG924",
    severity=Severity.ERROR,
    title="there is no pwsh to run steps with",
    cause="Steps of a Windows machine run in a pwsh of this host, and PATH has none.",
    fix="install PowerShell, or record the steps: --sandbox-windows-steps record",
    example="imagesmith build desktop.json --sandbox --sandbox-windows-steps pwsh",
    corrected="imagesmith build desktop.json --sandbox --sandbox-windows-steps record",
    source="winrm.md §7",
)
