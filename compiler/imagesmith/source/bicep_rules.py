"""What can be wrong with a Bicep file, or with the program that compiles it."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

_SOURCE = "architecture §3.2"

BICEP = Rule(
    code="IMG007",
    severity=Severity.ERROR,
    title="the bicep program, which compiles Bicep files to JSON, was not found",
    cause="Bicep is a language of its own; its compiler turns it into an ARM deployment file, which is read here. It "
    "is looked for on PATH and where `az bicep install` puts it.",
    fix="install it (az bicep install), or name it with --bicep",
    example="imagesmith validate image.bicep",
    corrected="imagesmith validate image.bicep --bicep /opt/bicep/bicep",
    source=_SOURCE,
)
BICEP_ERROR = Rule(
    code="IMG135",
    severity=Severity.ERROR,
    title="bicep found an error in the file",
    cause="The bicep program refuses the file; the message and its code are bicep's own.",
    fix="correct the Bicep file; bicep's documentation explains its code",
    example="param location strin",
    corrected="param location string",
    source="Bicep documentation, 'Bicep diagnostic codes'",
)
BICEP_WARNING = Rule(
    code="IMG136",
    severity=Severity.WARNING,
    title="bicep warns about the file",
    cause="The bicep program compiles the file, but something in it looks wrong; message and code are bicep's own.",
    fix="correct the Bicep file, or switch the warning off in bicepconfig.json",
    example="param unused string",
    corrected="#disable-next-line no-unused-params",
    source="Bicep documentation, 'Bicep linter'",
)
BICEP_FAILED = Rule(
    code="IMG137",
    severity=Severity.ERROR,
    title="the bicep program did not compile the file",
    cause="It could not be started, took too long, or ended without JSON and without a message about the file. "
    "It runs without network: modules of a registry must have been restored before.",
    fix="run bicep build by hand to see what it says; modules are restored with bicep restore FILE",
    example="module image 'br/public:avm/res/virtual-machine-images/image-template:0.6.0' = {}",
    corrected="bicep restore image.bicep",
    source=_SOURCE,
)
