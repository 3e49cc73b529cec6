"""What can be wrong with a parameter's type, and with a value against it."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

_PARAMETERS = "Azure Resource Manager documentation, 'Parameters in ARM templates'"
_DEFINITIONS = "Azure Resource Manager documentation, 'Type definitions in ARM templates'"

WRONG_PARAMETER_TYPE = Rule(
    code="IMG113",
    severity=Severity.ERROR,
    title="a parameter's value is not of its declared type",
    cause="The file declares the parameter's type; values for int, bool, array and object are given as JSON.",
    fix="give a value of the declared type",
    example="-p osDiskSizeGB=large",
    corrected="-p osDiskSizeGB=127",
    source=_PARAMETERS,
)
PARAMETER_CONSTRAINT = Rule(
    code="IMG114",
    severity=Severity.ERROR,
    title="a parameter's value is not allowed",
    cause="The declaration limits its value with allowedValues, minLength, maxLength, minValue or maxValue.",
    fix="give a value that the declaration allows",
    example="-p environment=dev",
    corrected="-p environment=test",
    source=_PARAMETERS,
)
PARAMETER_SHAPE = Rule(
    code="IMG127",
    severity=Severity.ERROR,
    title="an object or array does not have the properties or elements of its declared type",
    cause="The type of the parameter names its properties: those that are not nullable must be there, and where "
    "additionalProperties is false no others may be; a tuple has as many elements as its type names.",
    fix="give the value the properties that the declaration names",
    example='-p \'image={"publisher": "Canonical", "ofer": "ubuntu-24_04-lts"}\'',
    corrected='-p \'image={"publisher": "Canonical", "offer": "ubuntu-24_04-lts"}\'',
    source=_DEFINITIONS,
)
UNKNOWN_PARAMETER_TYPE = Rule(
    code="IMG125",
    severity=Severity.WARNING,
    title="a parameter's type is not one of ARM's",
    cause="ARM knows string, secureString, int, bool, object, secureObject and array, and refuses others.",
    fix="correct the type",
    example='"vmName": {"type": "avd-vm"}',
    corrected='"vmName": {"type": "string", "defaultValue": "avd-vm"}',
    source=_PARAMETERS,
)
