"""What was probably meant: hints for unknown properties, kinds and values."""

from __future__ import annotations

from imagesmith.diagnostics import Path
from imagesmith.source import Object, Value
from imagesmith.vocabulary import Node, Vocabulary, fold, nearest

LARGEST = 10**15
"""Numbers beyond this are not told apart: the service takes none of them, and some have a million digits."""

_NO_SETTING = "Image Builder has no setting for this; remove it"

# What people write, with every kind of case and underscores folded away, where no name of the API is near enough.
# An entry may be for some owners only: a word of their title.
_INSTEAD: dict[str, tuple[tuple[str, str], ...]] = {
    "tags": (
        ("distributor", "tags of the image are its `artifactTags`"),
        ("vmProfile", "tags of the temporary resources are `properties.managedResourceTags` (2024-02-01 and later)"),
    ),
    "fileuri": (("", "a File step names its file by `sourceUri`, a script is named by `scriptUri`"),),
    "script": (("validator", "a script is named by `scriptUri`, or written out in `inline`"),),
    "scripts": (("", "one step takes one script: name it by `scriptUri`, or write it out in `inline`"),),
    "command": (("", 'write the command in `inline`: "inline": ["…"]'),),
    "commands": (("", 'write the commands in `inline`: "inline": ["…", "…"]'),),
    "parameters": (("", "give a script its arguments on the command line of an `inline` step"),),
    "arguments": (("", "give a script its arguments on the command line of an `inline` step"),),
    "environmentvars": (("", "set environment variables in the script itself; each step has a session of its own"),),
    "pausebefore": (("", "begin the script with a wait, for example `Start-Sleep -Seconds 60` or `sleep 60`"),),
    "executecommand": (("", "how a script is run cannot be chosen; call what you need from `inline`"),),
    "condition": (("", "only a whole resource has a condition; choose single values by an if() expression"),),
    "datadisks": (("", "empty data disks are `properties.additionalDataDisks` (2025-10-01 and later)"),),
    "virtualnetworkconfig": (("", "the network is `properties.vmProfile.vnetConfig`"),),
    "hypervgeneration": (("", "the image has its source's generation; choose a source SKU of the one you want"),),
    "securitytype": (("", _NO_SETTING),),
    "securityprofile": (("", _NO_SETTING),),
    "securebootenabled": (("", _NO_SETTING),),
    "encryptionathost": (("", _NO_SETTING),),
    "diskencryptionsetid": (("", _NO_SETTING),),
    "zones": (("", _NO_SETTING),),
    "licensetype": (("", _NO_SETTING),),
}

_SHELL_STEP = "run it from a Shell or PowerShell step"
_ANSIBLE = f"Image Builder has no Ansible step; {_SHELL_STEP}: install Ansible there, then ansible-playbook -c local"
# Kinds that other tools have, or that the names of Azure suggest.
_KIND_INSTEAD = {
    "ansible": _ANSIBLE,
    "ansiblelocal": _ANSIBLE,
    "chef": f"Image Builder has no Chef step; {_SHELL_STEP}",
    "puppet": f"Image Builder has no Puppet step; {_SHELL_STEP}",
    "salt": f"Image Builder has no Salt step; {_SHELL_STEP}",
    "dsc": "Image Builder has no DSC step; apply the configuration from a PowerShell step",
    "cloudinit": "Image Builder does not read cloud-init data; do the same in a Shell step",
    "bash": "did you mean Shell? A first line such as #!/bin/bash chooses the interpreter",
    "sh": "did you mean Shell?",
    "script": "write Shell for Linux or PowerShell for Windows",
    "inline": "write Shell for Linux or PowerShell for Windows, with the commands in `inline`",
    "pwsh": "did you mean PowerShell?",
    "restart": "on Windows write WindowsRestart; on Linux, restart from a Shell step",
    "reboot": "on Windows write WindowsRestart; on Linux, restart from a Shell step",
    "linuxrestart": "there is no restart step for Linux; restart from a Shell step",
    "shellrestart": "there is no restart step for Linux; restart from a Shell step",
    "linuxupdate": "there is no update step for Linux; run the package manager from a Shell step",
    "download": "did you mean File?",
    "gallery": "a gallery is SharedImageVersion as a source and SharedImage as a distributor",
    "computegallery": "a gallery is SharedImageVersion as a source and SharedImage as a distributor",
    "marketplace": "did you mean PlatformImage?",
    "marketplaceimage": "did you mean PlatformImage?",
}


