"""How runs end: a program that says what Packers said, and ends as they do, in the place of Packer."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from imagesmith.build import BuildOptions, build_image, target_of
from imagesmith.build.left import how_to_reach
from imagesmith.build.preflight import stage_variables
from imagesmith.build.record import RunFolder
from imagesmith.build.run import Run
from imagesmith.events import (
    Event,
    ExitCode,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunResult,
    RunState,
    RunSubState,
    StepFinished,
    StepStarted,
    to_json,
)
from imagesmith.lower import ValidateOn
from imagesmith.packer import CancelToken
from imagesmith.packer.cancel import TERMINATED
from imagesmith.pipeline import Compilation, CompileOptions, compile_template
from imagesmith.plan import OnError
from imagesmith.targets import Target
from imagesmith.toolchain import AZURE, WINDOWS_UPDATE, Packer, Plugin
from imagesmith.versions import Version
from imagesmith.world import World
from tests.cases import FIXTURES, NOW, TARGETS

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/images/web"
DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/shared/images/web"
VERSION = f"{DEFINITION}/versions/1.0.7"
PROGRAM = f"""#!{sys.executable}
import json, os, signal, sys
from pathlib import Path

here = Path(__file__)
scenes = json.loads(here.with_name("scenes.json").read_text())
scene = scenes.get(f"{{sys.argv[1]}} {{Path.cwd().name}}") or scenes.get(sys.argv[1], {{}})
calls = here.with_name("calls.ndjson").open("a")
calls.write(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}) + "\\n")
calls.close()

def stop(number, frame):
    os.write(1, scene.get("last", "").encode())  # not print(): the signal may come in the middle of one
    os._exit(scene["exit"])

signal.signal(signal.SIGTERM, signal.SIG_IGN if scene.get("stubborn") else stop)
print(scene.get("text", ""), end="", flush=True)
print(scene.get("errors", ""), end="", flush=True, file=sys.stderr)
if "manifest" in scene:
    Path("manifest.json").write_text(scene["manifest"])
if scene.get("hangs"):
    while True:
        signal.pause()
if "signal" in scene:
    os.kill(os.getpid(), scene["signal"])
os._exit(scene.get("exit", 0))
"""
"""Packer as far as a run sees it: what it prints, what it writes, how it ends."""

MANIFEST = json.dumps({"builds": [{"name": "image", "builder_type": "azure-arm", "artifact_id": IMAGE}]})


def transcript(name: str) -> str:
    """What a real Packer 1.6.6 said; the number of the last step is the template's here."""
    text = (FIXTURES / "runs" / "packer-1.6" / f"{name}.txt").read_text()
    return text.replace("99-deprovision.sh", "04-deprovision.sh")


SUCCESS = transcript("success")
FAILURE = transcript("failure")
AFTER_STEPS = SUCCESS.index(",,ui,say,==> azure-arm.image: Querying the machine's properties")


def until(text: str, words: str) -> str:
    """A transcript up to the end of the line with these words."""
    return text[: text.index("\n", text.index(words)) + 1]


def ended(words: str, cause: str) -> str:
    """A transcript that is successful up to the line with these words, and then fails."""
    return (
        until(SUCCESS, words)
        + f"1790000042,,ui,error,Build 'azure-arm.image' errored after 51 seconds: {cause}\n"
        + f"1790000046,azure-arm.image,error,{cause}\n"
    )


MANAGED: Mapping[str, object] = {
    "type": "ManagedImage",
    "runOutputName": "image",
    "imageId": IMAGE,
    "location": "westeurope",
}
SHARED: Mapping[str, object] = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": VERSION}


def template(**properties: object) -> dict[str, object]:
    """A template with the steps of the transcripts."""
    return {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": "2024-02-01",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "o", "sku": "s"},
            "customize": [
                {"type": "Shell", "name": "install", "inline": ["true"]},
                {"type": "File", "name": "agent", "sourceUri": "agent.conf", "destination": "/tmp/agent.conf"},
                {"type": "Shell", "name": "harden", "inline": ["true"]},
            ],
            "distribute": [MANAGED],
            **properties,
        },
    }


