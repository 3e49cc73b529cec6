"""What can be wrong with a file whatever its language, and the limits of reading (architecture §3.1)."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

MAX_BYTES = 16 * 1024 * 1024
"""Largest file that is read, in bytes; the largest real template has about 1 MB (corpus-stats.md §2)."""

MAX_DEPTH = 200
"""How many objects and arrays may stand in each other. What walks over the data afterwards does so by recursion."""

MAX_VALUES = 1_000_000
"""How many values one file may hold; each costs about 250 bytes of memory."""

UNREADABLE = Rule(
    code="IMG001",
    severity=Severity.ERROR,
    title="the file cannot be read",
    cause="There is no such file, it is a folder, or the system does not let this user read it.",
    fix="check the path and the file's permissions",
    example="imagesmith validate templates/",
    corrected="imagesmith validate templates/linux.json",
    source="architecture §3.1",
)
TOO_LARGE = Rule(
    code="IMG002",
    severity=Severity.ERROR,
    title="the file is larger than 16 MB",
    cause="An image template has a few kilobytes; Azure Resource Manager takes 4 MB at most. Larger files are not "
    "read, so that a wrong path (a disk image, a log) does not fill the memory.",
    fix="check that the path names the template; put long scripts into files and refer to them with scriptUri",
    example="imagesmith validate disk.vhd",
    corrected="imagesmith validate template.json",
    source="architecture §3.1",
)
NOT_UTF8 = Rule(
    code="IMG003",
    severity=Severity.ERROR,
    title="the file is not UTF-8 text",
    cause="Templates are read as UTF-8. A byte that does not belong to it mostly comes from an editor that saved in an "
    "older code page (Windows-1252, Latin-1), or the file is no text at all.",
    fix="save the file as UTF-8",
    example='"description": "caf\\xe9"   (the single byte E9)',
    corrected='"description": "café"   (the bytes C3 A9)',
    source="RFC 8259 §8.1",
)
UTF16 = Rule(
    code="IMG004",
    severity=Severity.WARNING,
    title="the file is UTF-16; it is read, but Azure's own tools want UTF-8",
    cause="Windows PowerShell writes UTF-16 by default (`>` and Out-File). JSON that travels between programs has to "
    "be UTF-8.",
    fix="save the file as UTF-8; in Windows PowerShell: Set-Content -Encoding utf8",
    example="Get-Content a.json > template.json",
    corrected="Get-Content a.json | Set-Content -Encoding utf8 template.json",
    source="RFC 8259 §8.1",
)
BOM = Rule(
    code="IMG005",
    severity=Severity.WARNING,
    title="the file begins with a byte order mark; it is skipped",
    cause="JSON may not begin with one, and some tools refuse the file for it. Editors on Windows add it "
    "('UTF-8 with BOM').",
    fix="save the file as UTF-8 without BOM",
    example='\\ufeff{ "type": "Microsoft.VirtualMachineImages/imageTemplates" }',
    corrected='{ "type": "Microsoft.VirtualMachineImages/imageTemplates" }',
    source="RFC 8259 §8.1; corpus-stats.md §2",
)
EMPTY = Rule(
    code="IMG006",
    severity=Severity.ERROR,
    title="the file is empty",
    cause="There is nothing but white space and comments in it. From standard input it often means that the program "
    "before the pipe failed.",
    fix="check the path, or the command whose output was piped in",
    example="bicep build missing.bicep --stdout | imagesmith validate -",
    corrected="bicep build main.bicep --stdout | imagesmith validate -",
    source="architecture §3.1",
)
TOO_DEEP = Rule(
    code="IMG008",
    severity=Severity.ERROR,
    title=f"objects and arrays stand more than {MAX_DEPTH} levels deep in each other",
    cause="Real templates stay below 30 levels. Deeper files are made to exhaust the program that reads them.",
    fix="check that the file is what you meant; flatten the nesting",
    example="[[[[ … 201 times … ]]]]",
    corrected="[]",
    source="architecture §3.1",
)
TOO_MANY_VALUES = Rule(
    code="IMG009",
    severity=Severity.ERROR,
    title=f"the file holds more than {MAX_VALUES:,} values",
    cause="Every value costs memory; a template has a few hundred.",
    fix="check that the file is what you meant; put long data into files of its own",
    example="[0, 0, 0, … a million times … ]",
    corrected="[0]",
    source="architecture §3.1",
)
BAD_CHARACTER = Rule(
    code="IMG010",
    severity=Severity.ERROR,
    title="this character may not stand here",
    cause="Control characters, NUL and half surrogates have no place in a text file; no-break spaces and their like "
    "look like white space but are none. They come from copied web pages, or the file is not text in UTF-8.",
    fix="delete the character, or replace it by an ordinary space",
    example='{\\u00a0"location": "westus2" }',
    corrected='{ "location": "westus2" }',
    source="RFC 8259 §2",
)
WEB_PAGE = Rule(
    code="IMG011",
    severity=Severity.ERROR,
    title="the file is a web page or XML, not a template",
    cause="It begins like HTML or XML. That happens when the address of a page that shows a file was downloaded "
    "instead of the file, or when a server answered with an error page.",
    fix="download the file itself; on GitHub that is the address behind the button 'Raw'",
    example="<!DOCTYPE html>",
    corrected='{ "type": "Microsoft.VirtualMachineImages/imageTemplates" }',
    source="architecture §3.1",
)
DUPLICATE_KEY = Rule(
    code="IMG012",
    severity=Severity.ERROR,
    title="a key stands twice in one object",
    cause="Readers of JSON disagree about which of the two counts; most take the last and drop the first silently. "
    "Inside the `parameters` of an ARM deployment file it is only a warning, and the last one counts.",
    fix="remove one of the two",
    example='{ "vmSize": "Standard_D2s_v5", "vmSize": "Standard_D4s_v5" }',
    corrected='{ "vmSize": "Standard_D4s_v5" }',
    source="RFC 8259 §4; corpus-stats.md §2",
)
