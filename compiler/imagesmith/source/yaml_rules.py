"""What can be wrong with YAML text (YAML 1.2.2), and the limits that only YAML needs."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity

MAX_ALIASES = 10_000
"""How many aliases (``*name``) one file may use."""

YAML_SYNTAX = Rule(
    code="IMG050",
    severity=Severity.ERROR,
    title="this is not YAML",
    cause="The parser cannot go on here. The usual reasons are indentation that does not line up, a tab, and a text "
    "with ': ' or ' #' or a special first character that needs quotes.",
    fix="line up the indentation with spaces, and put texts with special characters in quotes",
    example="customize:\n  - type: Shell\n   name: setup",
    corrected="customize:\n  - type: Shell\n    name: setup",
    source="YAML 1.2.2 §6.1, §7.3",
)
SEVERAL_DOCUMENTS = Rule(
    code="IMG051",
    severity=Severity.ERROR,
    title="the file holds several YAML documents",
    cause="A line with --- begins another document; it would not be clear which of them is meant.",
    fix="put every template into a file of its own",
    example="type: a\n---\ntype: b",
    corrected="type: a",
    source="YAML 1.2.2 §9.2",
)
FOREIGN_TAG = Rule(
    code="IMG052",
    severity=Severity.ERROR,
    title="the tag is not one of YAML's core",
    cause="Tags like !Ref or !!timestamp mean something to one program only. Known here are !!str, !!int, !!float, "
    "!!bool, !!null, !!map and !!seq.",
    fix="remove the tag",
    example="location: !Ref region",
    corrected="location: westus2",
    source="YAML 1.2.2 §10.3",
)
WRONG_TAG = Rule(
    code="IMG053",
    severity=Severity.ERROR,
    title="the tag does not fit its value",
    cause="A tag says how the text after it is to be read, and this text cannot be read that way.",
    fix="remove the tag, or correct the value",
    example="sizeGB: !!int large",
    corrected="sizeGB: 64",
    source="YAML 1.2.2 §10.3",
)
TOO_MANY_ALIASES = Rule(
    code="IMG054",
    severity=Severity.ERROR,
    title="the aliases make the file too large",
    cause=f"A file may use {MAX_ALIASES:,} aliases, and with every alias written out it must stay below 16 MB and a "
    "million values. A few lines of aliases to aliases can otherwise stand for more than any memory holds.",
    fix="use fewer aliases, and none to texts that are full of aliases themselves",
    example="a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]   # and so on, doubling with each line",
    corrected="a: [x, x]",
    source="architecture §3.1",
)
UNKNOWN_ALIAS = Rule(
    code="IMG055",
    severity=Severity.ERROR,
    title="the alias refers to nothing that is complete here",
    cause="An alias repeats a value that has an anchor (&name) further up; it can neither come first nor stand inside "
    "the value that it repeats. A text that begins with * needs quotes.",
    fix="define the anchor above, or put the text in quotes",
    example="path: *scripts",
    corrected='path: "*scripts"',
    source="YAML 1.2.2 §7.1",
)
COMPLEX_KEY = Rule(
    code="IMG056",
    severity=Severity.ERROR,
    title="the key is not a text",
    cause="A template is JSON in another dress, and JSON has only texts as keys. `{{ name }}` without quotes is read "
    "as an object that is a key.",
    fix="write a plain key; put a placeholder in quotes",
    example="location: {{ region }}",
    corrected='location: "{{ region }}"',
    source="YAML 1.2.2 §10.1; RFC 8259 §4",
)
WRONG_MERGE = Rule(
    code="IMG057",
    severity=Severity.ERROR,
    title="the merge key << needs a mapping",
    cause="`<<` copies the members of another mapping, mostly an alias, or of several in a list.",
    fix="give it an alias to a mapping, or put the key in quotes if it is a name",
    example="defaults: &defaults { timeout: 60 }\nstep:\n  <<: defaults",
    corrected="defaults: &defaults { timeout: 60 }\nstep:\n  <<: *defaults",
    source="YAML merge key, 2005-01-18",
)