@dataclass(kw_only=True)
class Stand:
    """A place for runs: a template, a program in the place of Packer, and an Azure that nobody is logged in to."""

    folder: Path
    events: list[Event] = field(default_factory=list)

    newest: bool = False
    """Whether the program is a Packer of today, with an azure plugin beside it."""
    plugins: tuple[Plugin, ...] = ()
    """Plugins of an old Packer."""

    @property
    def target(self) -> Target:
        """What templates are compiled for."""
        return TARGETS["newest" if self.newest else "1.6.6"]

    def compilation(self, **properties: object) -> Compilation:
        """The template compiled."""
        path = self.folder / "web.json"
        path.write_text(json.dumps(template(**properties)))
        (self.folder / "agent.conf").write_text("agent = on\n")
        options = CompileOptions(target=self.target, now=NOW, seed="run")
        compilation = compile_template(path, options=options)
        assert compilation.ok, compilation.diagnostics
        return compilation

    def packer(self, **scenes: Mapping[str, object]) -> Packer:
        """The program; `validate` and `build` (of stages: `build_validate`) say what it does."""
        program = self.folder / "packer"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        data = {name.replace("_", " "): scene for name, scene in scenes.items()}
        (self.folder / "scenes.json").write_text(json.dumps(data))
        if not self.newest:
            return Packer(path=program, version=Version(1, 6, 6), source="option", plugins=self.plugins)
        plugin = self.folder / "packer-plugin-azure_v2.6.3_x5.0_linux_amd64"
        plugin.write_text("")
        plugin.with_name(f"{plugin.name}_SHA256SUM").write_text("")
        azure = Plugin(source=AZURE, version=Version(2, 6, 3), path=plugin)
        return Packer(path=program, version=Version(1, 16, 0), source="option", plugins=(azure,))

    def run(
        self,
        properties: Mapping[str, object] | None = None,
        *,
        cancel: CancelToken | None = None,
        options: BuildOptions | None = None,
        public_ips: bool = True,
        **scenes: Mapping[str, object],
    ) -> RunResult:
        """A whole run."""
        world = World(
            name="nowhere",
            environment={"PATH": "/usr/bin:/bin"},
            subscription_id="11111111-2222-3333-4444-555555555555",
            gives_basic_public_ips=public_ips,
        )
        return build_image(
            self.compilation(**(properties or {})),
            packer=self.packer(**scenes),
            world=world,
            run_directory=self.folder / "runs" / "r-0001",
            on_event=self.events.append,
            cancel=cancel,
            options=options,
        )

    @property
    def calls(self) -> list[dict[str, Any]]:
        """With what the program was called."""
        path = self.folder / "calls.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def commands(self) -> list[str]:
        """What the program was asked to do."""
        return [call["arguments"][0] for call in self.calls]

    def phases(self) -> list[tuple[str, bool]]:
        """The phases that ended, and whether the run went on."""
        return [(event.phase, event.succeeded) for event in self.events if isinstance(event, PhaseFinished)]

    def steps(self) -> dict[str, str]:
        """The steps that ended, and how."""
        return {event.step: event.state.value for event in self.events if isinstance(event, StepFinished)}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh place."""
    return Stand(folder=tmp_path)


def built(**more: object) -> dict[str, object]:
    """A build that goes well."""
    return {"text": SUCCESS, "manifest": MANIFEST, **more}


def test_a_build_is_a_success_when_exit_code_records_and_manifest_agree(stand: Stand) -> None:
    """With every step told, and the output as the record names it."""
    result = stand.run(build=built())
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.OK)
    assert [(output.name, output.artifact_id, output.provisioning_state) for output in result.outputs] == [
        ("image", IMAGE, "Succeeded")
    ]
    assert set(stand.steps().values()) == {"Succeeded"}
    assert list(stand.steps()) == [
        "place-deprovisioning", "customize[0]", "customize[1]", "customize[2]", "deprovision"
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A build that does not succeed."""

    name: str
    scene: Mapping[str, object]
    code: ExitCode
    message: str
    state: RunState = RunState.FAILED
    outputs: tuple[tuple[str, str], ...] = ()
    leftovers: int = 0
    properties: Mapping[str, object] = field(default_factory=dict)


