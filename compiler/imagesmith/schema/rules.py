"""What the schema check finds, and why each of it matters."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

UNKNOWN_FIELD = Rule(
    code="IMG220",
    severity=Severity.ERROR,
    title="unknown property",
    cause="Image Builder has no such property at this place. From API version 2024-02-01 on it refuses the template; "
    "older versions overlook the property without a word, so whatever it was meant to do does not happen.",
    fix="correct the name, move the property to where it belongs, or remove it",
    example='"vmProfile": {"proxyVmSize": "Standard_A1_v2"}',
    corrected='"vmProfile": {"vnetConfig": {"subnetId": "/subscriptions/…", "proxyVmSize": "Standard_A1_v2"}}',
    source="aib-templates.md §0 fact 3, §1",
)

TOO_NEW = Rule(
    code="IMG221",
    severity=Severity.ERROR,
    title="newer than the template's API version",
    cause="The property or value came with a later API version than the one that the template names. From 2024-02-01 "
    "on the service refuses it; in older versions it is overlooked or refused. Locally it is used all the same.",
    fix="raise `apiVersion`, or remove what is too new",
    example='"apiVersion": "2020-02-14",\n"properties": {"validate": {…}}',
    corrected='"apiVersion": "2022-07-01",\n"properties": {"validate": {…}}',
    source="aib-templates.md §1.1",
)

GONE = Rule(
    code="IMG222",
    severity=Severity.ERROR,
    title="no longer part of the API",
    cause="An early preview of Image Builder had this property or value, the API version of the template has not.",
    fix="write what took its place",
    example='"vnetConfig": {"name": "net", "subnetName": "build", "resourceGroupName": "net-rg"}',
    corrected='"vnetConfig": {"subnetId": "/subscriptions/…/virtualNetworks/net/subnets/build"}',
    source="aib-templates.md §1.1, §1.4, §1.9",
)

MISSING_FIELD = Rule(
    code="IMG223",
    severity=Severity.ERROR,
    title="missing property",
    cause='The object cannot do without this property; the service answers with "Missing field".',
    fix="add the property",
    example='{"type": "VHD"}',
    corrected='{"type": "VHD", "runOutputName": "disk"}',
    source="aib-templates.md §1, §2.12",
)

WRONG_TYPE = Rule(
    code="IMG224",
    severity=Severity.ERROR,
    title="wrong kind of value",
    cause="The property wants another kind of value: a string, an array, an object, a whole number, or true or false. "
    "Several official samples get this wrong for `inline`, `optimize`, `errorHandling` and `validExitCodes`.",
    fix="write the kind of value that the property wants",
    example='"inline": "apt-get update"',
    corrected='"inline": ["apt-get update"]',
    source="aib-templates.md §1, §5 item 9",
)

UNKNOWN_VALUE = Rule(
    code="IMG225",
    severity=Severity.ERROR,
    title="unknown value",
    cause="The property takes one of a few fixed values, and this is none of them.",
    fix="write one of the values that the message lists",
    example='"storageAccountType": "Standard_GRS"',
    corrected='"storageAccountType": "Standard_ZRS"',
    source="aib-templates.md §1",
)

UNKNOWN_KIND = Rule(
    code="IMG226",
    severity=Severity.ERROR,
    title="unknown type of source, customizer, validator or distributor",
    cause="The `type` of an object decides what its other properties mean. Image Builder knows only the listed ones.",
    fix="write one of the types that the message lists",
    example='"customize": [{"type": "Bash", "inline": ["id"]}]',
    corrected='"customize": [{"type": "Shell", "inline": ["id"]}]',
    source="aib-templates.md §1.4-1.7",
)

OUT_OF_RANGE = Rule(
    code="IMG227",
    severity=Severity.ERROR,
    title="number out of range",
    cause="The service takes the number only within limits.",
    fix="write a number within the limits that the message tells",
    example='"buildTimeoutInMinutes": 1440',
    corrected='"buildTimeoutInMinutes": 960',
    source="aib-templates.md §1",
)

BAD_NAME = Rule(
    code="IMG228",
    severity=Severity.ERROR,
    title="name with characters that are not allowed",
    cause="Names of templates and of their outputs become part of a resource id: 1 to 64 letters, digits, dashes, "
    "underscores and dots.",
    fix="use only letters a-z and A-Z, digits, dashes, underscores and dots, at most 64 of them",
    example='"runOutputName": "my image"',
    corrected='"runOutputName": "my-image"',
    source="aib-templates.md §1.2, §1.7",
)

NO_IDENTITY = Rule(
    code="IMG229",
    severity=Severity.WARNING,
    title="no identity",
    cause='Since API version 2020-02-14 the service refuses a template without a managed identity: "Missing field '
    "'identity'\". A local build works with your own login and does not need it.",
    fix='add "identity": {"type": "UserAssigned", "userAssignedIdentities": {"<resource id>": {}}} if the template is '
    "to go to the service as well",
    example='{"location": "westeurope", "properties": {…}}',
    corrected='{"location": "westeurope", "identity": {"type": "UserAssigned", "userAssignedIdentities": {…}}, '
    '"properties": {…}}',
    source="aib-templates.md §1.2, §2.12",
)

NOT_TEXT = Rule(
    code="IMG230",
    severity=Severity.ERROR,
    title="text with half a character",
    cause="The text holds a lone surrogate, half of an escaped pair such as \\ud83d\\ude00. It stands for no character "
    "and cannot be written to any file.",
    fix="write the whole pair, or the character itself",
    example='"inline": ["echo \\ud83d"]',
    corrected='"inline": ["echo \\ud83d\\ude00"]',
    source="RFC 8259 §8.2",
)

RULES = (
    UNKNOWN_FIELD,
    TOO_NEW,
    GONE,
    MISSING_FIELD,
    WRONG_TYPE,
    UNKNOWN_VALUE,
    UNKNOWN_KIND,
    OUT_OF_RANGE,
    BAD_NAME,
    NO_IDENTITY,
    NOT_TEXT,
)
