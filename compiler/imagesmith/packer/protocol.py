"""Lines of `packer -machine-readable` to records, and records and the manifest to artifacts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from imagesmith.diagnostics import Rule, Severity
from imagesmith.packer.errors import PackerError

AZURE_BUILDER = "Azure.ResourceManagement.VMImage"
"""The builder id of azure-arm's artifacts (packer.md §3.1)."""

MANIFEST_UNREADABLE = Rule(
    code="IMG841",
    severity=Severity.ERROR,
    title="Packer's manifest cannot be read",
    cause="Packer writes what it made into a manifest; this one is not the JSON that Packer writes.",
    fix="Look at the run's log for what was published. A disk that was full, or another Packer that wrote into the "
    "same folder, leaves such a file.",
    source="packer.md §3.3",
)

COMMA = "%!(PACKER_COMMA)"
"""What stands in the place of a comma in the data of a record (packer.md §4.2)."""
_RECORD = re.compile(r"(?P<timestamp>[0-9]{1,18}),(?P<target>[^,\0]*),(?P<type>[a-z][a-z-]*)(?=,|\Z)", re.DOTALL)
_PREFIX = re.compile(r"(?P<arrow>==>|   ) (?P<build>[^\s:]+(?: \([^()]*\))?):(?: |$)")


class Record(NamedTuple):  # a tuple, since there is one for every line of a log
    """One record: ``timestamp,target,type,data…`` (packer.md §4.2).

    `raw` are the data items with their commas back and line breaks still as ``\\n`` and ``\\r``: the escaping is not
    reversible, a Windows path ``C:\\new`` looks the same. `data` takes them all for line breaks.
    """

    timestamp: int
    target: str
    type: str
    raw: tuple[str, ...] = ()

    @property
    def data(self) -> tuple[str, ...]:
        """The data items with line breaks; for display and for artifacts, which hold no backslashes."""
        return tuple(_broken(item) for item in self.raw)


@dataclass(frozen=True, slots=True)
class Text:
    """A line that is not a record: a Go panic, the output of `packer fmt`, half a line at the end."""

    line: str


Item: TypeAlias = Record | Text


def parse(line: bytes | str) -> Item:
    """Read one line, with or without its line end. Never fails: what is no record is `Text`."""
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    text = text.rstrip("\r\n")
    head = _RECORD.match(text)
    if head is None:
        return Text(text)
    timestamp, target, kind = head.groups()
    data = text[head.end() + 1 :] if head.end() < len(text) else None
    items = () if data is None else tuple(data.split(","))
    if data and COMMA in data:
        items = tuple(item.replace(COMMA, ",") for item in items)
    return Record(int(timestamp), target, kind, items)


def _broken(item: str) -> str:
    return item.replace("\\r", "\r").replace("\\n", "\n")


class UiLine(NamedTuple):
    """One line of a `ui` record without Packer's prefix.

    `build` is the build that it belongs to, None for Packer itself. `level` is ``say``, ``message`` or ``error``;
    Packers before 1.13 print what a machine says as ``message`` (packer.md §4.3, lowering.md §4.8).
    """

    level: str
    build: str | None
    text: str


def ui_lines(record: Record) -> tuple[UiLine, ...]:
    """The lines of a `ui` record, none for a record of another type.

    In text of a build, a line break is one only where Packer's prefix follows: Packer puts it before every line, and a
    Windows path such as ``C:\\new`` stays whole.
    """
    if record.type != "ui" or len(record.raw) < 2:
        return ()
    level, text = record.raw[0], record.raw[1]
    first = _PREFIX.match(text)
    if first is None:
        return tuple(UiLine(level, None, line.rstrip("\r")) for line in _broken(text).split("\n"))
    build = first["build"]
    if "\\n" not in text:  # nearly all lines
        return (UiLine(level, build, text[first.end() :].removesuffix("\\r").rstrip("\r\n")),)
    pieces = re.split(rf"\\n(?=(?:==>|   ) {re.escape(build)}:)", text)
    return tuple(UiLine(level, build, _without_prefix(piece)) for piece in pieces)


def _without_prefix(piece: str) -> str:
    match = _PREFIX.match(piece)
    return (piece[match.end() :] if match else piece).removesuffix("\\r").rstrip("\r\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """What a build made. `details` are the ``Key: value`` lines of its description (packer.md §3.1)."""

    build: str
    index: int
    builder_id: str = ""
    id: str = ""
    text: str = ""
    files: tuple[str, ...] = ()

    @property
    def details(self) -> Mapping[str, str]:
        """The description as a mapping; several outputs of one build are only told apart here."""
        return parse_artifact_string(self.text)


@dataclass(slots=True)
class ArtifactCollector:
    """Records to artifacts, as they come; a record out of order or of an unknown kind is passed over."""

    _found: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    _files: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def feed(self, record: Record) -> None:
        """Take note of an `artifact` record; others are ignored."""
        if record.type != "artifact" or len(record.raw) < 2 or not re.fullmatch("[0-9]{1,9}", record.raw[0]):
            return
        key = record.target, int(record.raw[0])
        match record.data[1:]:
            case ("builder-id" | "id" | "string" as name, value, *_):
                self._found.setdefault(key, {})[name] = value
            case ("file", _, path, *_):
                self._files.setdefault(key, []).append(path)
            case _:
                pass

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All artifacts so far, in the order in which they began. A `nil` artifact is none."""
        return tuple(
            Artifact(
                build=build,
                index=index,
                builder_id=found.get("builder-id", ""),
                id=found.get("id", ""),
                text=found.get("string", ""),
                files=tuple(self._files.get((build, index), ())),
            )
            for (build, index), found in self._found.items()
        )

    @property
    def image(self) -> Artifact | None:
        """The image: the first artifact of azure-arm. Post-processors repeat it (packer.md §3.2)."""
        return next((artifact for artifact in self.artifacts if artifact.builder_id == AZURE_BUILDER), None)


def parse_artifact_string(text: str) -> Mapping[str, str]:
    """The ``Key: value`` lines of an artifact's description, whatever keys there are; other lines are passed over."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestEntry:
    """A build in Packer's manifest (packer.md §3.3); `name` is the source's, not the build block's."""

    name: str
    builder_type: str
    artifact_id: str
    run_uuid: str
    custom_data: Mapping[str, str]


def read_manifest(path: Path) -> tuple[ManifestEntry, ...]:
    """The builds in a manifest, oldest first; none where there is no file.

    Raises PackerError if the file is there and is not a manifest.
    """
    try:
        document = json.loads(path.read_bytes())
        return tuple(_entry(build) for build in document["builds"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackerError(MANIFEST_UNREADABLE.at((), f"{path.name} cannot be read: {error}")) from error


def _entry(build: Mapping[str, object]) -> ManifestEntry:
    custom = build.get("custom_data")
    return ManifestEntry(
        name=str(build.get("name") or ""),
        builder_type=str(build.get("builder_type") or ""),
        artifact_id=str(build["artifact_id"]),
        run_uuid=str(build.get("packer_run_uuid") or ""),
        custom_data={str(key): str(value) for key, value in custom.items()} if isinstance(custom, dict) else {},
    )