FAILING = [
    Failing(
        name="a step fails",
        scene={"text": FAILURE, "exit": 1},
        code=ExitCode.STEP,
        message="web.json:1): Script exited with non-zero exit status: 7",
    ),
    Failing(
        name="a step's time limit, of which Packer 1.6.6 says nothing",
        scene={
            "text": re.sub(r"Script exited with non-zero exit status: 7[^\n]*", "context canceled", FAILURE),
            "exit": 1,
        },
        code=ExitCode.STEP,
        message="the step took longer than its time limit [context canceled]",
    ),
    Failing(
        name="no machine",
        scene={"text": ended("Deploying deployment template", "QuotaExceeded"), "exit": 1},
        code=ExitCode.MACHINE,
        message="QuotaExceeded",
    ),
    Failing(
        name="capture fails",
        scene={"text": ended("Capturing image", "Conflict"), "exit": 1},
        code=ExitCode.MACHINE,
        message="Conflict",
    ),
    Failing(
        name="capture fails, in the words of a new Packer",
        scene={
            "text": ended("Capturing image", "Conflict").replace(
                "1790000042,,ui,error,",
                "1790000041,,ui,say,==> azure-arm.image: Provisioning step had errors: Running the cleanup"
                " provisioner%!(PACKER_COMMA) if present...\n1790000042,,ui,error,",
                1,
            ),
            "exit": 1,
        },
        code=ExitCode.MACHINE,
        message="Conflict",
    ),
    Failing(
        name="publishing fails after the managed image",
        scene={"text": ended("SIG image version", "GalleryNotFound"), "exit": 1},
        code=ExitCode.DISTRIBUTION,
        state=RunState.PARTIALLY_SUCCEEDED,
        message="GalleryNotFound",
        outputs=(("image", "Succeeded"),),
        properties={"distribute": [MANAGED, SHARED]},
    ),
    Failing(
        name="publishing fails before validators",
        scene={"text": ended("SIG image version", "GalleryNotFound"), "exit": 1},
        code=ExitCode.DISTRIBUTION,
        message="GalleryNotFound",
        outputs=(("image", "Failed"),),
        leftovers=1,
        properties={
            "distribute": [MANAGED, SHARED],
            "validate": {"inVMValidations": [{"type": "Shell", "inline": ["true"]}]},
        },
    ),
    Failing(
        name="an image on the way stays when publishing fails",
        scene={"text": ended("SIG image version", "GalleryNotFound"), "exit": 1},
        code=ExitCode.DISTRIBUTION,
        message="GalleryNotFound",
        leftovers=1,
        properties={"distribute": [SHARED]},
    ),
    Failing(
        name="the post-processor fails",
        scene={"text": ended("Running post-processor", "1 error(s): disk full"), "exit": 1},
        code=ExitCode.DISTRIBUTION,
        state=RunState.PARTIALLY_SUCCEEDED,
        message="the image was made, but Packer failed after it: 1 error(s): disk full",
        outputs=(("image", "Succeeded"),),
    ),
    Failing(
        name="exit code 0 without an image",
        scene={"text": until(SUCCESS, "Connected to SSH"), "exit": 0},
        code=ExitCode.MACHINE,
        message="Packer ended with exit code 0 and without an image",
    ),
    Failing(
        name="records without a manifest",
        scene={"text": SUCCESS},
        code=ExitCode.DISTRIBUTION,
        state=RunState.PARTIALLY_SUCCEEDED,
        message="without a manifest that can be read",
        outputs=(("image", "Succeeded"),),
    ),
    Failing(
        name="a broken manifest",
        scene={"text": SUCCESS, "manifest": '{"builds": [{'},
        code=ExitCode.DISTRIBUTION,
        state=RunState.PARTIALLY_SUCCEEDED,
        message="without a manifest that can be read",
        outputs=(("image", "Succeeded"),),
    ),
    Failing(
        name="a panic",
        scene={"text": until(SUCCESS, "01-install.sh"), "errors": "panic: runtime error\n\ngoroutine 1\n", "exit": 2},
        code=ExitCode.TOOLCHAIN,
        message="Packer or its plugin has crashed, and could not clean up [Packer crashed (exit code 2)]",
        leftovers=1,
    ),
    Failing(
        name="killed by somebody else",
        scene={"text": until(SUCCESS, "Deploying deployment template"), "signal": int(signal.SIGKILL)},
        code=ExitCode.TOOLCHAIN,
        message="Packer was ended by signal 9",
        leftovers=1,
    ),
    Failing(
        name="says nothing at all",
        scene={"exit": 1},
        code=ExitCode.TOOLCHAIN,
        message="packer build: exit code 1",
    ),
]


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_a_build_that_fails_says_whose_fault_it_was(stand: Stand, case: Failing) -> None:
    """State, exit code, message, what there is all the same, and what was left behind."""
    result = stand.run(case.properties, build_build=case.scene)
    assert (result.state, result.exit_code) == (case.state, case.code), result.message
    assert case.message in result.message
    assert tuple((output.name, output.provisioning_state) for output in result.outputs) == case.outputs
    assert len(result.leftovers) == case.leftovers, result.leftovers


def test_an_image_on_the_way_that_stays_is_no_failure_but_shows(stand: Stand) -> None:
    """Removing it needs a login, which there is none of here."""
    result = stand.run({"distribute": [SHARED]}, build=built())
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.LEFTOVERS)
    assert result.leftovers == (f"{GROUP}/providers/Microsoft.Compute/images/imagesmith-r-0001",)
    assert [output.name for output in result.outputs] == ["gallery"]


def test_what_packer_could_not_delete_shows(stand: Stand) -> None:
    """Packer ends with 0 all the same."""
    gone = "1790000045,,ui,error,==> azure-arm.image: Error deleting resource group. Please delete it manually.\n"
    result = stand.run(build=built(text=SUCCESS.replace("1790000045,", f"{gone}1790000045,", 1)))
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.LEFTOVERS)
    assert len(result.leftovers) == 1


