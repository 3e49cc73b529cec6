"""Packer's own sentences: which line opens a step, which ones end all steps, which ones tell of something left behind.

Packer has no records for these (packer.md §4.3): the texts have been stable for years, and are not an interface.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.packer.marks import StepMark
from imagesmith.packer.protocol import Record, ui_lines

_OPENING: dict[str, re.Pattern[str]] = {
    "shell": re.compile(r"Provisioning with shell script: (?P<file>.+)"),
    "powershell": re.compile(r"Provisioning with Powershell\.\.\.|Provisioning with powershell script: (?P<file>.+)"),
    "shell-local": re.compile(r"Running local shell script: (?P<file>.+)"),
    "file": re.compile(r"(?:Uploading|Downloading) (?P<file>.+) => .+"),
    "windows-restart": re.compile(r"Restarting Machine"),
    "windows-update": re.compile(r"Uploading the Windows update .*|Running Windows update\.\.\."),
}
"""What the provisioners say first (packer.md §6.1 to §6.5); `file` is the path of the file that they run or upload."""

_ENDINGS = (
    r"Provisioning step had errors:",
    r"Powering off machine \.\.\.",
    r"Querying the machine's (?:additional disks )?properties \.\.\.",
    r"Generalizing machine \.\.\.",
    r"Capturing image \.\.\.",
    r"Publishing to Shared Image Gallery \.\.\.",
    r"Skipping image creation",
    r"Deleting Virtual Machine deployment and its attached resources",
    r"Removing the created Deployment object:",
    r"Cleanup requested, deleting resource group",
    r"The resource group was not created by Packer",
    r"Running post-processor:",
    r'Step "Step[A-Za-z]+" (?:failed|aborted)',
)
"""What azure-arm and the core say once no provisioner runs any more (packer.md §1.10, §4.3); each begins with
plain letters, which `may_mean_something` looks at."""
_ENDING = re.compile("|".join(_ENDINGS))

FAILED = "Provisioning step had errors:"
CANCELLING = re.compile(r"Cancelling build after receiving")
CANCELLED = re.compile(
    r"Cleanly cancelled builds after being interrupted|Build '.*' errored after .*: Build was cancelled\."
)
BUILD_ENDED = re.compile(
    r"Build '(?P<build>[^']*)' (?:errored|finished) after (?P<time>[^:]*?)(?:: (?P<text>.*)|\.?)", re.DOTALL
)
SKIPPED = "aborted: skipping cleanup of step"
"""What Packer says of each step that `-on-error=abort` leaves as it is."""
LEFT_BEHIND = re.compile(rf"(?i)please delete manually|error deleting resource|{SKIPPED}")
"""Resources that Packer gives up on (packer.md §11, supervisor 8)."""

_RETRYING = re.compile(r'Provisioner failed with ".*", retrying with [0-9]+ trie\(s\) left', re.DOTALL)
_EXIT_STATUS = re.compile(r"exit(?:ed with)?(?: non-zero exit)? (?:status|code):? (?P<status>[0-9]{1,10})")


_FIRST_WORDS = ("Provisioning with ", "Running ", "Uploading ", "Downloading ", "Restarting Machine")
_FIRST_LETTERS = frozenset(text[:3] for text in (*_FIRST_WORDS, *_ENDINGS))


def may_mean_something(line: str) -> bool:
    """The cheapest look: whether the line begins with the letters of one that opens a step or ends all of them."""
    return line[:3] in _FIRST_LETTERS


def may_open(line: str) -> bool:
    """A cheap look before all steps are tried: whether the line begins as opening lines do."""
    return line.startswith(_FIRST_WORDS)


def is_recognised(step: StepMark) -> bool:
    """Whether this kind of step has an opening line that is known."""
    return any(kind in _OPENING for kind in step.kinds)


def retries(line: str) -> bool:
    """Whether Packer says with this line that it tries a step again (packer.md §4.3)."""
    return bool(_RETRYING.fullmatch(line))


def repeats(line: str, step: StepMark) -> bool:
    """Whether a line of a step that is running only looks like the opening of the next: windows-update says "Running
    Windows update..." after each restart, and the name of its first upload but once.
    """
    return "windows-update" in step.kinds and "Windows update" in line and "Windows update elevated script" not in line


def opens(line: str, step: StepMark) -> bool:
    """Whether Packer says with this line that the step begins.

    A step with a marker is known by its file. PowerShell steps are announced without their file as well.
    """
    return any(
        (file := match.groupdict().get("file")) is None or step.marker is None or _names(file, step.marker)
        for match in _matches(line, step)
    )


def names_file_of(line: str, step: StepMark) -> bool:
    """Whether the line is an opening line of the step's kinds and names the step's own file."""
    return step.marker is not None and any(
        (file := match.groupdict().get("file")) is not None and _names(file, step.marker)
        for match in _matches(line, step)
    )


def _matches(line: str, step: StepMark) -> Iterator[re.Match[str]]:
    for kind in step.kinds:
        if (pattern := _OPENING.get(kind)) and (match := pattern.fullmatch(line)):
            yield match


def _names(file: str, marker: str) -> bool:
    path = file.replace("\\", "/")
    return path == marker or path.endswith(f"/{marker}")


def ends_steps(line: str) -> bool:
    """Whether the line can only come once the provisioners are done."""
    return bool(_ENDING.match(line))


def exit_status(text: str) -> int | None:
    """The exit status in an error's text; the two Packers differ by a space behind it (lowering.md §4.8)."""
    match = _EXIT_STATUS.search(text)
    return int(match["status"]) if match else None


def shows_building(record: Record) -> bool:
    """Whether a record is of a build, and not only of Packer itself, which looks through all files before."""
    if record.target:
        return True
    return any(line.build is not None or BUILD_ENDED.match(line.text) for line in ui_lines(record))
