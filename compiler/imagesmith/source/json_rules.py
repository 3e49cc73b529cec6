"""What can be wrong with JSON text (RFC 8259; what real files have: corpus-stats.md §2)."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

COMMENT = Rule(
    code="IMG020",
    severity=Severity.WARNING,
    title="JSON has no comments; this one is skipped",
    cause="The Azure CLI and Visual Studio Code accept // and /* */ in deployment files; other tools refuse the file.",
    fix="remove the comment, or put the text into a description or metadata",
    example='{ "location": "westus2" // near us\n}',
    corrected='{ "location": "westus2" }',
    source="RFC 8259 §2; corpus-stats.md §2",
)
TRAILING_COMMA = Rule(
    code="IMG021",
    severity=Severity.WARNING,
    title="the comma before the closing bracket is one too many; it is skipped",
    cause="Many readers take it, JSON does not have it, and some of Azure's tools refuse the file.",
    fix="remove the comma",
    example='[ "westus2", "eastus", ]',
    corrected='[ "westus2", "eastus" ]',
    source="RFC 8259 §5; corpus-stats.md §2",
)
MISSING_COMMA = Rule(
    code="IMG022",
    severity=Severity.ERROR,
    title="a comma is missing here",
    cause="Members of an object and items of an array are separated by commas.",
    fix="put a comma here",
    example='{ "name": "a"\n  "location": "westus2" }',
    corrected='{ "name": "a",\n  "location": "westus2" }',
    source="RFC 8259 §4, §5",
)
MISSING_COLON = Rule(
    code="IMG023",
    severity=Severity.ERROR,
    title="a key has no colon and value",
    cause="Each member of an object is a key in quotes, a colon and a value.",
    fix='write it as "key": value; a list of values stands in [ ]',
    example='{ "location" "westus2" }',
    corrected='{ "location": "westus2" }',
    source="RFC 8259 §4",
)
MISSING_VALUE = Rule(
    code="IMG024",
    severity=Severity.ERROR,
    title="a value is missing",
    cause="After a colon there must be a value, and between two commas as well.",
    fix="write the value, or remove the key or the comma",
    example='{ "location": , "tags": {} }',
    corrected='{ "location": "westus2", "tags": {} }',
    source="RFC 8259 §4, §5",
)
WRONG_QUOTES = Rule(
    code="IMG025",
    severity=Severity.ERROR,
    title="strings stand in double quotes",
    cause="JSON knows only the straight double quote. Single quotes come from JavaScript or Python, curly ones from "
    "word processors and web pages.",
    fix='write "…" with straight double quotes',
    example="{ 'location': 'westus2' }",
    corrected='{ "location": "westus2" }',
    source="RFC 8259 §7; corpus-stats.md §2",
)
UNQUOTED_TOKEN = Rule(
    code="IMG026",
    severity=Severity.ERROR,
    title="a placeholder stands outside quotes",
    cause="A place that is to be filled in must still be JSON: <region>, ${region}, {{ region }} and "
    "[parameters('region')] have to stand inside a string, or be replaced before the file is read.",
    fix="put it in double quotes, or replace it by the value",
    example='"replicationRegions": [ <region> ]',
    corrected='"replicationRegions": [ "<region>" ]',
    source="corpus-stats.md §2",
)
UNQUOTED_WORD = Rule(
    code="IMG027",
    severity=Severity.ERROR,
    title="a word stands outside quotes",
    cause="Outside quotes JSON knows only true, false, null and numbers; keys are always quoted.",
    fix="put the word in double quotes",
    example="{ location: westus2 }",
    corrected='{ "location": "westus2" }',
    source="RFC 8259 §3",
)
BAD_ESCAPE = Rule(
    code="IMG028",
    severity=Severity.ERROR,
    title="a backslash begins an escape that JSON does not have",
    cause='In a string a backslash may be followed by " \\ / b f n r t or u and four hexadecimal digits only.',
    fix="write every backslash of the text twice",
    example='"path": "C:\\Windows"',
    corrected='"path": "C:\\\\Windows"',
    source="RFC 8259 §7; corpus-stats.md §2",
)
UNTERMINATED_STRING = Rule(
    code="IMG029",
    severity=Severity.ERROR,
    title="the string is not closed on its line",
    cause="A string ends at the next double quote and may not run over a line end.",
    fix='close it with "; a line break inside the text is written \\n',
    example='"location": "westus2',
    corrected='"location": "westus2"',
    source="RFC 8259 §7",
)
CONTROL_IN_STRING = Rule(
    code="IMG030",
    severity=Severity.ERROR,
    title="a control character stands in a string",
    cause="Tabs and other control characters inside strings have to be written as escapes.",
    fix="write it as an escape: a tab is \\t",
    example='"inline": [ "if true; then<TAB>echo yes; fi" ]',
    corrected='"inline": [ "if true; then\\techo yes; fi" ]',
    source="RFC 8259 §7",
)
LONE_SURROGATE = Rule(
    code="IMG031",
    severity=Severity.ERROR,
    title="the escape is one half of a character",
    cause="Characters beyond U+FFFF are written as two \\u escapes, the first D800 to DBFF, the second DC00 to DFFF. "
    "One alone stands for no character and cannot be written to a file.",
    fix="write both halves, or the character itself",
    example='"name": "\\ud83d"',
    corrected='"name": "\\ud83d\\ude00"',
    source="RFC 8259 §7, §8.2",
)
BAD_NUMBER = Rule(
    code="IMG032",
    severity=Severity.ERROR,
    title="this is not how JSON writes a number",
    cause="A number is an optional minus, digits without a leading zero, and optionally a fraction and an exponent.",
    fix="write a decimal number, or put the text in double quotes",
    example='"osDiskSizeGB": 0128',
    corrected='"osDiskSizeGB": 128',
    source="RFC 8259 §6",
)
NOT_FINITE = Rule(
    code="IMG033",
    severity=Severity.ERROR,
    title="not-a-number and infinity do not exist in JSON",
    cause="Some programs write NaN or Infinity where a calculation failed; no property of a template can take it.",
    fix="write a number",
    example='"buildTimeoutInMinutes": Infinity',
    corrected='"buildTimeoutInMinutes": 960',
    source="RFC 8259 §6",
)
NUMBER_TOO_LARGE = Rule(
    code="IMG034",
    severity=Severity.ERROR,
    title="the number is too large",
    cause="Whole numbers are kept in 64 bits and others in double precision; a larger one would become another.",
    fix="write a smaller number, or put it in double quotes if it is a text",
    example='"sizeGB": 1e400',
    corrected='"sizeGB": 1024',
    source="RFC 8259 §6",
)
UNESCAPED_QUOTE = Rule(
    code="IMG035",
    severity=Severity.ERROR,
    title="text goes on right after the end of a string",
    cause="Probably a quote inside the text ended the string too early, or there is a quote too many.",
    fix='write a double quote inside a string as \\", or remove the quote that is too many',
    example='"inline": [ "echo "hello"" ]',
    corrected='"inline": [ "echo \\"hello\\"" ]',
    source="RFC 8259 §7; corpus-stats.md §2",
)
WRONG_BRACKET = Rule(
    code="IMG036",
    severity=Severity.ERROR,
    title="the closing bracket does not fit",
    cause="A { is closed by } and a [ by ]; a bracket before this one is missing, or this one is too many.",
    fix="check the brackets between the two places",
    example='{ "customize": [ { "type": "Shell" } }',
    corrected='{ "customize": [ { "type": "Shell" } ] }',
    source="RFC 8259 §4, §5",
)
UNCLOSED_BRACKET = Rule(
    code="IMG037",
    severity=Severity.ERROR,
    title="the file ends before everything is closed",
    cause="The end of the file was reached inside an object or array: the file was cut off, or a bracket is missing.",
    fix="add the missing brackets",
    example='{ "properties": { "source": {} }',
    corrected='{ "properties": { "source": {} } }',
    source="RFC 8259 §4, §5",
)
EXTRA_TEXT = Rule(
    code="IMG038",
    severity=Severity.ERROR,
    title="there is text after the end of the document",
    cause="A file holds one value. What follows its last bracket is a bracket too many, a bracket closed too early, or "
    "a second document.",
    fix="remove what follows, or put several templates into several files",
    example='{ "type": "Shell" } }',
    corrected='{ "type": "Shell" }',
    source="RFC 8259 §2",
)
UNEXPECTED = Rule(
    code="IMG039",
    severity=Severity.ERROR,
    title="this may not stand here",
    cause="The text is not JSON at this place.",
    fix="check the text before this place: a quote, a comma or a bracket is missing or too many",
    example='{ "location" = "westus2" }',
    corrected='{ "location": "westus2" }',
    source="RFC 8259 §2",
)
UNTERMINATED_COMMENT = Rule(
    code="IMG040",
    severity=Severity.ERROR,
    title="the comment is not closed",
    cause="A comment that begins with /* ends at */; here the file ends first.",
    fix="close it with */, or remove it",
    example="/* the source",
    corrected="/* the source */",
    source="corpus-stats.md §2",
)