UNSUPPORTED = "1790000000,,ui,error,Error: Unsupported argument\\n\\n  on image.pkr.hcl line 14:\n"
NOT_LOADED = "1790000000,,ui,say,???????: failed loading windows-update\\n\\nplugin exited before we could connect\n"
NOTHING_BUILT = (
    "1790000001,,ui,say,\\n==> Wait completed after 48 microseconds\n"
    "1790000001,,ui,say,\\n==> Builds finished but no artifacts were created.\n"
)


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ({"exit": 1, "text": UNSUPPORTED + NOTHING_BUILT}, "packer build: Error: Unsupported argument"),
        ({"exit": 1, "text": UNSUPPORTED}, "Unsupported argument on image.pkr.hcl line 14:"),
        ({"exit": 1, "errors": "Error loading configuration: missing brace\n"}, "missing brace"),
        ({"exit": 3}, "exit code 3"),
    ],
    ids=["by 1.6.6", "by 1.16.0", "outside of records", "without a word"],
)
@pytest.mark.parametrize("newest", [False, True], ids=["1.6.6", "newest"])
def test_packer_itself_refuses_files_as_it_starts_to_build(
    stand: Stand, newest: bool, scene: Mapping[str, object], words: str
) -> None:
    """It is not asked twice; the run ends in its phase `check`, and nothing can have been left."""
    stand.newest = newest
    result = stand.run(build=scene)
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TOOLCHAIN)
    assert words in result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]
    assert (result.failure, result.leftovers) == (None, ())
    assert stand.commands == ["build"]
    assert stand.phases()[-1] == ("check", False)


def test_a_build_passes_through_its_phases_one_after_the_other(stand: Stand) -> None:
    """Packer's look through its files is `check`; where it begins to build, the next one begins."""
    stand.run(build=built())
    assert stand.commands == ["build"]
    assert stand.phases() == [
        ("fetch", True), ("preflight", True), ("check", True), ("build", True), ("distribute", True)
    ]  # fmt: skip
    told = [event for event in stand.events if isinstance(event, PhaseStarted | PhaseFinished)]
    assert [type(event) for event in told] == [PhaseStarted, PhaseFinished] * 5, "none of them is in another"
    first = next(
        number for number, event in enumerate(stand.events) if isinstance(event, Progress) and "Running" in event.text
    )
    begun = next(event for event in stand.events[:first][::-1] if isinstance(event, PhaseStarted))
    assert (begun.phase, begun.sub_state) == ("build", RunSubState.BUILDING)


@pytest.mark.parametrize("last", [NOTHING_BUILT, ""], ids=["in order", "without a word"])
def test_a_plugin_that_does_not_load_ends_a_build_that_would_go_on(stand: Stand, last: str) -> None:
    """Packer 1.6 makes the machine all the same, and crashes at the plugin's step: it is asked to stop."""
    running = "1790000002,,ui,say,==> azure-arm.image: Running builder ...\n"
    result = stand.run(build={"text": NOT_LOADED + running, "hangs": True, "last": last, "exit": 1})
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TOOLCHAIN)
    assert "failed loading windows-update plugin exited before we could connect" in result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ({"exit": 0, "text": NOT_LOADED}, "failed loading windows-update"),
        ({"exit": 0, "errors": "2026/01/02 failed loading shell\n"}, "failed loading shell"),
        ({"exit": 1, "text": UNSUPPORTED}, "Unsupported argument"),
        ({"exit": 3}, "exit code 3"),
    ],
    ids=["failed loading", "failed loading outside of records", "refused", "without a word"],
)
def test_a_packer_that_passes_over_plugins_is_asked_before(
    stand: Stand, scene: Mapping[str, object], words: str
) -> None:
    """Packer 1.6 with a plugin: `validate` ends with 0 where it does not load, and `build` would make a machine."""
    stand.plugins = (Plugin(source=WINDOWS_UPDATE, version=None, path=stand.folder / "plugin"),)
    (stand.folder / "plugin").write_text("")
    result = stand.run(validate=scene, build=built())
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TOOLCHAIN)
    assert words in result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]
    assert stand.commands == ["validate"]
    assert stand.phases()[-1] == ("check", False)


def test_a_dry_run_asks_packer_about_every_stage(stand: Stand) -> None:
    """No build follows that would say it."""
    result = stand.run(
        VALIDATED, options=BuildOptions(dry_run=True), validate_validate={"text": UNSUPPORTED, "exit": 1}
    )
    assert (result.exit_code, stand.commands) == (ExitCode.TOOLCHAIN, ["validate", "validate"])
    assert "packer validate: Error: Unsupported argument" in result.message


