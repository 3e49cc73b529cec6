"""A wrapper that makes a scheduled task to what the task is: whose account, and which command (winrm.md §5.3, §6.2).

Packer's own wrapper and that of the update plugin differ in their make, not in their parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

_NAME = re.compile(r'^\$name = "(packer-[A-Za-z0-9-]+)"\s*$', re.MULTILINE)
_XML = re.compile(r"@'\r?\n(.*?)\r?\n'@", re.DOTALL)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_USER = re.compile(r'^\$username = "([^"\r\n]*)"\s*$', re.MULTILINE)
_PASSWORD = re.compile(r'^\$password = "((?:[^"`\r\n]|`.)*)"\s*$', re.MULTILINE)
_SERVICE = 'New-Object -ComObject "Schedule.Service"'
_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task that runs `command`, a line for cmd.exe, as `user`. Service accounts have no password."""

    name: str
    user: str
    password: str = field(repr=False)
    command: str


def parse_task(text: str) -> Task | None:
    """The task of a wrapper; None where the text is not one."""
    name, xml, password = _NAME.search(text), _XML.search(text), _PASSWORD.search(text)
    if not (name and xml and password and _SERVICE in text and text.rstrip().endswith("exit $result")):
        return None
    root = _root(xml[1])
    if root is None or _text(root, "Actions", "Exec", "Command") != "cmd":
        return None
    user = _USER.search(text)
    command = _inner(_text(root, "Actions", "Exec", "Arguments"), name[1])
    account = user[1] if user else _text(root, "Principals", "Principal", "UserId")
    if command is None or not account:
        return None
    return Task(name=name[1], user=plain(account), password=plain(password[1]), command=command)


def plain(text: str) -> str:
    """What a text between double quotes of PowerShell means, as Packer escapes it: a grave before `$ " ' and itself."""
    return re.sub(r"`(.)", r"\1", text)


def _root(xml: str) -> ET.Element | None:
    text = _DECLARATION.sub("", xml)
    if "<!" in text:  # no document type: entities are how XML takes up memory
        return None
    try:
        return ET.fromstring(text)  # noqa: S314 - without a document type there is nothing to blow up
    except ET.ParseError:
        return None


def _text(root: ET.Element, *names: str) -> str:
    found = root.find("/".join(_NAMESPACE + name for name in names))
    return (found.text or "") if found is not None else ""


def _inner(arguments: str, name: str) -> str | None:
    """The line without `/c` before it and the redirection into the task's output file behind it."""
    redirected = re.compile(
        rf"/c (?P<line>.+?) ?> ?%SYSTEMROOT%[/\\]Temp[/\\]{re.escape(name)}\.out 2>&1", re.DOTALL | re.IGNORECASE
    )
    match = redirected.fullmatch(arguments)
    return match["line"] if match else None
