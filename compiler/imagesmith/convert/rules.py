"""What keeps a template from being converted."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

SECRETS_IN_CLEAR = Rule(
    code="IMG160",
    severity=Severity.ERROR,
    title="the value of a secure parameter would stand here in clear",
    cause="A bare resource has no parameters, so the value of a `securestring` would be written into the file that the "
    "template is converted to.",
    fix="convert --to arm, where it stays a parameter without a value",
    example="imagesmith convert image.json --to yaml -p password=@password.txt",
    corrected="imagesmith convert image.json --to arm -p password=@password.txt",
    source="docs/convert.md",
)