def shown(data: object) -> str:
    """A value as a message shows it: short, on one line."""
    text = str(data) if isinstance(data, str) else _spelt(data)
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:61])
    return text if len(text) <= 60 else f"{text[:60]}…"


def _spelt(data: object) -> str:
    if data is None:
        return "null"
    if isinstance(data, bool | int | float):
        return f"a very {'large' if data > 0 else 'small'} number" if abs(data) >= LARGEST else str(data).lower()
    return "an object" if isinstance(data, dict) else "an array"


def for_field(key: str, owner: Node, newest: Vocabulary, *, kind: str) -> str:
    """The hint for a property that its owner does not have."""
    folded = fold(key) if len(key) <= 60 else ""
    known = [name for name, child in owner["properties"].items() if not child.get("readOnly") and name not in _ENVELOPE]
    for word, text in _INSTEAD.get(folded, ()):
        if word in kind:
            return text
    near = nearest(key, known)
    homes = newest.homes(key)[:3] if folded not in _EVERYWHERE else ()
    if near and fold(near) == folded:
        return f"did you mean `{near}`?"
    belongs = f"`{shown(key)}` belongs {_or(homes)}" if homes else ""
    if near:
        return f"did you mean `{near}`?{f' ({belongs})' if belongs else ''}"
    return belongs or f"the properties here are {', '.join(known)}"


_ENVELOPE = frozenset(("$schema", "dependsOn", "comments", "metadata", "condition", "copy", "scope", "resources"))
_EVERYWHERE = frozenset(("", "type", "name", "state"))  # names that live in so many places that none is worth naming


def for_kind(found: object, allowed: list[str], family: str, newest: Vocabulary) -> str:
    """The hint for a `type` that its family does not have."""
    if not isinstance(found, str) or not found:
        return f"write {_or(tuple(allowed))}"
    elsewhere = _families(newest).get(found.lower(), ())
    near = nearest(found, allowed)
    if found.lower() == "sharedimage" and "SharedImageVersion" in allowed:
        near = "SharedImageVersion"
    if elsewhere and not near:
        return f"{found} is a {' and a '.join(elsewhere)}, not a {family}; write {_or(tuple(allowed))}"
    if near:
        return f"did you mean {near}?"
    return _KIND_INSTEAD.get(fold(found)) or f"write {_or(tuple(allowed))}"


def for_value(found: object, allowed: list[str]) -> str:
    """The hint for a value that is none of a few."""
    # Standard_GRS is as near to Standard_LRS as to Standard_ZRS: only a single candidate is worth a guess.
    near = [value for value in allowed if isinstance(found, str) and nearest(found, [value])]
    return f'did you mean "{near[0]}"?' if len(near) == 1 else f"write {_or(tuple(allowed))}"


def for_missing_type(family: Node, words: Vocabulary, place: tuple[Value, Path]) -> str:
    """The hint for an object without `type`: a misspelt key, or the kinds that have all its properties."""
    keys = _keys(*place)
    misspelt = next((key for key in keys if fold(key) == "kind" or nearest(key, ["type"])), None)
    if misspelt:
        return f'write "type" for "{shown(misspelt)}"'
    kinds = {kind["if"]["properties"]["type"]["const"]: words.resolve(kind["then"]) for kind in family.get("allOf", ())}
    likely = [name for name, node in kinds.items() if keys and all(key in node["properties"] for key in keys)]
    listed = _or(tuple(kinds))
    if 0 < len(likely) < len(kinds):
        return f'add "type": judging by its other properties it is {_or(tuple(likely))}'
    return f'add "type": {listed}'


def _keys(root: Value, path: Path) -> list[str]:
    value: Value | None = root
    for part in path:
        data = value.data if value else None
        if isinstance(data, Object) and isinstance(part, str):
            value = data.get(part)
        elif isinstance(data, tuple) and isinstance(part, int):
            value = data[part]
    return [member.key for member in value.data] if value and isinstance(value.data, Object) else []


def _families(words: Vocabulary) -> dict[str, tuple[str, ...]]:
    """Every kind, in lower case, with the families that have it."""
    table: dict[str, tuple[str, ...]] = {}
    for definition in words.root["$defs"].values():
        for kind in definition.get("allOf", ()):
            name = kind["if"]["properties"]["type"]["const"].lower()
            table[name] = (*table.get(name, ()), definition["title"])
    return table


def _or(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
