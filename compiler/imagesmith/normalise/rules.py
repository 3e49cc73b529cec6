"""What normalisation finds, and why each of it matters."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

UNKNOWN_API_VERSION = Rule(
    code="IMG200",
    severity=Severity.WARNING,
    title="unknown API version",
    cause="The API version decides which properties exist and how strictly names are read. This one is not among the "
    "versions that Image Builder has published, so the template is read by the newest of them.",
    fix="write a published version, for example 2024-02-01",
    example='"apiVersion": "2024-02-02"',
    corrected='"apiVersion": "2024-02-01"',
    source="aib-templates.md §1.1",
)

DEAD_API_VERSION = Rule(
    code="IMG201",
    severity=Severity.ERROR,
    title="API version no longer served",
    cause="Image Builder stopped taking templates of its previews from before May 2019 in 2020. Their words are not "
    "today's: kinds were written shell and managedImage, scripts were named by `script`, sources could be ISO files.",
    fix="write a published version, for example 2024-02-01, and today's names, which the other messages tell",
    example='"apiVersion": "2018-02-01-preview"',
    corrected='"apiVersion": "2024-02-01"',
    source="aib-templates.md §1.1",
)

DEPRECATED_API_VERSION = Rule(
    code="IMG202",
    severity=Severity.NOTE,
    title="deprecated API version",
    cause="Image Builder still takes templates of this preview, but advises against it. Newer versions know "
    "validation, error handling, target regions and more.",
    fix="write a newer version, for example 2024-02-01; it reads names by their case and refuses unknown ones",
    example='"apiVersion": "2019-05-01-preview"',
    corrected='"apiVersion": "2024-02-01"',
    source="aib-templates.md §1.1",
)

MISCASED_FIELD = Rule(
    code="IMG203",
    severity=Severity.WARNING,
    title="property name in the wrong case",
    cause="From API version 2024-02-01 on Image Builder tells upper from lower case in property names and refuses the "
    "rest. Older versions do not mind, so there it is a warning and the property is used.",
    fix="write the name as the API does",
    example='"imageVersionID": "/subscriptions/…/versions/1.0.0"',
    corrected='"imageVersionId": "/subscriptions/…/versions/1.0.0"',
    source="aib-templates.md §0 fact 3",
)

FORMER_FIELD = Rule(
    code="IMG204",
    severity=Severity.WARNING,
    title="property name of an older API",
    cause="Early previews of Image Builder had other names for some properties. The service of today overlooks or "
    "refuses them; here the value is used under its present name.",
    fix="write the present name",
    example='"script": "https://example.com/install.sh"',
    corrected='"scriptUri": "https://example.com/install.sh"',
    source="aib-templates.md §1.1, §1.5",
)

MISCASED_VALUE = Rule(
    code="IMG205",
    severity=Severity.WARNING,
    title="value in the wrong case",
    cause="Kinds and other fixed values are told apart by case: the service answers sharedImage with "
    "\"Field 'distribute[0].type' has a bad value\". Early previews wrote them with a small first letter.",
    fix="write the value as the API does",
    example='"type": "powershell"',
    corrected='"type": "PowerShell"',
    source="aib-templates.md §0 fact 2, §2.12",
)

FIELD_TWICE = Rule(
    code="IMG206",
    severity=Severity.WARNING,
    title="property given twice in different spellings",
    cause="The object has the property under its right name and once more in another spelling. Only one can count; the "
    "one with the right name is used.",
    fix="remove the misspelt one",
    example='"runElevated": true,\n"RunElevated": false',
    corrected='"runElevated": true',
    source="aib-templates.md §0 fact 3",
)

READ_ONLY_FIELD = Rule(
    code="IMG207",
    severity=Severity.NOTE,
    title="read-only property",
    cause="The service sets this property and shows it when a template is read back. In a template that is handed in "
    "it has no effect, so it is left out.",
    fix="remove it, or leave it: it does no harm",
    example='"source": { "type": "PlatformImage", …, "version": "latest", "exactVersion": "22.04.202401010" }',
    corrected='"source": { "type": "PlatformImage", …, "version": "latest" }',
    source="aib-templates.md §1.3, §1.4",
)

WRONG_FORM = Rule(
    code="IMG208",
    severity=Severity.WARNING,
    title="number, truth value or text in another's form",
    cause="Numbers, true and false stand without quotes in JSON, texts with them, and whole numbers have no point. "
    "Image Builder may refuse the other form. Before API version 2024-02-01 that is a warning here.",
    fix="write the value in its own form",
    example='"buildTimeoutInMinutes": "60"',
    corrected='"buildTimeoutInMinutes": 60',
    source="aib-templates.md §1.3, §1.5",
)

RULES = (
    UNKNOWN_API_VERSION,
    DEAD_API_VERSION,
    DEPRECATED_API_VERSION,
    MISCASED_FIELD,
    FORMER_FIELD,
    MISCASED_VALUE,
    FIELD_TWICE,
    READ_ONLY_FIELD,
    WRONG_FORM,
)
