"""Linked templates: files of the template's folder, found by relative paths and by addresses beside the template's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imagesmith.pipeline import Compilation, CompileOptions, compile_template, compile_text
from tests.test_arm_resolve import deployment, image

MODULE = deployment(image(location="[parameters('place')]"), parameters={"place": {"type": "string"}})


def link(name: str = "m", *, given: str = "westeurope", **where: object) -> dict[str, object]:
    parameters = {"place": {"value": given}}
    properties = {"mode": "Incremental", "templateLink": where, "parameters": parameters}
    return {"type": "Microsoft.Resources/deployments", "name": name, "properties": properties}


def write(folder: Path, **files: object) -> Path:
    """Files by name, a double underscore for a slash; `main` is the template."""
    for name, data in files.items():
        path = folder / (name.replace("__", "/") + ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=1))
    return folder / "main.json"


def compiled(path: Path, **options: object) -> Compilation:
    return compile_template(path, options=CompileOptions(check_only=True, **options))  # type: ignore[arg-type]


def location(compilation: Compilation) -> object:
    value = compilation.document.at(("location",)) if compilation.document else None
    return value.data if value else None


OUTPUTS = "reference('names').outputs"
ADDRESS = "[uri(deployment().properties.templateLink.uri, 'modules/image.json')]"


@pytest.mark.parametrize(
    ("main", "linked_in"),
    [
        (deployment(link(relativePath="modules/image.json")), "modules__image"),
        (deployment(link(relativePath="modules\\image.json")), "modules__image"),
        (deployment(link(relativePath="[concat('modules/', 'image.json')]")), "modules__image"),
        (deployment(link(uri=ADDRESS)), "modules__image"),
        (deployment(link(uri="[variables('where')]"), variables={"where": ADDRESS}), "modules__image"),
        (
            deployment(
                link(uri="[concat(uri(parameters('at'), 'image.json'), parameters('sas'))]"),
                parameters={
                    "at": {"type": "string", "defaultValue": "[deployment().properties.templateLink.uri]"},
                    "sas": {"type": "string", "defaultValue": "?sv=1"},
                },
            ),
            "image",
        ),
    ],
)
def test_a_linked_file_is_read(tmp_path: Path, main: object, linked_in: str) -> None:
    path = write(tmp_path, main=main, **{linked_in: MODULE})
    assert location(compiled(path)) == "westeurope"


def test_paths_are_relative_to_the_file_with_the_link(tmp_path: Path) -> None:
    middle = deployment(
        link(relativePath="sub/leaf.json", given="[parameters('place')]"), parameters={"place": {"type": "string"}}
    )
    main = deployment(link(relativePath="a/middle.json", given="northeurope"))
    path = write(tmp_path, main=main, a__middle=middle, a__sub__leaf=MODULE)
    compilation = compiled(path)
    assert location(compilation) == "northeurope"
    span = compilation.locate(("name",))
    assert span is not None
    assert Path(span.file) == tmp_path / "a" / "sub" / "leaf.json"
    assert compilation.document is not None
    assert [Path(source.name).name for source in compilation.document.inputs] == ["middle.json", "leaf.json"]


def test_a_linked_template_sees_its_own_names_only(tmp_path: Path) -> None:
    module = deployment(image(location="[variables('place')]"))
    path = write(tmp_path, main=deployment(link(relativePath="m.json"), variables={"place": "x"}), m=module)
    assert "the file declares no variable 'place'" in [one.message for one in compiled(path).diagnostics]


def test_outputs_of_a_linked_template_are_known(tmp_path: Path) -> None:
    names = deployment(
        outputs={
            "place": {"type": "string", "value": "[concat('west', 'europe')]"},
            "all": {"type": "array", "copy": {"count": 2, "input": "[concat('n', copyIndex())]"}},
        }
    )
    main = deployment(
        {
            "type": "Microsoft.Resources/deployments",
            "name": "names",
            "properties": {"templateLink": {"relativePath": "n.json"}},
        },
        image(
            location="[reference('names').outputs.place.value]", tags={"n": "[reference('names').outputs.all.value[1]]"}
        ),
    )
    compilation = compiled(write(tmp_path, main=main, n=names))
    assert location(compilation) == "westeurope"
    assert compilation.document is not None
    assert compilation.document.at(("tags", "n")).data == "n1"  # type: ignore[union-attr]


def test_a_link_that_is_not_needed_is_not_followed(tmp_path: Path) -> None:
    main = deployment(link(uri="https://contoso.example/roles.json"), image(location="westus"))
    assert location(compiled(write(tmp_path, main=main))) == "westus"


def test_a_link_that_is_switched_off_is_not_followed(tmp_path: Path) -> None:
    main = deployment({**link(relativePath="none.json"), "condition": False})
    assert [one.code for one in compiled(write(tmp_path, main=main)).diagnostics] == ["IMG103"]


def test_a_link_of_the_file_system_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_text(json.dumps(MODULE))
    (tmp_path / "in" / "image.json").symlink_to(tmp_path / "secret.json")
    path = write(tmp_path / "in", main=deployment(link(relativePath="image.json")))
    assert [one.code for one in compiled(path).diagnostics] == ["IMG134"]


@pytest.mark.parametrize(
    ("where", "code", "message"),
    [
        ({"uri": "https://c.example/a.json?sig=x"}, "IMG132", "the linked template lies at https://c.example/a.json"),
        ({"id": "/subscriptions/s/templateSpecs/t"}, "IMG132", "the link names neither relativePath nor uri"),
        ({"relativePath": 7}, "IMG132", "the place of the linked template is no text"),
        (
            {"relativePath": "list.json"},
            "IMG132",
            "the linked file 'list.json' holds no template: its top level is no object",
        ),
        ({"relativePath": "../../../etc/passwd"}, "IMG134", "it lies outside of the template's folder"),
    ],
)
def test_what_cannot_be_followed_is_told_at_the_link(
    tmp_path: Path, where: dict[str, object], code: str, message: str
) -> None:
    path = write(tmp_path, main=deployment({**link(), "properties": {"templateLink": where}}), list=[])
    (found,) = compiled(path).diagnostics
    assert found.code == code
    assert found.message.endswith(message)
    assert found.span is not None
    assert Path(found.span.file) == path


def test_a_mistake_in_a_linked_file_is_told_in_it(tmp_path: Path) -> None:
    path = write(tmp_path, main=deployment(link(relativePath="m.json")))
    (tmp_path / "m.json").write_text('{"resources": [}')
    (found,) = [one for one in compiled(path).diagnostics if one.is_error]
    assert found.span is not None
    assert Path(found.span.file) == tmp_path / "m.json"


def test_a_text_has_no_folder_to_follow_links_in() -> None:
    text = json.dumps(deployment(link(relativePath="m.json")))
    (found,) = compile_text(text, filename="<stdin>").diagnostics
    assert found.message == "the template comes without a folder, so its links cannot be followed"


def test_a_loop_of_links_reads_each_file_once(tmp_path: Path) -> None:
    looped = {**link(relativePath="m.json", given="[concat('r', copyIndex())]"), "copy": {"name": "l", "count": 3}}
    path = write(tmp_path, main=deployment(looped), m=MODULE)
    (found,) = compiled(path).diagnostics
    assert found.code == "IMG101"


def test_parameters_may_be_linked_as_well(tmp_path: Path) -> None:
    properties = {"templateLink": {"relativePath": "m.json"}, "parametersLink": {"relativePath": "p.json"}}
    main = deployment({**link(), "properties": properties})
    path = write(tmp_path, main=main, m=MODULE, p={"parameters": {"place": {"value": "[westus]"}}})
    assert location(compiled(path)) == "[westus]"
    missing = write(tmp_path, main=main, p={})
    assert "IMG111" in [one.code for one in compiled(missing).diagnostics]