def test_files_of_a_later_stage_that_packer_refuses_end_the_build_at_once(stand: Stand) -> None:
    """And not when it is their turn, an hour later; what Packer has begun it cleans up."""
    hangs = {"text": until(SUCCESS, "Deploying deployment"), "hangs": True, "last": NOTHING_BUILT, "exit": 1}
    result = stand.run(VALIDATED, validate={"text": UNSUPPORTED, "exit": 1}, build=hangs)
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TOOLCHAIN)
    assert "packer validate: Error: Unsupported argument" in result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]
    assert (result.leftovers, result.outputs) == ((), ())


VALIDATED: Mapping[str, object] = {
    "distribute": [MANAGED],
    "validate": {"inVMValidations": [{"type": "Shell", "name": "check", "inline": ["true"]}]},
}
ALONE: Mapping[str, object] = {"distribute": [], "validate": {**VALIDATED["validate"], "sourceValidationOnly": True}}  # type: ignore[dict-item]


def test_the_one_stage_of_source_validation_is_built_at_once(stand: Stand) -> None:
    """So it is not asked about before either."""
    stand.newest = True
    result = stand.run(ALONE, build={"text": UNSUPPORTED, "exit": 1})
    assert (result.exit_code, stand.commands) == (ExitCode.TOOLCHAIN, ["build"]), result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]


STARTED = until(SUCCESS, "Connected to SSH")
SHELL = "1790000025,,ui,say,==> azure-arm.image: Provisioning with shell script: /srv/scripts/"
CHECK = f"{STARTED}{SHELL}00-check.sh\n"
FAILED_AT = "1790000040,,ui,say,==> azure-arm.image: Provisioning step had errors: Running the cleanup provisioner\n"


def exits(status: int) -> str:
    """The end of a build whose step ended with this status."""
    text = f"Script exited with non-zero exit status: {status}.Allowed exit codes are: [0]"
    return f"{FAILED_AT}1790000042,,ui,error,Build 'azure-arm.image' errored: {text}\n1,azure-arm.image,error,{text}\n"


def test_a_stage_that_stops_on_purpose_is_a_success(stand: Stand) -> None:
    """Packer 1.6 cannot go without capturing, so the last step ends it with a code that was agreed."""
    scene = {"text": f"{CHECK}{SHELL}01-stop.sh\n{exits(86)}", "exit": 1}
    result = stand.run(VALIDATED, build_build=built(), build_validate=scene)
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.OK), result.message
    assert stand.steps()["validate[0]"] == stand.steps()["stop"] == "Succeeded"


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        ({"text": CHECK + exits(86), "exit": 1}, ExitCode.VALIDATION),
        ({"text": CHECK + exits(3), "exit": 1}, ExitCode.VALIDATION),
        ({"text": ended("Deploying deployment template", "QuotaExceeded"), "exit": 1}, ExitCode.MACHINE),
        ({"text": CHECK, "exit": 2}, ExitCode.TOOLCHAIN),
    ],
    ids=["the agreed code from a validator", "validator", "no machine", "crash"],
)
def test_results_that_were_not_validated_are_withdrawn(
    stand: Stand, scene: Mapping[str, object], code: ExitCode
) -> None:
    """Or named as left, where that fails."""
    result = stand.run(VALIDATED, build_build=built(), build_validate=scene)
    assert (result.state, result.exit_code) == (RunState.FAILED, code), result.message
    assert [output.provisioning_state for output in result.outputs] == ["Failed"]
    assert IMAGE in result.leftovers


def test_results_stay_where_the_template_wants_them(stand: Stand) -> None:
    """`continueDistributeOnFailure`, and what fails then is not the first cause."""
    validate = {"continueDistributeOnFailure": True, "inVMValidations": [{"type": "Shell", "inline": ["false"]}]}
    tagged = {**MANAGED, "artifactTags": {"team": "web"}}
    scene = {"text": f"{STARTED}{SHELL}00-shell.sh\n{exits(1)}", "exit": 1}
    result = stand.run({"distribute": [tagged], "validate": validate}, build_build=built(), build_validate=scene)
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.VALIDATION), result.message
    assert [output.provisioning_state for output in result.outputs] == ["Succeeded"]
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG843", "IMG810"]


def test_tags_that_cannot_be_set_leave_the_result(stand: Stand) -> None:
    """The image is there, but not as the template asks for it."""
    result = stand.run({"distribute": [{**MANAGED, "artifactTags": {"team": "web"}}]}, build=built())
    assert (result.state, result.exit_code) == (RunState.PARTIALLY_SUCCEEDED, ExitCode.DISTRIBUTION)
    assert "cannot tag" in result.message or "no login" in result.message


