"""What the schema check says: each mistake's code, place and words, and what each version added and removed."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest

from imagesmith.api_versions import VERSIONS, is_strict
from imagesmith.diagnostics import Diagnostic, Severity, SourceText, Span, dotted
from imagesmith.normalise import normalise
from imagesmith.schema import check
from imagesmith.schema.rules import RULES
from imagesmith.source import Document, Origin, locate, read_text, wrap

TEMPLATES = {path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "templates").glob("*.json")}


def find(data: Any, *, version: str = "2025-10-01", strict: bool | None = None) -> list[Diagnostic]:
    """Everything that normalisation and the schema check have against a template, with places."""
    document = read_text(json.dumps(data, indent=2), filename="t.json")
    assert document.diagnostics == ()
    result = normalise(document, api_version=version, strict=strict)
    found = check(result.document, result.api_version, strict=result.strict)
    return [*result.diagnostics, *locate(found, result.document)]


def schema_only(data: Any, version: str, *, strict: bool) -> list[Diagnostic]:
    source = SourceText("t.json", "")
    document = Document(source=source, root=wrap(data, Origin(Span(source, 0, 0))))
    return list(check(document, version, strict=strict))


def minimal(**properties: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "p", "offer": "o", "sku": "s", "version": "latest"},
            "distribute": [{"type": "ManagedImage", "runOutputName": "out", "imageId": "i", "location": "l"}],
            **properties,
        },
    }


def step(**members: Any) -> dict[str, Any]:
    return minimal(customize=[members])


def validator(**members: Any) -> dict[str, Any]:
    return minimal(validate={"inVMValidations": [members]})


def output(**members: Any) -> dict[str, Any]:
    return minimal(distribute=[{"runOutputName": "out", **members}])


def gallery(**members: Any) -> dict[str, Any]:
    return output(type="SharedImage", galleryImageId="g", **members)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_smallest_template_is_fine_in_every_version(version: str) -> None:
    assert [problem for problem in find(minimal(), version=version) if problem.code != "IMG202"] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_our_templates_are_fine(name: str) -> None:
    template = TEMPLATES[name]
    assert [p for p in find(template, version=template["apiVersion"]) if p.severity is not Severity.NOTE] == []


# The mistake, then code, path, a part of the message, a part of the hint. All against 2025-10-01.
MISTAKES: list[tuple[str, Any, str, str, str, str]] = [
    # the documentation's own (aib-templates.md §5 item 9)
    ("inline as text", step(type="Shell", inline="id"), "IMG224", "properties.customize[0].inline",
     'must be an array; here it is the string "id"', '"inline": ["id"]'),
    ("errorHandling as list", minimal(errorHandling=[]), "IMG224", "properties.errorHandling",
     "must be an object; here it is an empty array", '"errorHandling": {"onCustomizerError": …'),
    ("optimize as list", minimal(optimize=[]), "IMG224", "properties.optimize",
     "must be an object; here it is an empty array", "or leave it out"),
    ("validExitCodes as text", step(type="PowerShell", inline=["a"], validExitCodes="0, 3010"), "IMG224",
     "properties.customize[0].validExitCodes", "must be an array", '"validExitCodes": [0, 3010]'),
    ("validExitCodes as number", step(type="PowerShell", inline=["a"], validExitCodes=3010), "IMG224",
     "properties.customize[0].validExitCodes", "here it is the number 3010", '"validExitCodes": [3010]'),
    ("fileUri", step(type="File", fileUri="u", destination="d"), "IMG220", "properties.customize[0].fileUri",
     "a File customizer has no `fileUri`", "`sourceUri`"),
    ("proxyVmSize misplaced", minimal(vmProfile={"proxyVmSize": "s"}), "IMG220", "properties.vmProfile.proxyVmSize",
     "`properties.vmProfile` has no `proxyVmSize`", "belongs in `properties.vmProfile.vnetConfig`"),
    ("distribute as object", minimal(distribute={"type": "VHD"}), "IMG224", "properties.distribute",
     "must be an array; here it is an object", "[{…}]"),
    ("versioning as text", gallery(versioning="Latest"), "IMG224", "properties.distribute[0].versioning",
     "must be an object", '{"scheme": "Latest"}'),
    # names
    ("typing error", gallery(replicationRegion=["r"]), "IMG220", "properties.distribute[0].replicationRegion",
     "a SharedImage distributor has no `replicationRegion`", "did you mean `replicationRegions`?"),
    ("Packer's spelling", step(type="PowerShell", inline=["a"], valid_exit_codes=[0]), "IMG220",
     "properties.customize[0].valid_exit_codes", "has no `valid_exit_codes`", "did you mean `validExitCodes`?"),
    ("Packer's option", step(type="Shell", inline=["a"], pause_before="10s"), "IMG220",
     "properties.customize[0].pause_before", "has no `pause_before`", "sleep 60"),
    ("stray colon", output(**{"type": "VHD", "uri:": "u"}), "IMG220", "properties.distribute[0]['uri:']",
     "has no `uri:`", "did you mean `uri`?"),
    ("another kind's property", step(type="Shell", inline=["a"], runElevated=True), "IMG220",
     "properties.customize[0].runElevated", "a Shell customizer has no `runElevated`", "in a PowerShell customizer"),
    ("tags of an image", output(type="VHD", tags={"a": "b"}), "IMG220", "properties.distribute[0].tags",
     "has no `tags`", "`artifactTags`"),
    ("misplaced source", {**minimal(), "source": {}}, "IMG220", "source",
     "an image template has no `source`", "belongs in `properties`"),
    ("no such setting", minimal(vmProfile={"securityType": "TrustedLaunch"}), "IMG220",
     "properties.vmProfile.securityType", "has no `securityType`", "no setting for this"),
    ("anything", step(type="WindowsRestart", colour="red"), "IMG220", "properties.customize[0].colour",
     "a WindowsRestart customizer has no `colour`", "the properties here are type, name, restartCommand"),
    ("gone network words", minimal(vmProfile={"vnetConfig": {"subnetName": "s"}}), "IMG222",
     "properties.vmProfile.vnetConfig.subnetName", "not part of API version 2025-10-01 any more", "one `subnetId`"),
    # kinds
    ("unknown customizer", step(type="Ansible"), "IMG226", "properties.customize[0].type",
     "Ansible is no type of customizer; Shell, PowerShell, WindowsRestart, WindowsUpdate or File are",
     "ansible-playbook"),
    ("bash", step(type="Bash", inline=["id"]), "IMG226", "properties.customize[0].type", "Bash", "did you mean Shell?"),
    ("near miss", step(type="WindowsUpdates"), "IMG226", "properties.customize[0].type", "WindowsUpdates",
     "did you mean WindowsUpdate?"),
    ("turned letters", output(type="Vdh"), "IMG226", "properties.distribute[0].type", "Vdh is no type of distributor",
     "did you mean VHD?"),
    ("customizer as validator", validator(type="WindowsRestart"), "IMG226",
     "properties.validate.inVMValidations[0].type",
     "WindowsRestart is no type of validator", "is a customizer, not a validator; write Shell, PowerShell or File"),
    ("distributor as source", minimal(source={"type": "VHD"}), "IMG226", "properties.source.type",
     "VHD is no type of source", "VHD is a distributor, not a source"),
    ("gallery as source", minimal(source={"type": "SharedImage"}), "IMG226", "properties.source.type",
     "SharedImage is no type of source", "did you mean SharedImageVersion?"),
    ("ISO", minimal(source={"type": "ISO", "sourceUri": "u"}), "IMG222", "properties.source.type",
     "ISO is not a source any more", "marketplace image"),
    ("no type", step(inline=["id"]), "IMG223", "properties.customize[0]", "has no `type`", "Shell or PowerShell"),
    ("no type at all", step(), "IMG223", "properties.customize[0]", "has no `type`",
     "Shell, PowerShell, WindowsRestart"),
    ("type with a colon", step(**{"type:": "Shell"}), "IMG223", "properties.customize[0]", "has no `type`",
     'write "type" for "type:"'),
    ("type of another type", step(type=5), "IMG224", "properties.customize[0].type", "must be a string", "in quotes"),
    ("empty type", step(type=""), "IMG226", "properties.customize[0].type", "is no type of customizer", "write Shell"),
    # what is missing
    ("no run output name", minimal(distribute=[{"type": "VHD"}]), "IMG223", "properties.distribute[0]",
     "a VHD distributor needs `runOutputName`, which is missing", "the name that the output is found under"),
    ("half a plan", minimal(source={"type": "PlatformImage", "planInfo": {"planName": "a", "planProduct": "b"}}),
     "IMG223", "properties.source.planInfo", "needs `planPublisher`", "the plan's publisher"),
    # values
    ("unknown storage", gallery(storageAccountType="Standard_GRS"), "IMG225",
     "properties.distribute[0].storageAccountType", "it may be Standard_LRS, Standard_ZRS or Premium_LRS",
     "write Standard_LRS, Standard_ZRS or Premium_LRS"),
    ("near storage", gallery(storageAccountType="Premium_LSR"), "IMG225",
     "properties.distribute[0].storageAccountType", "is Premium_LSR", 'did you mean "Premium_LRS"?'),
    ("bad state", minimal(autoRun={"state": "On"}), "IMG225", "properties.autoRun.state",
     "`state` is On; it may be Enabled or Disabled", "write Enabled or Disabled"),
    ("another resource", {**minimal(), "type": "Microsoft.VirtualMachineImages/imageTemplates/triggers"}, "IMG225",
     "type", "`type` is Microsoft.VirtualMachineImages/imageTemplates/triggers", "imageTemplates"),
    ("too long", minimal(buildTimeoutInMinutes=961), "IMG227", "properties.buildTimeoutInMinutes",
     "is 961; it may be 0 to 960", "from 0 to 960"),
    ("no copies", gallery(targetRegions=[{"name": "r", "replicaCount": 0}]), "IMG227",
     "properties.distribute[0].targetRegions[0].replicaCount", "is 0; it may be 1 to 2147483647", "from 1"),
    ("half minutes", minimal(buildTimeoutInMinutes=1.5), "IMG224", "properties.buildTimeoutInMinutes",
     "must be a whole number; here it is the number 1.5", "whole number"),
    ("empty number", minimal(vmProfile={"osDiskSizeGB": ""}), "IMG224", "properties.vmProfile.osDiskSizeGB",
     "here it is an empty string", "without quotes"),
    ("not a truth value", gallery(excludeFromLatest="yes"), "IMG224", "properties.distribute[0].excludeFromLatest",
     "must be true or false", "without quotes"),
    ("null line", step(type="Shell", inline=["a", None]), "IMG224", "properties.customize[0].inline[1]",
     "an item of `inline` must be a string; here it is null", "remove it"),
    ("validate as list", minimal(validate=[{"type": "Shell", "inline": ["a"]}]), "IMG224", "properties.validate",
     "must be an object; here it is an array", '"validate": {"inVMValidations": […]}'),
    ("identities as list", {**minimal(), "identity": {"userAssignedIdentities": ["/my/id"]}}, "IMG224",
     "identity.userAssignedIdentities", "must be an object", '{"/my/id": {}}'),
    ("identities as object", minimal(vmProfile={"userAssignedIdentities": {"/my/id": {}}}), "IMG224",
     "properties.vmProfile.userAssignedIdentities", "must be an array; here it is an object", '["/my/id"]'),
    ("regions as text", gallery(replicationRegions="westeurope"), "IMG224",
     "properties.distribute[0].replicationRegions", "must be an array", '"replicationRegions": ["westeurope"]'),
    ("steps as text", minimal(customize="apt-get update"), "IMG224", "properties.customize", "must be an array",
     "an array of objects"),
    ("misspelt type", step(typ="Shell", inline=["id"]), "IMG223", "properties.customize[0]", "has no `type`",
     'write "type" for "typ"'),
    ("list of one source", minimal(source=[{"type": "PlatformImage"}]), "IMG224", "properties.source",
     "must be an object; here it is an array", "remove the square brackets"),
    ("unresolved expression", minimal(customize="[variables('steps')]"), "IMG224", "properties.customize",
     "must be an array", "only in a deployment file"),
    ("unfilled token", minimal(buildTimeoutInMinutes="<timeout>"), "IMG224", "properties.buildTimeoutInMinutes",
     'the string "<timeout>"', "-p NAME=VALUE"),
    # names of outputs
    ("name with a space", output(type="VHD", runOutputName="my image"), "IMG228",
     "properties.distribute[0].runOutputName", '"my image" has spaces', '"my-image"'),
    ("name with a line end", output(type="VHD", runOutputName="image\n"), "IMG228",
     "properties.distribute[0].runOutputName", "no name may have", '"image-"'),
    ("name with umlauts", output(type="VHD", runOutputName="größe"), "IMG228",
     "properties.distribute[0].runOutputName", "(ßö)", '"gr-e"'),
    ("empty name", output(type="VHD", runOutputName=""), "IMG228", "properties.distribute[0].runOutputName",
     "is empty", "1 to 64"),
    ("long name", output(type="VHD", runOutputName="a" * 65), "IMG228", "properties.distribute[0].runOutputName",
     "has 65 characters; 64 are allowed", "shorten"),
    ("unfilled name", output(type="VHD", runOutputName="<name>"), "IMG228", "properties.distribute[0].runOutputName",
     "still holds the placeholder <name>", "-p NAME=VALUE"),
    ("no identity", {key: value for key, value in minimal().items() if key != "identity"}, "IMG229", "",
     "has no `identity`; the service would refuse it", '"userAssignedIdentities"'),
]  # fmt: skip


@pytest.mark.parametrize(("data", "code", "path", "message", "hint"), [pytest.param(*m[1:], id=m[0]) for m in MISTAKES])
def test_a_mistake_gets_one_message_with_a_remedy(data: Any, code: str, path: str, message: str, hint: str) -> None:
    [problem] = find(data)
    assert (problem.code, dotted(problem.path)) == (code, path)
    assert message in problem.message
    assert hint in problem.hint


NOT_AN_OBJECT = [[], "text", 5, 1.5, True, None]


@pytest.mark.parametrize("data", NOT_AN_OBJECT)
def test_what_is_no_object_is_no_template(data: Any) -> None:
    [problem] = schema_only(data, "2025-10-01", strict=True)
    assert problem.code == "IMG224"
    assert problem.message.startswith("the image template must be an object")


def test_a_misspelt_key_is_shown_and_not_its_object() -> None:
    [problem] = find(step(type="File", sourceUri="u", destination="d", sha256="x"))
    assert problem.span is not None
    assert problem.span.text == '"sha256"'
    assert "`sha256Checksum`" in problem.hint


def test_each_unknown_property_has_a_message_of_its_own() -> None:
    found = find(minimal(vmProfile={"vmsizes": "a", "disk": 1, "osDiskSize": 2}))
    assert [dotted(problem.path).rpartition(".")[2] for problem in found] == ["vmsizes", "disk", "osDiskSize"]


def test_all_problems_come_in_one_run() -> None:
    data = minimal(customize=[{"type": "Shell", "inline": "a"}, {"type": "Bash"}, {}], buildTimeoutInMinutes=-1)
    assert sorted(problem.code for problem in find(data)) == ["IMG223", "IMG224", "IMG226", "IMG227"]


def test_lenient_versions_warn_of_unknown_properties_and_strict_ones_refuse_them() -> None:
    data = step(type="Shell", inline=["a"], colour="red")
    for version in VERSIONS:
        [problem] = [problem for problem in find(data, version=version) if problem.code != "IMG202"]
        assert problem.is_error == is_strict(version), version
        assert ("ignored" in problem.message) != is_strict(version)


def test_location_may_come_from_elsewhere_and_identity_is_a_warning_only() -> None:
    data = minimal()
    del data["location"], data["identity"]
    for version in VERSIONS:
        found = [problem for problem in find(data, version=version) if problem.code != "IMG202"]
        assert [(p.code, p.severity) for p in found] == (
            [] if version == "2019-05-01-preview" else [("IMG229", Severity.WARNING)]
        )


# What each version added: the version, where its name stands, and the template that uses it.
ADDED: list[tuple[str, str, dict[str, Any]]] = [
    ("2020-02-14", "properties.source.planInfo",
     minimal(source={"type": "PlatformImage",
                     "planInfo": {"planName": "a", "planProduct": "b", "planPublisher": "c"}})),
    ("2020-02-14", "properties.distribute[0].excludeFromLatest",
     gallery(replicationRegions=["r"], excludeFromLatest=True)),
    ("2020-02-14", "properties.distribute[0].storageAccountType",
     gallery(replicationRegions=["r"], storageAccountType="Standard_ZRS")),
    ("2020-02-14", "properties.vmProfile.vnetConfig.subnetId", minimal(vmProfile={"vnetConfig": {"subnetId": "s"}})),
    ("2020-02-14", "properties.customize[0].runAsSystem",
     step(type="PowerShell", inline=["a"], runElevated=True, runAsSystem=True)),
    ("2021-10-01", "properties.vmProfile.userAssignedIdentities", minimal(vmProfile={"userAssignedIdentities": ["i"]})),
    ("2021-10-01", "properties.vmProfile.vnetConfig.proxyVmSize",
     minimal(vmProfile={"vnetConfig": {"proxyVmSize": "s"}})),
    ("2022-02-14", "properties.validate", validator(type="Shell", inline=["a"])),
    ("2022-02-14", "properties.stagingResourceGroup", minimal(stagingResourceGroup="g")),
    ("2022-07-01", "properties.optimize", minimal(optimize={"vmBoot": {"state": "Enabled"}})),
    ("2022-07-01", "properties.distribute[0].targetRegions",
     gallery(replicationRegions=["r"], targetRegions=[{"name": "r"}])),
    ("2022-07-01", "properties.distribute[0].versioning",
     gallery(replicationRegions=["r"], versioning={"scheme": "Source"})),
    ("2022-07-01", "properties.distribute[0].uri", output(type="VHD", uri="u")),
    ("2023-07-01", "properties.errorHandling", minimal(errorHandling={"onCustomizerError": "abort"})),
    ("2024-02-01", "properties.autoRun", minimal(autoRun={"state": "Enabled"})),
    ("2024-02-01", "properties.managedResourceTags", minimal(managedResourceTags={"a": "b"})),
    ("2024-02-01", "properties.vmProfile.vnetConfig.containerInstanceSubnetId",
     minimal(vmProfile={"vnetConfig": {"containerInstanceSubnetId": "s"}})),
    ("2025-10-01", "properties.additionalDataDisks", minimal(additionalDataDisks=[{"sizeGB": 1}])),
    ("2025-10-01", "properties.distribute[0].replicationMode",
     gallery(replicationRegions=["r"], replicationMode="Full")),
    ("2025-10-01", "properties.optimize.workload", minimal(optimize={"workload": {"state": "Enabled"}})),
]  # fmt: skip
# New kinds and values are found at the value.
ADDED += [
    ("2022-07-01", "properties.validate.inVMValidations[0].type", validator(type="File", sourceUri="u")),
    ("2022-07-01", "properties.distribute[0].storageAccountType",
     gallery(replicationRegions=["r"], storageAccountType="Premium_LRS")),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("since", "path", "data"), [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in ADDED])
def test_what_a_version_added_is_too_new_for_those_before(since: str, path: str, data: Any, version: str) -> None:
    for strict in (True, False):
        found = {dotted(p.path): p for p in schema_only(data, version, strict=strict) if p.code == "IMG221"}
        if version >= since:
            assert found == {}
        else:
            problem = next((p for place, p in found.items() if path.startswith(place)), None)
            assert problem is not None
            assert problem.is_error == strict
            assert version in problem.message


def test_the_message_names_the_version_that_brought_it() -> None:
    for since, path, data in ADDED:
        # The version just before: only this one thing can be too new for it.
        [problem] = schema_only(data, VERSIONS[VERSIONS.index(since) - 1], strict=True)
        assert (problem.code, dotted(problem.path)) == ("IMG221", path)
        assert f"since API version {since}" in problem.message
        assert f'"apiVersion": "{since}"' in problem.hint


def test_what_is_too_new_is_checked_by_the_newest_version() -> None:
    found = schema_only(validator(type="Bash", inline="a"), "2020-02-14", strict=False)
    assert [(p.code, dotted(p.path)) for p in found] == [
        ("IMG221", "properties.validate"),
        ("IMG226", "properties.validate.inVMValidations[0].type"),
    ]


def test_replication_regions_are_needed_until_2022_02_14() -> None:
    for version in VERSIONS:
        strict = schema_only(gallery(), version, strict=True)
        lenient = schema_only(gallery(), version, strict=False)
        wanted = [] if version > "2022-02-14" else ["IMG223"]
        assert [problem.code for problem in strict] == [problem.code for problem in lenient] == wanted
        assert all(problem.is_error for problem in strict)
        assert not any(problem.is_error for problem in lenient)


def test_the_network_words_of_2019_are_for_2019_only() -> None:
    data = minimal(vmProfile={"vnetConfig": {"name": "n", "subnetName": "s", "resourceGroupName": "g"}})
    for version in VERSIONS:
        found = schema_only(data, version, strict=True)
        assert {problem.code for problem in found} == (set() if version == "2019-05-01-preview" else {"IMG222"})


HOSTILE: list[Any] = [
    minimal(buildTimeoutInMinutes=number)
    for number in (10**5000, -(10**5000), 1e300, float("inf"), 2**31, 2**63, 2**64, -1, 1e-300)
] + [
    minimal(**{"": 1, "\x00\x1b[31m": 2, "x" * 100_000: 3, "\u202e": {}}),
    minimal(managedResourceTags={"a": 5.5, "b": [], "": {}}),
    step(type="x" * 100_000),
    step(type="PowerShell", inline=["a"], validExitCodes=[[], {}, "x" * 100_000, None, True, 1.5]),
    output(type="VHD", runOutputName="\n" * 100_000),
    minimal(source={"type": {"type": "PlatformImage"}}),
    minimal(customize=[[], None, 5, "x", {}]),
    minimal(customize={}),
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("version", ["2019-05-01-preview", "2022-07-01", "2025-10-01"])
def test_hostile_values_get_short_printable_messages(data: Any, version: str) -> None:
    found = schema_only(data, version, strict=True)
    assert found
    for problem in found:
        assert problem.message.isprintable()
        assert len(problem.message) < 300
        assert len(problem.hint) < 400


def test_half_a_character_is_said_where_it_stands() -> None:
    found = schema_only(minimal(managedResourceTags={"\ud83d": "a", "b": "\ude00"}), "2025-10-01", strict=True)
    assert [(p.code, dotted(p.path)) for p in found] == [
        ("IMG230", "properties.managedResourceTags"),
        ("IMG230", "properties.managedResourceTags.b"),
    ]


def test_a_file_full_of_mistakes_ends_in_time() -> None:
    data = minimal(**{f"key{number}": number for number in range(50_000)})
    start = time.monotonic()
    found = schema_only(data, "2025-10-01", strict=True)
    assert time.monotonic() - start < 10
    assert len(found) == 1000


def test_nothing_is_said_of_what_could_not_be_computed() -> None:
    data = minimal(customize="[variables('steps')]", vmProfile={"osDiskSizeGB": "[variables('size')]", "disk": 1})
    result = normalise(read_text(json.dumps(data), filename="t.json"), api_version="2025-10-01")
    unknown = (("properties", "Customize"), ("properties", "vmProfile", "osDiskSizeGB"))
    found = check(result.document, result.api_version, strict=True, unresolved=unknown)
    assert [dotted(problem.path) for problem in found] == ["properties.vmProfile.disk"]


def test_the_input_is_not_changed() -> None:
    data = minimal(customize=[{"type": "Bash"}], optimize=[])
    before = copy.deepcopy(data)
    schema_only(data, "2020-02-14", strict=False)
    assert data == before


def test_an_unread_document_has_nothing_to_check() -> None:
    source = SourceText("t.json", "{")
    assert check(Document(source=source, root=None), "2025-10-01", strict=True) == ()


def test_every_rule_is_complete_and_met_by_a_test_above() -> None:
    met = {code for _, _, code, _, _, _ in MISTAKES} | {"IMG221", "IMG230"}
    assert met == {rule.code for rule in RULES}
    for rule in RULES:
        assert "IMG220" <= rule.code <= "IMG239"
        assert all((rule.title, rule.cause, rule.fix, rule.example, rule.corrected, rule.source)), rule.code
