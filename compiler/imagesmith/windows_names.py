"""What Windows allows as the name of a file (Microsoft, "Naming Files, Paths, and Namespaces").

Two ask: who packs a folder of another system for a Windows machine, and who plays such a machine.
"""

from __future__ import annotations

import re

LONGEST_PATH = 259
"""MAX_PATH without the NUL at its end: what .NET Framework's GetFullPath takes."""
LONGEST_FOLDER_PATH = 247
"""The same for a folder that is made: a short name (8.3) has to fit into it."""
LONGEST_NAME = 255
REFUSED = re.compile(r'[\x00-\x1f<>:"|?*\\/]')
"""Signs that no name may hold; a colon would name a stream of the file."""
_DEVICE = re.compile(r"(?i)(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])(?:[ .].*)?")


def is_device(name: str) -> bool:
    """Whether a name means a device, wherever it stands and whatever ending it has (`NUL`, `COM1.txt`)."""
    return _DEVICE.fullmatch(name) is not None


def is_too_long(name: str) -> bool:
    """Whether a name is longer than a file system takes."""
    return length(name) > LONGEST_NAME


def length(text: str) -> int:
    """Letters as Windows counts them: units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def name_key(name: str) -> str:
    """What NTFS compares: upper case letter by letter, so that no name changes its length."""
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in name)


def name_fault(name: str) -> str | None:
    """Why no file on Windows can have this name, in words that go on after it; None where one can."""
    if any("\udc80" <= letter <= "\udcff" for letter in name):  # bytes that os.fsdecode could not decode
        return "is not UTF-8"
    if match := REFUSED.search(name):
        return f"holds {match[0]!a}, which no name on Windows may"
    if is_device(name):
        return "is the name of a device on Windows"
    if name.endswith((".", " ")):
        return f"ends in a {'dot' if name.endswith('.') else 'blank'}, which Windows takes away"
    if is_too_long(name):
        return f"is longer than {LONGEST_NAME} letters"
    return None