def cancel_at(event: type[Event], token: CancelToken, reason: str) -> Any:  # a list that acts
    """Events that ask for a cancel when one of a kind comes by."""

    class Watching(list[Event]):
        def append(self, item: Event) -> None:
            super().append(item)
            if isinstance(item, event):
                token.request(reason)

    return Watching()


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize(("reason", "code"), [("interrupted", ExitCode.CANCELLED), (TERMINATED, ExitCode.TERMINATED)])
def test_a_cancelled_run_is_cancelled_whatever_packer_ends_with(
    stand: Stand, reason: str, code: ExitCode, status: int
) -> None:
    """New Packers end with 0 now and then."""
    token = CancelToken()
    stand.events = cancel_at(StepStarted, token, reason)
    scene = {
        "text": until(SUCCESS, "01-install.sh"),
        "hangs": True,
        "exit": status,
        "last": transcript("cancel")[-600:],
    }
    result = stand.run(build=scene, cancel=token)
    assert (result.state, result.exit_code) == (RunState.CANCELED, code)
    assert "Succeeded" not in stand.steps().get("customize[0]", "")


def test_a_failure_before_the_cancel_is_the_cause(stand: Stand) -> None:
    """Somebody grows impatient while Packer cleans up."""
    token = CancelToken()
    stand.events = cancel_at(StepFinished, token, "interrupted")
    text = until(SUCCESS, "00-place-deprovisioning.sh") + FAILED_AT
    scene = {"text": text, "hangs": True, "exit": 1, "last": exits(4).removeprefix(FAILED_AT)}
    result = stand.run(build=scene, cancel=token)
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.STEP), result.message
    assert result.message.startswith("place-deprovisioning 'put the default deprovisioning script in place': Script")
    assert "exit status: 4" in result.message


def test_the_time_limit_ends_a_run(stand: Stand) -> None:
    """With an exit code of its own."""
    scene = {"text": until(SUCCESS, "01-install.sh"), "hangs": True, "exit": 1}
    result = stand.run(build=scene, options=BuildOptions(time_limit_s=1.5))
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TIMEOUT)
    assert "its limit of 1.5 seconds" in result.message


def test_a_packer_that_will_not_stop_can_be_killed(stand: Stand) -> None:
    """What it leaves is named."""
    token = CancelToken()

    class Killing(list[Event]):
        def append(self, item: Event) -> None:
            super().append(item)
            if isinstance(item, StepStarted):
                threading.Thread(target=token.kill, args=("killed",)).start()

    stand.events = Killing()
    scene = {"text": until(SUCCESS, "01-install.sh"), "hangs": True, "stubborn": True}
    result = stand.run(build=scene, cancel=token)
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert "az group delete --name IT_imagesmith_web_" in " ".join(result.leftovers)


def test_a_dry_run_makes_no_machine(stand: Stand) -> None:
    """Everything up to it is done."""
    result = stand.run(options=BuildOptions(dry_run=True))
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.OK)
    assert stand.commands == ["validate"]


def test_a_packer_that_cannot_say_the_template_is_told_at_once(stand: Stand) -> None:
    """And not as a run that took too long."""
    properties = {"distribute": [{**SHARED, "storageAccountType": "Standard_ZRS"}]}
    path = stand.folder / "web.json"
    path.write_text(json.dumps(template(**properties)))
    compilation = compile_template(path, options=CompileOptions(target=TARGETS["newest"], now=NOW, seed="run"))
    world = World(name="nowhere", environment={}, subscription_id="1")
    result = build_image(compilation, packer=stand.packer(), world=world, run_directory=stand.folder / "runs" / "r")
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TEMPLATE), result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG450"]


def test_an_azure_without_basic_addresses_is_told_before_anything_is_made(stand: Stand) -> None:
    """Packer 1.6 would ask for one."""
    result = stand.run(public_ips=False)
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.PREFLIGHT)
    assert "build" not in stand.commands
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG813"]


def test_a_file_that_cannot_be_fetched_ends_the_run(stand: Stand) -> None:
    """Before Packer is started."""
    customize = [{"type": "File", "sourceUri": "missing.conf", "destination": "/tmp/a"}]
    result = stand.run({"customize": customize}, build=built())
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.PREFLIGHT)
    assert not (stand.folder / "calls.ndjson").exists()


