"""Targets: what an older Packer cannot say is refused with the version that can; what it need not say is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith.pipeline import Compilation, CompileOptions, compile_text
from imagesmith.targets import Target, emitted_options, target_for
from imagesmith.targets.options import BY_NAME, OF_ANY_PROVISIONER
from imagesmith.versions import Version
from tests.cases import NOW, TARGETS, cases
from tests.test_tuning import POWERSHELL, with_everything

TEMPLATE = """{
  "type": "Microsoft.VirtualMachineImages/imageTemplates", "apiVersion": "2024-02-01", "location": "westeurope",
  "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
  "properties": {
    "source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy",
      "sku": "22_04-lts-gen2"},
    "distribute": [{"type": "SharedImage", "runOutputName": "base", "storageAccountType": "@", "galleryImageId":
      "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images/providers/Microsoft.Compute/galleries/contoso/images/base"
    }]
  }
}"""


def _compile(storage_type: str, target: str, *, filename: str = "template.json") -> Compilation:
    options = CompileOptions(target=TARGETS[target], now=NOW, seed="targets")
    return compile_text(TEMPLATE.replace("@", storage_type), filename=filename, options=options)


def _written(compilation: Compilation) -> str:
    return compilation.files["build/image.pkr.hcl"].decode()


def test_default_storage_type_is_left_to_azure_where_packer_cannot_name_it() -> None:
    """Packer 1.6 has no such option, and makes versions of that type."""
    assert "storage_account_type" not in _written(_compile("Standard_LRS", "1.6.6"))


def test_storage_type_is_named_where_packer_can() -> None:
    """The same template for a Packer of today."""
    assert '"Standard_LRS"' in _written(_compile("Standard_LRS", "newest"))


def test_another_storage_type_needs_the_plugin_whatever_its_version() -> None:
    """Every version of the plugin has the option, so none is named."""
    (found,) = (found for found in _compile("Standard_ZRS", "1.6.6").diagnostics if found.is_error)
    assert found.code == "IMG450"
    assert found.message.endswith("; the azure plugin brings it")
    assert found.span is not None
    assert found.span.line == 7


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("image.json", "image"),
        ("web server (base).template.json", "web-server-base"),
        (f"{'a' * 70}.json", "a" * 64),
        ("<stdin>", "stdin"),
        ("é.json", "imagetemplate"),
    ],
)
def test_template_without_a_name_is_called_like_its_file(filename: str, name: str) -> None:
    """As far as a name may have the file's characters: the file's name is no mistake of the template."""
    compilation = _compile("Standard_LRS", "newest", filename=str(Path("folder") / filename))
    assert compilation.plan is not None
    assert compilation.plan.name == name


def _vhd(uri: str, target: str) -> Compilation:
    vhd = f'"distribute": [{{"type": "VHD", "runOutputName": "disk", "uri": "{uri}"}}]'
    text = TEMPLATE[: TEMPLATE.index('"distribute"')] + vhd + "}}"
    return compile_text(
        text, filename="_base-.json", options=CompileOptions(target=TARGETS[target], now=NOW, seed="vhd")
    )


@pytest.mark.parametrize(("target", "prefix"), [("1.6.6", "base"), ("newest", "base-")])
def test_vhd_in_a_container_begins_with_the_template_s_name(target: str, prefix: str) -> None:
    """Packer 1.6 refuses a prefix that ends with a hyphen, and puts one behind it; newer ones put nothing there."""
    written = _written(_vhd("https://contosoimages.blob.core.windows.net/vhds", target))
    assert f'capture_name_prefix    = "{prefix}"\n' in written


def test_vhd_of_a_chosen_name_needs_a_newer_packer() -> None:
    """It is said once, where the name stands."""
    (found,) = (
        f for f in _vhd("https://contosoimages.blob.core.windows.net/vhds/a/b.vhd", "1.6.6").diagnostics if f.is_error
    )
    assert found.code == "IMG458"
    assert found.span is not None
    assert found.span.text.endswith('b.vhd"')


BETWEEN = target_for(Version(1, 14, 3), Version(2, 1, 5))
"""A Packer whose plugin gives public addresses of today only when it is told to."""


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        (target_for(Version(1, 9, 5)), False),
        (target_for(Version(1, 9, 5), Version(2, 0, 0)), True),
        (target_for(Version(1, 14, 3)), True),
    ],
    ids=str,
)
def test_only_a_plugin_beside_packer_is_asked_for(target: Target, *, asked: bool) -> None:
    """Packer 1.7 to 1.9 has one inside, which it does not use for files that name the plugin."""
    options = CompileOptions(target=target, now=NOW, seed="plugins")
    written = _written(compile_text(TEMPLATE.replace("@", "Standard_LRS"), filename="a.json", options=options))
    assert ("required_plugins" in written) is asked


LONG_LINE = TEMPLATE.replace("@", "Standard_LRS").replace(
    '"distribute"', f'"customize": [{{"type": "Shell", "inline": ["{"x" * 70_000}"]}}], "distribute"'
)
"""A step that Packer has to copy as it is, since it cannot read such a line."""


def test_the_table_of_options_has_what_the_cases_emit_and_nothing_else() -> None:
    """Only options whose versions are known are written, and no row outlives its use."""
    plans = [case.compile(target).plan for case in cases("valid") for target in (*TARGETS.values(), BETWEEN)]
    plans.append(compile_text(LONG_LINE, filename="long.json", options=CompileOptions(now=NOW, seed="long")).plan)
    plans += [with_everything().plan, with_everything(**POWERSHELL).plan]
    emitted = {option for plan in plans if plan for option in emitted_options(plan)}
    emitted -= {(component, name) for component, name in emitted if name in OF_ANY_PROVISIONER}
    of_templates = {("manifest", "output")}  # stands in no plan
    assert emitted == set(BY_NAME) - of_templates
