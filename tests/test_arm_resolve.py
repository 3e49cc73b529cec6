"""Files in the forms that image templates come in, to the image template: parameters, loops, conditions, nesting."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imagesmith.api_versions import NEWEST
from imagesmith.arm import NO_IMAGE_TEMPLATE, Deployment, Resolution, evaluate_template
from imagesmith.arm import resolve as resolve_document
from imagesmith.diagnostics import Severity
from imagesmith.source import plain, read_text

TYPE = "Microsoft.VirtualMachineImages/imageTemplates"
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
SOURCE = {"type": "PlatformImage", "publisher": "Canonical"}


def resolve(template: object, *, files: tuple[object, ...] = (), name: str | None = None, **options: Any) -> Resolution:
    """Resolve a file; `options` are -p texts and, with an underscore in front, fields of the deployment."""
    fields = {key[1:]: value for key, value in options.items() if key.startswith("_")}
    parameters = {key: value for key, value in options.items() if not key.startswith("_")}
    documents = tuple(read_text(json.dumps(file), filename="given.parameters.json") for file in files)
    deployment = Deployment(now=NOW, seed="s", name=name, parameters=parameters, parameter_files=documents, **fields)
    return resolve_document(read_text(json.dumps(template, indent=1), filename="template.json"), deployment)


def root(resolution: Resolution) -> Any:  # JSON of any shape
    assert resolution.document is not None
    assert resolution.document.root is not None
    return plain(resolution.document.root)


def good(resolution: Resolution) -> Any:  # JSON of any shape
    assert [d for d in resolution.diagnostics if d.severity is not Severity.NOTE] == []
    return root(resolution)


def found(resolution: Resolution) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in resolution.diagnostics]


def image(**members: object) -> dict[str, object]:
    return {"type": TYPE, "apiVersion": "2024-02-01", "name": "base", **members}


def deployment(*resources: object, **sections: object) -> dict[str, object]:
    return {"contentVersion": "1.0.0.0", **sections, "resources": list(resources)}


# --- forms ---


def test_a_bare_resource_is_taken_as_it_is() -> None:
    resource = image(location="westeurope", properties={"source": SOURCE, "distribute": []})
    assert good(resolve(resource)) == resource


def test_a_bare_resource_without_a_name_gets_the_given_or_the_file_s() -> None:
    body = {"location": "westeurope", "properties": {"source": SOURCE}}
    assert good(resolve(body, _default_name="from-file"))["name"] == "from-file"
    assert good(resolve(body, name="given"))["name"] == "given"


def test_properties_alone_become_a_resource() -> None:
    assert good(resolve({"source": SOURCE, "distribute": []}))["properties"] == {"source": SOURCE, "distribute": []}


def test_the_body_of_a_rest_example_is_found() -> None:
    body = {"location": "westus", "properties": {"source": SOURCE}}
    example = {"parameters": {"api-version": "2024-02-01", "parameters": body}, "responses": {}}
    assert good(resolve(example))["location"] == "westus"


def test_members_that_are_null_or_only_steer_a_deployment_are_dropped() -> None:
    body = image(dependsOn=[], properties={"source": SOURCE, "vmProfile": {"vnetConfig": None}, "optimize": None})
    assert good(resolve(body)) == image(properties={"source": SOURCE, "vmProfile": {}})
    assert good(resolve(deployment(body | {"comments": "x"}))) == image(properties={"source": SOURCE, "vmProfile": {}})


@pytest.mark.parametrize("wrap", [lambda r: r, deployment])
def test_a_misspelt_type_is_a_warning_and_mended(wrap: Any) -> None:
    resolution = resolve(wrap(image(type="Microsoft.VirtualMachineImages", properties={})))
    assert [(d.code, d.severity, d.path) for d in resolution.diagnostics] == [("IMG102", Severity.WARNING, ("type",))]
    assert root(resolution)["type"] == TYPE


@pytest.mark.parametrize(
    "template",
    [
        [],
        "text",
        {},
        {"resources": []},
        {"type": "Microsoft.Compute/virtualMachines", "properties": {}},
        deployment({"type": "Microsoft.Compute/virtualMachines", "name": "[reference('x')]"}),
        deployment(image(existing=True)),
    ],
)
def test_a_file_without_image_template_has_its_own_rule(template: object) -> None:
    resolution = resolve(template)
    assert resolution.document is None
    assert [d.code for d in resolution.diagnostics] == [NO_IMAGE_TEMPLATE.code]


def test_a_linked_template_is_said_not_to_be_followed() -> None:
    link = {
        "type": "Microsoft.Resources/deployments",
        "name": "n",
        "properties": {"templateLink": {"uri": "https://x"}},
    }
    assert found(resolve(deployment(link))) == [("IMG132", "the linked template lies at https://x")]


def test_an_expression_in_a_bare_resource_is_not_evaluated_but_told() -> None:
    resolution = resolve(
        image(location="[resourceGroup().location]", properties={"customize": [{"inline": ["[f()]"]}]})
    )
    assert found(resolution) == [("IMG124", "'[resourceGroup().location]' is not evaluated in this kind of file")]
    assert root(resolution)["location"] == "[resourceGroup().location]"


def test_resources_may_be_listed_by_symbolic_name() -> None:
    template = {"languageVersion": "2.0", "resources": {"one": image(properties={"source": SOURCE})}}
    assert good(resolve(template)) == image(properties={"source": SOURCE})


@pytest.mark.parametrize("section", ["parameters", "variables", "resources"])
def test_sections_of_the_wrong_form_are_told(section: str) -> None:
    resolution = resolve(deployment(image()) | {section: 7})
    assert "IMG123" in [d.code for d in resolution.diagnostics]


# --- choosing ---


def test_several_image_templates_must_be_chosen_from() -> None:
    template = deployment(image(), image(name="[concat('web', '-1')]"))
    resolution = resolve(template)
    assert found(resolution) == [("IMG101", "the file holds 2 image templates: base, web-1")]
    assert resolution.other_templates == ("base", "web-1")
    chosen = resolve(template, name="WEB-1")
    assert good(chosen)["name"] == "web-1"
    assert chosen.other_templates == ("base",)
    wrong = resolve(template, name="web")
    assert found(wrong) == [("IMG101", "the file holds no image template 'web'; it holds base, web-1")]
    assert wrong.diagnostics[0].hint == "did you mean 'web-1'?"


def test_what_the_others_need_does_not_matter() -> None:
    template = deployment(
        image(), image(name="web", location="[parameters('x')]"), parameters={"x": {"type": "string"}}
    )
    assert good(resolve(template, name="base"))["name"] == "base"


def test_a_condition_switches_an_image_template_off() -> None:
    template = deployment(
        image(condition="[parameters('on')]"), parameters={"on": {"type": "bool", "defaultValue": False}}
    )
    assert [d.code for d in resolve(template).diagnostics] == ["IMG103"]
    assert good(resolve(template, on="true"))["name"] == "base"


def test_a_loop_makes_several_image_templates() -> None:
    loop = image(
        name="[concat('base-', copyIndex(1))]",
        copy={"name": "images", "count": "[length(variables('skus'))]"},
        properties={"source": {"sku": "[variables('skus')[copyIndex('images')]]"}},
    )
    template = deployment(loop, variables={"skus": ["20_04", "22_04"]})
    assert found(resolve(template)) == [("IMG101", "the file holds 2 image templates: base-1, base-2")]
    assert good(resolve(template, name="base-2"))["properties"] == {"source": {"sku": "22_04"}}


@pytest.mark.parametrize("count", ["many", -1, 801, True, "[reference('x').n]"])
def test_a_loop_that_cannot_be_run_is_told(count: object) -> None:
    resolution = resolve(deployment(image(copy={"name": "images", "count": count})))
    assert [d.code for d in resolution.diagnostics] == [
        "IMG117" if isinstance(count, str) and "(" in count else "IMG126"
    ]


# --- expressions ---


def test_expressions_stand_in_values_keys_and_loops() -> None:
    template = deployment(
        image(
            identity={"userAssignedIdentities": {"[concat('/ids/', variables('Name'))]": {}}},
            properties={
                "copy": [
                    {"name": "customize", "count": 2, "input": {"name": "[format('s{0}', copyIndex('customize'))]"}}
                ],
                "vmProfile": "[variables('profile')]",
                "buildTimeoutInMinutes": "[add(60, 20)]",
            },
        ),
        variables={"name": "x", "profile": {"size": "[concat('Standard_', 'D2')]", "none": "[null()]"}},
    )
    assert good(resolve(template)) == image(
        identity={"userAssignedIdentities": {"/ids/x": {}}},
        properties={
            "vmProfile": {"size": "Standard_D2"},
            "buildTimeoutInMinutes": 80,
            "customize": [{"name": "s0"}, {"name": "s1"}],
        },
    )


def test_variables_may_be_made_by_loops() -> None:
    variables = {
        "copy": [{"name": "regions", "count": 2, "input": "[concat('region', copyIndex('regions'))]"}],
        "inner": {"copy": [{"name": "list", "count": 1, "input": {"n": "[copyIndex('list', 5)]"}}]},
    }
    template = deployment(
        image(tags={"a": "[variables('regions')]", "b": "[variables('inner').list]"}), variables=variables
    )
    assert good(resolve(template))["tags"] == {"a": ["region0", "region1"], "b": [{"n": 5}]}


def test_a_doubled_bracket_is_an_escape() -> None:
    assert good(resolve(deployment(image(tags={"a": "[[x]", "b": "[[ x"}))))["tags"] == {"a": "[x]", "b": "[[ x"}


def test_script_lines_in_brackets_stay_and_are_told() -> None:
    lines = [
        "[ -f /etc/motd ]",
        "[Net.ServicePointManager]::Tls = [Net.Tls]::Tls12",
        "[[ -f x ]]",
        "[concat('a', 'b')]",
    ]
    resolution = resolve(deployment(image(properties={"customize": [{"inline": lines}]})))
    assert root(resolution)["properties"]["customize"][0]["inline"] == [lines[0], lines[1], "[ -f x ]]", "ab"]
    assert [(d.code, d.severity, d.path[-1]) for d in resolution.diagnostics] == [
        ("IMG121", Severity.WARNING, 0),
        ("IMG122", Severity.WARNING, 2),
    ]


def test_the_same_text_elsewhere_is_an_error() -> None:
    resolution = resolve(deployment(image(location="[ -f /etc/motd ]")))
    assert [(d.code, d.span.text if d.span else "") for d in resolution.diagnostics] == [("IMG104", "-")]
    assert resolution.unresolved == (("location",),)


def test_only_what_reaches_the_image_template_is_evaluated() -> None:
    template = deployment(
        {"type": "Microsoft.Network/virtualNetworks", "name": "[parameters('vnet')]"},
        image(location="[variables('used').place]", dependsOn=["[reference('x')]"]),
        parameters={"vnet": {"type": "string"}},
        variables={"used": {"place": "westeurope", "other": "[reference('x').y]"}, "broken": "[nonsense("},
        outputs={"x": {"type": "string", "value": "[listKeys('x', '1').a]"}},
    )
    assert good(resolve(template))["location"] == "westeurope"


def test_a_part_that_is_not_known_stops_only_who_asks_for_it() -> None:
    variables = {"used": {"place": "westeurope", "other": "[reference('x').y]"}}
    resolution = resolve(
        deployment(image(tags="[variables('used')]", location="[variables('used').other]"), variables=variables)
    )
    assert found(resolution) == [("IMG117", "the value of reference('x').y is only known while the deployment runs")]
    assert set(resolution.unresolved) == {("tags",), ("location",)}


def test_definitions_in_a_circle_are_told() -> None:
    variables = {"a": "[variables('b')]", "b": "[variables('a')]"}
    resolution = resolve(deployment(image(location="[variables('a')]"), variables=variables))
    circle = "variable 'a' is defined through itself: variable 'a' → variable 'b' → variable 'a'"
    assert found(resolution) == [("IMG109", circle)]


def test_each_missing_flag_is_told_once() -> None:
    resolution = resolve(
        deployment(
            image(location="[resourceGroup().location]", tags={"a": "[resourceGroup().id]", "b": "[subscription().id]"})
        )
    )
    assert sorted((d.message, d.hint) for d in resolution.diagnostics) == [
        ("the template asks for resourceGroup().id, subscription().id, which is not known", "give --subscription"),
        ("the template asks for resourceGroup().id, which is not known", "give --resource-group"),
        ("the template asks for resourceGroup().location, which is not known", "give --location"),
    ]


def test_functions_of_the_file_can_be_called() -> None:
    functions = [
        {
            "namespace": "contoso",
            "members": {
                "shout": {
                    "parameters": [{"name": "text", "type": "string"}],
                    "output": {"type": "string", "value": "[toUpper(parameters('text'))]"},
                },
                "twice": {
                    "parameters": [{"name": "text", "type": "string"}],
                    "output": {"type": "array", "value": ["[contoso.shout(parameters('text'))]", "x"]},
                },
            },
        }
    ]
    template = deployment(image(tags={"a": "[Contoso.twice('ab')]"}), functions=functions)
    assert good(resolve(template))["tags"] == {"a": ["AB", "x"]}
    wrong = deployment(image(tags={"a": "[contoso.shout()]", "b": "[contoso.shuot('a')]"}), functions=functions)
    assert [(d.message, d.hint) for d in resolve(wrong).diagnostics][1] == (
        "there is no function contoso.shuot()",
        "did you mean 'contoso.shout'?",
    )


# --- parameters ---

PARAMETERS = {
    "text": {"type": "string", "defaultValue": "default"},
    "number": {"type": "int", "defaultValue": 1, "minValue": 1, "maxValue": 9},
    "flag": {"type": "bool", "defaultValue": False},
    "list": {"type": "array", "defaultValue": []},
    "thing": {"type": "object", "defaultValue": {}},
    "size": {"type": "string", "defaultValue": "small", "allowedValues": ["small", "large"]},
    "short": {"type": "string", "defaultValue": "abc", "minLength": 2, "maxLength": 4},
    "derived": {"type": "string", "defaultValue": "[concat(parameters('TEXT'), '-', utcNow('yyyy'))]"},
}
ALL = deployment(image(tags={name: f"[parameters('{name}')]" for name in PARAMETERS}), parameters=PARAMETERS)


def tags(*files: object, **parameters: str) -> Any:  # JSON of any shape
    return good(resolve(ALL, files=files, **parameters))["tags"]


def test_defaults_are_used_and_may_be_expressions() -> None:
    assert tags()["text"] == "default"
    assert tags()["derived"] == "default-2024"


def test_texts_are_read_by_the_declared_type() -> None:
    given = tags(text="7", number="7", flag="TRUE", list='["a"]', thing='{"a": 1}')
    assert [given[name] for name in ("text", "number", "flag", "list", "thing")] == ["7", 7, True, ["a"], {"a": 1}]


def test_the_command_wins_over_files_and_later_files_over_earlier_ones() -> None:
    one = {
        "$schema": "x",
        "contentVersion": "1.0.0.0",
        "parameters": {"text": {"value": "one"}, "size": {"value": "LARGE"}},
    }
    two = {"text": "two", "number": 2}
    assert tags(one, two, number="3") | {"derived": ""} == tags(text="two", number="3", size="LARGE") | {"derived": ""}


def test_values_of_a_file_are_no_expressions() -> None:
    assert tags({"text": "[concat('a', 'b')]"})["text"] == "[concat('a', 'b')]"


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        ({"number": "many"}, "IMG113", "parameter 'number' must be an integer, but 'many' is not"),
        ({"flag": "1"}, "IMG113", "parameter 'flag' must be true or false, but '1' is not"),
        ({"list": "a,b"}, "IMG113", "parameter 'list' must be an array, but 'a,b' is not"),
        ({"thing": "[]"}, "IMG113", "parameter 'thing' must be an object, but its value is an array"),
        ({"number": "10"}, "IMG114", "parameter 'number' must be at most 9"),
        ({"size": "huge"}, "IMG114", "parameter 'size' must be one of small, large"),
        ({"short": "a"}, "IMG114", "parameter 'short' must have at least 2 characters"),
        ({"short": "abcde"}, "IMG114", "parameter 'short' must have at most 4 characters"),
        ({"texts": "x"}, "IMG112", "the file has no parameter and no token 'texts'"),
    ],
)
def test_wrong_values_are_told(parameters: dict[str, Any], code: str, message: str) -> None:
    assert found(resolve(ALL, **parameters)) == [(code, message)]


def test_an_unknown_name_gets_the_similar_one_as_a_hint() -> None:
    assert [d.hint for d in resolve(ALL, texts="x").diagnostics] == ["did you mean 'text'?"]


def test_a_wrong_default_is_told_where_it_stands() -> None:
    template = deployment(image(tags="[parameters('n')]"), parameters={"n": {"type": "int", "defaultValue": "three"}})
    (diagnostic,) = resolve(template).diagnostics
    assert (diagnostic.code, diagnostic.span.text if diagnostic.span else "") == ("IMG113", '"three"')


def test_all_parameters_without_value_are_in_one_diagnostic() -> None:
    names = ("one", "two", "key")
    template = deployment(
        image(tags={"a": "[concat(parameters('one'), parameters('two'))]", "b": "[parameters('key')]"}),
        parameters={name: {"type": "secureString" if name == "key" else "string"} for name in names},
    )
    (diagnostic,) = resolve(template).diagnostics
    assert (diagnostic.code, diagnostic.message) == ("IMG111", "3 parameters have no value: one, two, key")
    assert diagnostic.hint == "add -p one=… -p two=… -p key=… (key: secret, better from a file: -p key=@FILE)"


def test_the_usual_three_have_usual_values_with_a_note() -> None:
    names = ("imageTemplateName", "api-version", "svcLocation")
    template = deployment(
        image(
            name="[parameters('imagetemplatename')]",
            apiVersion="[parameters('api-version')]",
            location="[parameters('svclocation')]",
        ),
        parameters={name: {"type": "string"} for name in names},
    )
    resolution = resolve(template, _default_name="file", _location="westeurope")
    assert [root(resolution)[key] for key in ("name", "apiVersion", "location")] == ["file", NEWEST, "westeurope"]
    assert [(d.severity, d.message) for d in resolution.diagnostics] == [
        (Severity.NOTE, "parameter 'imageTemplateName' has no value; 'file' is used"),
        (Severity.NOTE, f"parameter 'api-version' has no value; '{NEWEST}' is used"),
    ]
    assert "svcLocation" in resolve(template).diagnostics[-1].message


def test_a_key_vault_reference_matters_only_where_it_is_needed() -> None:
    secret = {"parameters": {"text": {"reference": {"keyVault": {"id": "x"}, "secretName": "s"}}}}
    assert "IMG118" in [d.code for d in resolve(ALL, files=(secret,)).diagnostics]
    unused = deployment(image(), parameters=PARAMETERS)
    assert found(resolve(unused, files=(secret,))) == []
    assert tags(secret, text="given")["text"] == "given"


@pytest.mark.parametrize("file", [[], {"parameters": []}, {"parameters": {"text": "plain"}}])
def test_a_parameter_file_of_another_form_is_told(file: object) -> None:
    assert [d.code for d in resolve(ALL, files=(file,)).diagnostics] == ["IMG119"]


def test_types_may_be_defined_elsewhere_and_nullable() -> None:
    template = deployment(
        image(tags={"a": "[parameters('x')]", "b": "[coalesce(parameters('y'), 'none')]"}),
        definitions={
            "sizes": {"type": "string", "allowedValues": ["s"]},
            "maybe": {"type": "object", "nullable": True},
        },
        parameters={"x": {"$ref": "#/definitions/sizes"}, "y": {"$ref": "#/definitions/maybe"}},
    )
    assert good(resolve(template, x="s"))["tags"] == {"a": "s", "b": "none"}
    assert found(resolve(template, x="t")) == [("IMG114", "parameter 'x' must be one of s")]


def test_a_type_that_arm_does_not_have_is_told() -> None:
    template = deployment(image(tags="[parameters('x')]"), parameters={"x": {"type": "strng", "defaultValue": "a"}})
    (diagnostic,) = resolve(template).diagnostics
    assert (diagnostic.code, diagnostic.hint) == ("IMG125", "did you mean 'string'?")


def test_undeclared_names_are_told() -> None:
    resolution = resolve(
        deployment(image(location="[parameters('regoin')]"), parameters={"region": {"type": "string"}})
    )
    assert [(d.code, d.hint) for d in resolution.diagnostics] == [("IMG107", "did you mean 'region'?")]


def test_values_of_secure_parameters_are_secrets() -> None:
    template = deployment(
        image(),
        parameters={"a": {"type": "secureString"}, "b": {"type": "secureObject"}, "c": {"type": "string"}},
    )
    resolution = resolve(template, a="s3cret", b='{"x": ["deep"], "n": 1}', c="open")
    assert set(resolution.secrets) == {"s3cret", "deep"}


# --- nested deployments ---


def nested(template: dict[str, object], *, inner: bool, **more: Any) -> dict[str, object]:
    properties: dict[str, object] = {"mode": "Incremental", "template": template, **more.pop("properties", {})}
    if inner:
        properties["expressionEvaluationOptions"] = {"scope": "inner"}
    return {"type": "Microsoft.Resources/deployments", "name": "images", "properties": properties, **more}


def test_an_inner_scope_has_names_of_its_own() -> None:
    module = deployment(
        image(location="[parameters('place')]", tags={"v": "[variables('v')]", "g": "[resourceGroup().name]"}),
        parameters={"place": {"type": "string"}, "unused": {"type": "string"}},
        variables={"v": "inner"},
    )
    given = {"place": {"value": "[variables('v')]"}, "unused": {"value": "[reference('x').y]"}}
    outer = deployment(
        nested(module, inner=True, resourceGroup="[variables('group')]", properties={"parameters": given}),
        variables={"v": "outer", "group": "module-rg"},
    )
    assert good(resolve(outer)) == image(location="outer", tags={"v": "inner", "g": "module-rg"})


def test_an_outer_scope_evaluates_with_the_names_outside() -> None:
    module = deployment(image(tags={"v": "[variables('v')]"}), variables={"v": "inner"})
    assert good(resolve(deployment(nested(module, inner=False), variables={"v": "outer"})))["tags"] == {"v": "outer"}


def test_a_value_that_was_not_handed_down_is_missing() -> None:
    module = deployment(image(location="[parameters('place')]"), parameters={"place": {"type": "string"}})
    needs = nested(module, inner=True, properties={"parameters": {"place": {"value": "[parameters('where')]"}}})
    template = deployment(needs, parameters={"where": {"type": "string"}})
    assert found(resolve(template)) == [("IMG111", "1 parameter has no value: where")]
    assert good(resolve(template, where="westus"))["location"] == "westus"


def test_the_condition_and_the_loop_of_a_nested_deployment_count() -> None:
    module = deployment(image(name="[concat('n', parameters('i'))]"), parameters={"i": {"type": "int"}})
    values = {"parameters": {"i": {"value": "[copyIndex()]"}}}
    looped = nested(module, inner=True, properties=values, copy={"name": "all", "count": 2})
    assert resolve(deployment(looped)).other_templates == ("n0", "n1")
    off = nested(module, inner=True, properties=values, condition="[equals(1, 2)]")
    assert [d.code for d in resolve(deployment(off)).diagnostics] == ["IMG103"]


# --- deployments as clients send them ---


def test_a_client_s_template_is_evaluated_to_plain_resources() -> None:
    template = {
        "parameters": {"vaultName": {"type": "string"}, "vmName": {"type": "string"}, "image": {"type": "string"}},
        "variables": {"secret": "packerSecret", "location": "[resourceGroup().location]"},
        "resources": [
            {
                "type": "Microsoft.KeyVault/vaults",
                "name": "[parameters('vaultName')]",
                "location": "[variables('location')]",
                "resources": [
                    {
                        "type": "secrets",
                        "name": "[variables('secret')]",
                        "dependsOn": ["[resourceId('Microsoft.KeyVault/vaults/', parameters('vaultName'))]"],
                    }
                ],
            },
            {
                "condition": "[not(empty(parameters('image')))]",
                "type": "Microsoft.Compute/virtualMachines/extensions",
                "name": "[concat(parameters('vmName'), '/extension')]",
            },
            {
                "type": "Microsoft.Compute/virtualMachines",
                "name": "[parameters('vmName')]",
                "properties": {"state": "[reference('x').y]"},
            },
        ],
    }
    document = read_text(json.dumps(template), filename="deployment")
    assert document.root is not None
    resources = evaluate_template(
        document.root,
        {"vaultName": {"value": "kv"}, "vmName": "vm", "image": ""},
        resource_group="rg",
        subscription_id="s",
        location="westeurope",
    )
    assert resources == [
        {"type": "Microsoft.KeyVault/vaults", "name": "kv", "location": "westeurope"},
        {
            "type": "Microsoft.KeyVault/vaults/secrets",
            "name": "kv/packerSecret",
            "dependsOn": ["/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"],
        },
        {"type": "Microsoft.Compute/virtualMachines", "name": "vm", "properties": {"state": "[reference('x').y]"}},
    ]


# --- modules that use one another ---


def modules(target: str, *, symbolic: bool, full: str = "") -> dict[str, object]:
    gallery = deployment(
        parameters={"n": {"type": "string"}},
        outputs={
            "id": {"type": "string", "value": "[concat('/galleries/', parameters('n'))]"},
            "role": {"type": "string", "value": "[reference('role').roleName]"},
        },
    )
    user = deployment(image(location="[parameters('x')]"), parameters={"x": {"type": "string"}})
    first = nested(
        gallery, inner=True, name="gal", properties={"parameters": {"n": {"value": "g1"}}}, location="westus"
    )
    second = nested(user, inner=True, name="img", properties={"parameters": {"x": {"value": f"[{target}]"}}})
    return {"resources": {"gallery": first, "images": second}} if symbolic else deployment(first, second)


@pytest.mark.parametrize("symbolic", [True, False])
def test_outputs_of_a_module_in_the_file_are_known(symbolic: bool) -> None:
    place = "'gallery'" if symbolic else "extensionResourceId('/x', 'Microsoft.Resources/deployments', 'gal')"
    template = modules(f"reference({place}, '2022-09-01').outputs.id.value", symbolic=symbolic)
    assert good(resolve(template))["location"] == "/galleries/g1"
    whole = modules(f"reference({place}, '2022-09-01', 'full').location", symbolic=symbolic)
    assert good(resolve(whole))["location"] == "westus"


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("reference('gallery').outputs.role.value", "reference('role').roleName"),
        ("reference('gallery').provisioningState", "reference('gallery').provisioningState"),
        ("reference('vnet').subnets[0].id", "reference('vnet').subnets[0].id"),
        ("reference('gallery').other.x.value", "reference('gallery').other.x.value"),
    ],
)
def test_what_a_module_does_not_tell_stays_unknown(target: str, asked: str) -> None:
    (diagnostic,) = resolve(modules(target, symbolic=True)).diagnostics
    assert diagnostic.code == "IMG117"
    assert diagnostic.message == f"the value of {asked} is only known while the deployment runs"
    assert diagnostic.hint == f'give it with --resolve "{asked}=…"'


# --- loops within loops, and names that nothing has ---


def test_the_turn_without_a_name_is_the_resource_s() -> None:
    inner = {"name": "list", "count": 2, "input": "[concat(copyIndex(), '-', copyIndex('list'))]"}
    looped = image(name="[concat('n', copyIndex())]", tags={"copy": [inner]}, copy={"name": "all", "count": 3})
    assert root(resolve(deployment(looped), name="n2"))["tags"] == {"list": ["2-0", "2-1"]}


def test_the_turn_without_a_name_is_the_property_s_where_no_resource_is_repeated() -> None:
    inner = {"name": "list", "count": 2, "input": "[copyIndex(10)]"}
    assert good(resolve(deployment(image(tags={"copy": [inner]}))))["tags"] == {"list": [10, 11]}


def test_a_name_in_a_parameter_file_that_nothing_has_is_told() -> None:
    template = deployment(image(location="[parameters('place')]"), parameters={"place": {"type": "string"}})
    resolution = resolve(template, files=({"parameters": {"place": {"value": "x"}, "plase": {"value": "y"}}},))
    (diagnostic,) = resolution.diagnostics
    assert (diagnostic.code, diagnostic.severity, diagnostic.hint) == (
        "IMG112",
        Severity.WARNING,
        "did you mean 'place'?",
    )
    assert root(resolution)["location"] == "x"


def test_what_bicep_has_loaded_from_a_file_is_text() -> None:
    script = "#!/bin/bash\n[ -f /etc/motd ] && echo '{0}' ]"
    built = image(properties={"customize": [{"type": "Shell", "inline": ["[variables('$fxv#0')]"]}]})
    resolution = resolve(deployment(built, variables={"$fxv#0": script}))
    assert good(resolution)["properties"]["customize"][0]["inline"] == [script]


def test_a_loop_whose_count_is_not_known_brings_no_false_reports() -> None:
    copy = {"name": "all", "count": "[parameters('n')]"}
    looped = image(name="[concat('n', copyIndex())]", tags={"i": "[copyIndex('all')]"}, copy=copy)
    template = deployment(looped, parameters={"n": {"type": "int"}})
    assert found(resolve(template)) == [("IMG111", "1 parameter has no value: n")]


def test_a_template_that_an_expression_gives_has_names_of_its_own() -> None:
    """As Bicep compiles a module that was loaded with loadJsonContent(): its expressions are escaped."""
    loaded = deployment(image(location="[[parameters('place')]"), parameters={"place": {"type": "string"}})
    module = nested({}, inner=False, properties={"parameters": {"place": {"value": "[variables('here')]"}}})
    module["properties"]["template"] = "[variables('$fxv#0')]"  # type: ignore[index]
    template = deployment(module, variables={"$fxv#0": loaded, "here": "westus"})
    assert good(resolve(template))["location"] == "westus"