def test_packer_gets_the_variables_of_the_stage(stand: Stand) -> None:
    """Login, tags of the run, a group of its own for every stage; nothing of the caller's environment."""
    scene = {"text": f"{CHECK}{SHELL}01-stop.sh\n{exits(86)}", "exit": 1}
    stand.run(VALIDATED, build_build=built(), build_validate=scene)
    builds = [call["environment"] for call in stand.calls if call["arguments"][0] == "build"]
    assert [env["PKR_VAR_subscription_id"] for env in builds] == ["11111111-2222-3333-4444-555555555555"] * 2
    assert 'imagesmith-run"="r-0001"' in builds[0]["PKR_VAR_run_tags"]
    groups = {env["PKR_VAR_temp_resource_group_name"] for env in builds}
    assert len(groups) == 2
    assert all(group.startswith("IT_imagesmith_web_") and len(group) <= 90 for group in groups)
    assert "PYTEST_CURRENT_TEST" not in builds[0]


DISK: Mapping[str, object] = {
    "type": "VHD",
    "runOutputName": "disk",
    "uri": "https://contosoimages.blob.core.windows.net/vhds/web.vhd",
}
NEW = (FIXTURES / "runs" / "packer-1.16" / "success.txt").read_text().replace("99-deprovision.sh", "04-deprovision.sh")
COPYING = NEW.replace(
    "1790000041,,ui,say",
    "1790000041,,ui,say,==> azure-arm.image: Copying VHD to Storage Account ...\n1790000041,,ui,say",
    1,
)


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("Capturing image", []),
        ("Image Name", []),
        ("Copying VHD", ["image"]),
        ("Publishing to Shared", ["image", "disk"]),
        ("Running post-processor", ["image", "disk", "gallery"]),
    ],
)
def test_what_was_made_before_it_failed_is_an_output(stand: Stand, words: str, made: list[str]) -> None:
    """Packer makes managed image, VHD and gallery version in this order, and takes nothing back."""
    stand.newest = True
    error = "1790000046,azure-arm.image,error,Conflict\n"
    scene = {"text": until(COPYING, words) + error, "exit": 1}
    result = stand.run({"distribute": [MANAGED, DISK, SHARED]}, build=scene)
    assert [output.name for output in result.outputs] == made
    assert result.state is (RunState.PARTIALLY_SUCCEEDED if made else RunState.FAILED)
    assert result.exit_code is (ExitCode.DISTRIBUTION if made else ExitCode.MACHINE)


def test_a_vhd_that_validators_refuse_stays_and_shows(stand: Stand) -> None:
    """A build has no right to an account's data; the image on the way is removed, or shows as well."""
    stand.newest = True
    result = stand.run(
        {**VALIDATED, "distribute": [DISK]},
        build_build={"text": NEW, "manifest": MANIFEST},
        build_validate={"text": CHECK + exits(3), "exit": 1},
    )
    assert result.exit_code is ExitCode.VALIDATION
    assert [output.provisioning_state for output in result.outputs] == ["Failed"]
    assert result.leftovers[0].startswith("the VHD of 'disk' stays")
    assert result.leftovers[1].endswith("/images/imagesmith-r-0001")


def test_a_plugin_without_a_version_is_one_of_the_old_ones(tmp_path: Path) -> None:
    """Packer 1.6 knows the programs of that time only."""
    plugin = Plugin(source=WINDOWS_UPDATE, version=None, path=tmp_path)
    packer = Packer(path=tmp_path, version=Version(1, 6, 6), source="option", plugins=(plugin,))
    assert target_of(packer).windows_update == Version(0, 10, 1)


ABORTING: Mapping[str, object] = {
    "validate": {"inVMValidations": [{"type": "Shell", "inline": ["true"]}]},
    "errorHandling": {"onCustomizerError": "abort", "onValidationError": "abort"},
}


def test_a_machine_is_kept_where_the_template_wants_it(stand: Stand) -> None:
    """With the way in, and the way to be rid of it."""
    result = stand.run(ABORTING, build_build={"text": FAILURE, "exit": 1})
    assert result.exit_code is ExitCode.STEP
    (kept,) = result.leftovers
    assert "login-key.pem packer@" in kept
    assert "az group delete --name IT_" in kept
    assert "-on-error=abort" in stand.calls[-1]["arguments"]
    assert [found.hint for found in result.diagnostics if "--on-error abort" in found.hint] == []


def test_a_machine_that_is_gone_could_have_been_kept(stand: Stand) -> None:
    result = stand.run(build_build={"text": FAILURE, "exit": 1})
    assert result.diagnostics[0].hint.endswith("packer.log; --on-error abort keeps the machine")


@pytest.mark.parametrize(
    ("value", "reason"),
    [("tr0ub", "has 5 characters"), ("nul-\0-inside", "NUL"), ("windows\r\nline", "line ends of Windows")],
)
def test_a_value_that_can_be_no_secret_is_refused_before_the_run_begins(value: str, reason: str, stand: Stand) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        stand.run(options=BuildOptions(secrets={"MIRROR_KEY": value}))
    assert "MIRROR_KEY" in str(refused.value)
    assert value not in str(refused.value)
    assert not (stand.folder / "runs").exists()
    assert stand.calls == []


