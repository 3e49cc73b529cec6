"""Records, artifacts and manifests are read from what Packer prints, and from what it should never print."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.packer.errors import PackerError
from imagesmith.packer.protocol import (
    AZURE_BUILDER,
    ArtifactCollector,
    Item,
    Record,
    Text,
    UiLine,
    parse,
    parse_artifact_string,
    read_manifest,
    ui_lines,
)

TRANSCRIPTS = Path(__file__).parents[2] / "shared" / "transcripts"
RUNS = Path(__file__).parents[1] / "fixtures" / "runs"


def collected(records: Iterable[Record]) -> ArtifactCollector:
    """A collector that has seen all these records."""
    collector = ArtifactCollector()
    for record in records:
        collector.feed(record)
    return collector


def _record(line: str) -> Record:
    item = parse(line)
    assert isinstance(item, Record), item
    return item


def test_a_record_has_a_time_a_target_a_type_and_data() -> None:
    assert parse(b"1795492602,azure-arm.image,artifact,0,id,/subscriptions/1\n") == Record(
        1795492602, "azure-arm.image", "artifact", ("0", "id", "/subscriptions/1")
    )
    assert parse("1795492605,,error-count,1") == Record(1795492605, "", "error-count", ("1",))
    assert parse("1795492605,,version-prelease,") == Record(1795492605, "", "version-prelease", ("",))
    assert parse("1795492605,,end") == Record(1795492605, "", "end", ())


def test_commas_and_line_breaks_come_back_after_splitting() -> None:
    record = _record("1,,ui,say,a%!(PACKER_COMMA)b\\nc\\r\\nd")
    assert record.data == ("say", "a,b\nc\r\nd")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\0",
        b"panic: runtime error: index out of range",
        b"17954",
        b"1795492602,",
        b"1795492602,,",
        b"1795492602,,u\0i,say,x",
        b"x1795492602,,ui,say,x",
        b"1795492602,,UI say",
        b"\xff\xfe1,,ui,say,x",
        b"-1,,ui,say,x",
        b"99999999999999999999999999,,ui,say,x",
    ],
)
def test_what_is_no_record_is_text(line: bytes) -> None:
    assert parse(line) == Text(line.decode("utf-8", "replace").rstrip("\n"))


def test_bytes_that_are_no_utf8_and_nul_stay_inside_the_data() -> None:
    assert _record_bytes(b"1,,ui,say,a\xffb\0c").data == ("say", "a�b\0c")


def _record_bytes(line: bytes) -> Record:
    item = parse(line)
    assert isinstance(item, Record)
    return item


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_line_makes_the_parser_fail(line: bytes | str) -> None:
    item = parse(line)
    if isinstance(item, Record):
        assert isinstance(item.data, tuple)
        ui_lines(item)
        assert collected([item]).image is None or AZURE_BUILDER in item.data


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]).filter(lambda c: c != "\\")), max_size=4))
def test_data_written_as_packer_writes_it_is_read_back(items: list[str]) -> None:
    written = [item.replace(",", "%!(PACKER_COMMA)").replace("\r", "\\r").replace("\n", "\\n") for item in items]
    assert _record(",".join(["12", "t", "ui", *written])).data == tuple(items)


@pytest.mark.timeout(120)  # what grows with the square of a line would take hours
@pytest.mark.parametrize("filler", ["x", ",", "%!(PACKER_COMMA)", "\\n", "\\n==> b: "])
def test_a_line_of_ten_megabytes_is_read(filler: str) -> None:
    assert ui_lines(_record("1,,ui,say,==> b: " + filler * (10_000_000 // len(filler))))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1,,ui,say,==> azure-arm.image: hello", [UiLine("say", "azure-arm.image", "hello")]),
        ("1,,ui,message,    azure-arm.image: hello", [UiLine("message", "azure-arm.image", "hello")]),
        ("1,,ui,error,==> azure-arm.image: oh", [UiLine("error", "azure-arm.image", "oh")]),
        ("1,,ui,say,==> azure-arm.image:", [UiLine("say", "azure-arm.image", "")]),
        (
            "1,,ui,say,==> b.azure-arm.image (manifest): done",
            [UiLine("say", "b.azure-arm.image (manifest)", "done")],
        ),
        (
            "1,,ui,say,==> b.c: \\n==> b.c: Cleanup requested%!(PACKER_COMMA) deleting",
            [UiLine("say", "b.c", ""), UiLine("say", "b.c", "Cleanup requested, deleting")],
        ),
        ("1,,ui,say,==> b.c: C:\\new\\readme", [UiLine("say", "b.c", "C:\\new\\readme")]),
        ("1,,ui,say,==> b.c: 50%\\r", [UiLine("say", "b.c", "50%")]),
        ("1,,ui,say,==> b.c:     indented: yes", [UiLine("say", "b.c", "    indented: yes")]),
        (
            "1,,ui,error,Error: x\\n\\n  on a line 1:",
            [UiLine("error", None, t) for t in ("Error: x", "", "  on a line 1:")],
        ),
        (
            "1,,ui,say,\\n==> Wait completed after 1 s",
            [UiLine("say", None, t) for t in ("", "==> Wait completed after 1 s")],
        ),
        ("1,,ui,say", []),
        ("1,,error,x", []),
    ],
)
def test_ui_records_are_lines_without_prefix(line: str, expected: list[UiLine]) -> None:
    assert list(ui_lines(_record(line))) == expected


def _items(path: Path) -> list[Item]:
    return [parse(line) for line in path.read_bytes().splitlines(keepends=True)]


def _image(path: Path) -> dict[str, str]:
    image = collected(item for item in _items(path) if isinstance(item, Record)).image
    assert image is not None
    assert image.details["ManagedImageId"] == image.id
    return dict(image.details)


@pytest.mark.parametrize("version", ["1.6", "1.16"])
def test_recorded_runs_hold_nothing_but_records_and_name_their_image(version: str) -> None:
    path = RUNS / f"packer-{version}" / "success.txt"
    assert not [item for item in _items(path) if isinstance(item, Text)]
    details = _image(path)
    assert details["OSType"] == "Linux"
    assert details["ManagedImageSharedImageGalleryId"].endswith("/galleries/shared/images/web/versions/1.0.7")


def test_the_transcripts_of_real_packers_are_read_whole_where_they_are_at_hand() -> None:
    for path in sorted(TRANSCRIPTS.glob("packer-*.txt")):
        assert not [item for item in _items(path) if isinstance(item, Text)], path.name
        if path.name.endswith("success.txt"):
            assert "/versions/" in _image(path)["ManagedImageSharedImageGalleryId"]


def test_the_first_azure_artifact_counts_and_others_do_not() -> None:
    lines = [
        "1,b,artifact-count,3",
        "1,b,artifact,0,builder-id,packer.post-processor.checksum",
        "1,b,artifact,0,id,first",
        "1,b,artifact,1,builder-id,Azure.ResourceManagement.VMImage",
        "1,b,artifact,1,id,second",
        "1,b,artifact,1,files-count,1",
        "1,b,artifact,1,file,0,/a%!(PACKER_COMMA)b",
        "1,b,artifact,1,end",
        "1,b,artifact,2,builder-id,Azure.ResourceManagement.VMImage",
        "1,b,artifact,2,id,third",
    ]
    collector = collected(map(_record, lines))
    assert collector.image is not None
    assert (collector.image.id, collector.image.files) == ("second", ("/a,b",))
    assert [artifact.id for artifact in collector.artifacts] == ["first", "second", "third"]


@pytest.mark.parametrize(
    "line", ["1,b,artifact", "1,b,artifact,x,id,y", "1,b,artifact,0", "1,b,artifact,0,nil", "1,b,artifact,²,id,y"]
)
def test_odd_artifact_records_are_passed_over(line: str) -> None:
    assert collected([_record(line)]).artifacts == ()


def test_an_artifact_description_is_read_leniently() -> None:
    text = "Azure.ResourceManagement.VMImage:\n\nOSType: Linux\nOSDiskUri: https://x/a?b: c\nnot a pair\nEmpty: \n"
    assert parse_artifact_string(text) == {"OSType": "Linux", "OSDiskUri": "https://x/a?b: c", "Empty": ""}


def test_a_manifest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    build = {
        "name": "image",
        "builder_type": "azure-arm",
        "build_time": 1,
        "files": None,
        "artifact_id": "/subscriptions/1/x",
        "packer_run_uuid": "u",
        "custom_data": {"run": "r1"},
    }
    path.write_text(json.dumps({"builds": [build, {"artifact_id": "y", "custom_data": None}], "last_run_uuid": "u"}))
    first, second = read_manifest(path)
    assert (first.artifact_id, first.run_uuid, first.custom_data) == ("/subscriptions/1/x", "u", {"run": "r1"})
    assert second.artifact_id == "y"
    assert read_manifest(tmp_path / "none.json") == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"builds": [1]}', '{"builds": [{}]}', "[" * 100_000, "\ud800"])
def test_a_broken_manifest_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PackerError, match=r"manifest\.json cannot be read") as caught:
        read_manifest(path)
    assert caught.value.diagnostic.code == "IMG841"