def test_a_stage_that_stops_on_purpose_always_cleans_up(stand: Stand) -> None:
    """Packer cannot tell its agreed end from a failure, and would keep the machine of every success."""
    scene = {"text": f"{STARTED}{SHELL}00-shell.sh\n{SHELL}01-stop.sh\n{exits(86)}", "exit": 1}
    options = BuildOptions(on_error=OnError.ABORT)
    stand.run(ABORTING, build_build=built(), build_validate=scene, options=options)
    assert "-on-error=abort" in stand.calls[-2]["arguments"]
    assert "-on-error=cleanup" in stand.calls[-1]["arguments"]


def test_validators_on_the_build_machine_are_validation(stand: Stand) -> None:
    """Their exit code is that of validators, wherever they run."""
    path = stand.folder / "web.json"
    path.write_text(json.dumps(template(customize=[], **VALIDATED)))
    options = CompileOptions(target=TARGETS["1.6.6"], now=NOW, seed="run", validate_on=ValidateOn.BUILD_VM)
    text = f"{STARTED}{SHELL}00-place-deprovisioning.sh\n{SHELL}01-check.sh\n{exits(3)}"
    result = build_image(
        compile_template(path, options=options),
        packer=stand.packer(build={"text": text, "exit": 1}),
        world=World(name="nowhere", environment={}, subscription_id="1", gives_basic_public_ips=True),
        run_directory=stand.folder / "runs" / "r",
    )
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.VALIDATION), result.message


@pytest.mark.parametrize(
    ("uri", "secrets"),
    [
        ("https://127.0.0.1:9/a?sv=1&sig=a+b/c3JldA==#x", ["a+b/c3JldA==", "a%2Bb%2Fc3JldA%3D%3D"]),
        ("https://127.0.0.1:9/a?sig=a%2Bb%2Fc3JldA%3D%3D&sv=1", ["a+b/c3JldA==", "a%2Bb%2Fc3JldA%3D%3D"]),
        ("https://user:pass0w%2Frd1@127.0.0.1:9/a", ["pass0w/rd1", "pass0w%2Frd1"]),
        ("https://127.0.0.1:9/a?Token=t0ken.of-mine", ["t0ken.of-mine"]),
    ],
)
def test_what_opens_an_address_stands_in_no_event_and_in_no_file_of_the_run(
    stand: Stand, uri: str, secrets: list[str]
) -> None:
    """Neither as the template has it nor as a program would print it."""
    customize = [{"type": "Shell", "scriptUri": uri}]
    compilation = stand.compilation(customize=customize)
    world = World(name="nowhere", environment={}, subscription_id="1")
    events: list[Event] = []
    with RunFolder(stand.folder / "runs" / "r", compilation, stand.packer(), world, events.append) as folder:
        for secret in secrets:
            folder.say(Progress(time=NOW, text=f"curl: (6) {uri}: {secret} refused"))
        written = b"".join(path.read_bytes() for path in folder.path.rglob("*") if path.is_file()).decode()
    said = written + json.dumps([to_json(event) for event in events]) + json.dumps(str(compilation.files))
    assert [secret for secret in secrets if secret in said] == []


STAGING: Mapping[str, object] = {
    "stagingResourceGroup": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/staging"
}


def test_a_staging_group_cannot_be_looked_for_without_a_login(stand: Stand) -> None:
    """Which is told before the first machine, where the template names the group."""
    result = stand.run(STAGING, build=built())
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.PREFLIGHT)
    (found,) = (one for one in result.diagnostics if one.is_error)
    assert found.code == "IMG810"
    assert "build" not in stand.commands


@pytest.mark.parametrize(
    ("existing", "said"), [("staging", "delete what has the tag imagesmith-run=r"), ("", "az group")]
)
def test_a_group_of_the_user_s_own_is_never_offered_for_deletion(stand: Stand, existing: str, said: str) -> None:
    """Only one that Packer has made."""
    compilation = stand.compilation(**STAGING)
    assert compilation.plan is not None
    stage = compilation.plan.stages[0]
    world = World(name="nowhere", environment={}, subscription_id="1")
    with RunFolder(stand.folder / "runs" / "r", compilation, stand.packer(), world, stand.events.append) as folder:
        run = Run(
            compilation=compilation,
            packer=stand.packer(),
            world=world,
            folder=folder,
            cancel=CancelToken(),
            options=BuildOptions(),
            variables={"build_resource_group_name": existing},
        )
        stage_variables(run, stage)
        told = how_to_reach(run, stage, "10.0.0.4")
    assert said in told
    assert ("group delete" in told) is (not existing)
