"""Packer's output is mapped to the template's steps, for both families of Packer, and causes are named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.diagnostics import SourceText, Span
from imagesmith.events import Event, Notice, Output, Progress, StepFinished, StepStarted
from imagesmith.hcl import Block
from imagesmith.packer.marks import StepMark, step_marks
from imagesmith.packer.protocol import parse
from imagesmith.packer.steps import StepTracker
from imagesmith.plan import Stage, StageName, Step

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "fixtures" / "runs"
TRANSCRIPTS = ROOT.parent / "shared" / "transcripts"
PACKERS = ["packer-1.6", "packer-1.16"]
TIME = datetime(2030, 1, 1, tzinfo=UTC)


def _mark(number: int, kind: str, marker: str | None = None) -> StepMark:
    return StepMark(id=f"customize[{number - 1}]", title=marker or kind, number=number, kinds=(kind,), marker=marker)


LINUX = [
    _mark(1, "shell", "00-place-deprovisioning.sh"),
    _mark(2, "shell", "01-install.sh"),
    _mark(3, "file", "02-agent.conf"),
    _mark(4, "shell", "03-harden.sh"),
    _mark(5, "shell", "99-deprovision.sh"),
]
WINDOWS = [
    _mark(1, "powershell", "01-app.ps1"),
    _mark(2, "windows-restart"),
    _mark(3, "windows-update"),
    _mark(4, "windows-restart"),
    _mark(5, "powershell", "99-deprovision.ps1"),
]


class Run:
    """A tracker that has been fed, and what it said."""

    def __init__(self, steps: list[StepMark], lines: list[str], *, stop_exit_code: int | None = None) -> None:
        self.events: list[Event] = []
        self.tracker = StepTracker(
            steps, self.events.append, stop_exit_code=stop_exit_code, now=lambda: TIME, monotonic=lambda: 0.0
        )
        for line in lines:
            self.tracker.feed(parse(line))

    @classmethod
    def of(cls, path: Path, steps: list[StepMark]) -> Run:
        return cls(steps, path.read_text().splitlines())

    def close(self, *, succeeded: bool) -> Run:
        self.tracker.close(succeeded=succeeded)
        return self

    @property
    def story(self) -> list[str]:
        """Starts and ends of steps, in order."""
        return [
            f"{event.step} {event.state if isinstance(event, StepFinished) else 'started'}"
            for event in self.events
            if isinstance(event, StepStarted | StepFinished)
        ]

    def output(self, step: str | None) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Output) and event.step == step]

    def errors(self, step: str | None) -> list[str]:
        return [e.text for e in self.events if isinstance(e, Output) and e.step == step and e.stream == "stderr"]

    @property
    def progress(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Progress)]


def _story(*states: str) -> list[str]:
    return [f"customize[{index}] {word}" for index, state in enumerate(states) for word in ("started", state)]


@pytest.mark.parametrize("packer", PACKERS)
def test_a_successful_build_shows_every_step_and_its_output(packer: str) -> None:
    run = Run.of(RUNS / packer / "success.txt", LINUX).close(succeeded=True)
    assert run.story == _story(*["Succeeded"] * 5)
    install = run.output("customize[1]")
    assert install == [
        "Selecting previously unselected package web.",
        "debconf: delaying package configuration, since apt-utils is not installed",
        "progress 100%, done",
    ]
    assert run.errors("customize[1]") == install[1:2]
    assert run.output("customize[3]") == [
        "Provisioning with shell script: I am only text",
        "Powering off is not what I do",
    ]
    assert run.output("customize[4]") == ["WARNING! The waagent service will be stopped."]
    assert run.tracker.failure is None
    assert not run.tracker.cancelled


@pytest.mark.parametrize("packer", PACKERS)
def test_what_azure_does_is_progress_and_its_details_are_not(packer: str) -> None:
    run = Run.of(RUNS / packer / "success.txt", LINUX)
    for text in ("Creating resource group ...", "Powering off machine ...", "Capturing image ...", "Connected to SSH!"):
        assert text in run.progress
    assert "Cleanup requested, deleting resource group ..." in run.progress
    assert not [text for text in run.progress if "->" in text and not text.startswith("Deleted")]
    assert any("'web'" in text for text in run.output(None))
    assert not [text for text in run.progress if "OSType" in text], "the artifact is a result, not progress"


@pytest.mark.parametrize("packer", PACKERS)
def test_a_failing_step_is_named_with_its_exit_status(packer: str) -> None:
    run = Run.of(RUNS / packer / "failure.txt", LINUX).close(succeeded=False)
    assert run.story == _story("Succeeded", "Succeeded", "Succeeded", "Failed")
    failure = run.tracker.failure
    assert failure is not None
    assert (failure.step, failure.exit_status) == ("customize[3]", 7)
    assert failure.text.startswith("Script exited with non-zero exit status: 7.")
    assert run.errors("customize[3]") == ["harden: no such device"]


@pytest.mark.parametrize("packer", PACKERS)
def test_a_cancelled_build_ends_its_step_as_cancelled(packer: str) -> None:
    run = Run.of(RUNS / packer / "cancel.txt", LINUX).close(succeeded=False)
    assert run.story == _story("Succeeded", "Succeeded", "Succeeded", "Canceled")
    assert run.tracker.cancelled
    assert "Resource group has been deleted." in run.progress


@pytest.mark.parametrize("packer", PACKERS)
def test_windows_steps_without_files_are_found_by_their_order(packer: str) -> None:
    run = Run.of(RUNS / packer / "windows-failure.txt", WINDOWS).close(succeeded=False)
    assert run.story == _story("Succeeded", "Succeeded", "Succeeded", "Succeeded", "Failed")
    assert "Installed to C:\\new\\reports" in run.output("customize[0]")
    assert run.errors("customize[0]") == ["At C:\\Windows\\Temp\\script-1.ps1:3 char:1"]
    assert "restarted." in run.output("customize[1]")
    assert "No Windows updates found" in run.output("customize[2]")
    assert run.tracker.failure is not None
    assert run.tracker.failure.exit_status == 3010


@pytest.mark.parametrize("packer", PACKERS)
def test_a_file_that_packer_cannot_read_is_a_failure_without_step(packer: str) -> None:
    run = Run.of(RUNS / packer / "invalid.txt", LINUX).close(succeeded=False)
    assert run.story == []
    assert run.tracker.failure is not None
    assert run.tracker.failure.text == "Error: Unsupported argument"
    assert 'An argument named "os_typ" is not expected here. Did you mean "os_type"?' in run.errors(None)


@pytest.mark.parametrize(
    ("name", "story", "output"),
    [
        ("success", _story("Succeeded"), {"hello", "a,b", "progress 100%", "to-stderr"}),
        ("failure", _story("Failed"), {"before"}),
        ("cancel", _story("Canceled"), {"hello"}),
        ("invalid", [], set()),
    ],
)
def test_the_transcripts_of_real_packers_tell_the_same(name: str, story: list[str], output: set[str]) -> None:
    for path in TRANSCRIPTS.glob(f"packer-*-{name}.txt"):
        run = Run.of(path, [_mark(1, "shell", "01-step.sh")]).close(succeeded=name == "success")
        assert run.story == story, path.name
        assert output <= set(run.output("customize[0]")), path.name
        assert len(run.output("customize[0]")) <= len(output) + 1, path.name


B = "1,,ui,say,==> azure-arm.image: "


def test_a_retried_step_is_the_same_step() -> None:
    script = f"{B}Provisioning with shell script: /b/scripts/00-place-deprovisioning.sh"
    run = Run(LINUX, [script, f"{B}first", script, f"{B}second"])
    assert run.story == ["customize[0] started"]
    assert run.output("customize[0]")[0] == "first"
    assert run.output("customize[0]")[-1] == "second"


def test_a_powershell_step_that_is_tried_again_is_the_same_step() -> None:
    """Packer announces each try without the file first, as it would the next step. Only as many tries as there may be
    are believed: a script can print what Packer says, and new Packers print both alike."""
    marks = [
        StepMark(id="a", title="a", number=1, kinds=("powershell",), marker="a.ps1", retries=1),
        StepMark(id="b", title="b", number=2, kinds=("powershell",), marker="b.ps1"),
        StepMark(id="c", title="c", number=3, kinds=("windows-restart",)),
    ]
    again = f'{B}Provisioner failed with "Script exited with non-zero exit status: 7", retrying with 1 trie(s) left'
    announced, restart = f"{B}Provisioning with Powershell...", f"{B}Restarting Machine"
    first, second = (f"{B}Provisioning with powershell script: /b/scripts/{name}.ps1" for name in "ab")
    run = Run(marks, [announced, first, again, announced, first, announced, second, again, restart])
    assert run.story == ["a started", "a Succeeded", "b started", "b Succeeded", "c started"]
    run = Run(marks, [announced, first, again, again, announced, announced])
    assert run.story == ["a started", "a Succeeded", "b started"]


def test_a_script_cannot_end_the_steps_with_packers_words() -> None:
    lines = [
        f"{B}Provisioning with shell script: /b/scripts/00-place-deprovisioning.sh",
        f"{B}Capturing image ...",
        f"{B}Restarting Machine",
        f"{B}Provisioning with shell script: /b/scripts/unknown.sh",
        f"{B}Provisioning with shell script: /b/scripts/01-install.sh",
        f"{B}Provisioning with shell script: /b/scripts/00-place-deprovisioning.sh",
    ]
    run = Run(LINUX, lines)
    assert run.story == ["customize[0] started", "customize[0] Succeeded", "customize[1] started"]
    assert "Capturing image ..." in run.output("customize[0]")


def test_output_on_stderr_is_neither_a_failure_nor_an_opening() -> None:
    lines = [
        "1,,ui,error,==> azure-arm.image: Provisioning with shell script: /b/scripts/01-install.sh",
        "1,,ui,error,==> azure-arm.image: Error: everything is lost",
    ]
    run = Run(LINUX, lines)
    assert run.story == []
    assert run.tracker.failure is None


def test_steps_of_unknown_kinds_do_not_hide_the_end() -> None:
    steps = [_mark(1, "shell", "01-a.sh"), _mark(2, "ansible")]
    lines = [f"{B}Provisioning with shell script: /b/01-a.sh", f"{B}Powering off machine ...", f"{B}later"]
    run = Run(steps, lines)
    assert run.story == _story("Succeeded")
    assert run.progress == ["Powering off machine ...", "later"]


def test_an_agreed_exit_code_of_the_last_step_is_a_success() -> None:
    steps = [_mark(1, "shell", "01-check.sh"), _mark(2, "shell", "02-stop.sh")]

    def stopped(code: int, last: str) -> Run:
        lines = [f"{B}Provisioning with shell script: /b/01-check.sh"]
        lines += [f"{B}Provisioning with shell script: /b/02-stop.sh"] if last == "02-stop.sh" else []
        lines += [
            f"{B}Provisioning step had errors: Running the cleanup provisioner%!(PACKER_COMMA) if present...",
            f"{B}Removing the created Deployment object: 'x'",
            f"1,azure-arm.image,error,Script exited with non-zero exit status: {code}. Allowed exit codes are: [0]",
        ]
        return Run(steps, lines, stop_exit_code=86).close(succeeded=False)

    assert stopped(86, "02-stop.sh").story == _story("Succeeded", "Succeeded")
    assert stopped(86, "02-stop.sh").tracker.stopped_on_purpose
    assert "Removing the created Deployment object: 'x'" in stopped(86, "02-stop.sh").progress
    assert stopped(1, "02-stop.sh").story == _story("Succeeded", "Failed")
    assert not stopped(1, "02-stop.sh").tracker.stopped_on_purpose
    assert stopped(86, "01-check.sh").story == _story("Failed")
    assert not stopped(86, "01-check.sh").tracker.stopped_on_purpose


def test_a_packer_that_dies_in_a_step_fails_the_step() -> None:
    run = Run(LINUX, [f"{B}Provisioning with shell script: /b/scripts/00-place-deprovisioning.sh", "panic: oh no"])
    assert run.tracker.current == LINUX[0]
    assert run.close(succeeded=False).story == _story("Failed")
    assert run.output("customize[0]") == ["panic: oh no"]


@pytest.mark.parametrize(
    ("cause", "step"), [("Code=Conflict", None), ("Script exited: exit status: 3", "customize[0]")]
)
def test_what_fails_after_the_steps_is_no_steps_fault(cause: str, step: str | None) -> None:
    """Packer says that a provisioning step had errors whatever failed. A script that prints Packer's words is told by
    its exit code."""
    lines = [
        "1,,ui,say,==> a.b: Provisioning with shell script: x/00-place-deprovisioning.sh",
        "1,,ui,say,==> a.b: Generalizing machine ...",
        "1,,ui,say,==> a.b: Provisioning step had errors: Running the cleanup provisioner",
        f"1,a.b,error,{cause}",
    ]
    run = Run(LINUX[:1], lines).close(succeeded=False)
    assert run.tracker.failed_step == step
    assert run.tracker.failure is not None
    assert run.tracker.failure.step == step


def test_the_error_record_is_the_best_cause() -> None:
    lines = [
        "1,,ui,error,Build 'azure-arm.image' errored after 1 second: the long%!(PACKER_COMMA) wrapped text",
        "1,azure-arm.image,error,the text",
    ]
    run = Run(LINUX, lines[:1])
    assert run.tracker.failure is not None
    assert run.tracker.failure.text == "the long, wrapped text"
    assert Run(LINUX, lines).tracker.failure == Run(LINUX, lines[1:]).tracker.failure


def test_resources_that_packer_leaves_are_reported() -> None:
    text = "Error deleting resource. Please delete manually.\\n\\nName: pkr-Resource-Group-x"
    run = Run(LINUX, [f"1,,ui,error,==> azure-arm.image: {text}", f"{B}aborted: skipping cleanup of step StepDeploy"])
    assert len(run.tracker.leftovers) == 2
    assert len([event for event in run.events if isinstance(event, Notice)]) == 2


def test_every_text_is_redacted() -> None:
    events: list[Event] = []
    tracker = StepTracker(
        LINUX, events.append, redact=lambda text: text.replace("hunter2", "***"), now=lambda: TIME, monotonic=lambda: 0
    )
    for line in (
        f"{B}hunter2",
        f"{B} -> x : hunter2",
        f"{B}Provisioning with shell script: /b/00-place-deprovisioning.sh",
        f"{B}hunter2",
        "hunter2 raw",
        "1,azure-arm.image,error,hunter2 failed",
        f"{B}Please delete manually hunter2",
    ):
        tracker.feed(parse(line))
    tracker.close(succeeded=False)
    assert "hunter2" not in repr(events) + repr(tracker.failure) + repr(tracker.leftovers)


def test_ten_thousand_steps_cost_no_more_a_line_than_one() -> None:
    steps = [_mark(number, "shell", f"{number:05}-x.sh") for number in range(1, 10_001)]
    lines = [f"{B}Provisioning with shell script: /b/00001-x.sh", *[f"{B}line {n}" for n in range(5000)]]
    assert len(Run(steps, lines).output("customize[0]")) == 5000


texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "Provisioning with shell script: /b/scripts/01-install.sh",
            "Provisioning with shell script: /b/scripts/03-harden.sh",
            "Uploading /b/files/02-agent.conf => /tmp/agent.conf",
            "Restarting Machine",
            "Capturing image ...",
            "Provisioning step had errors: Running the cleanup provisioner",
            "Build 'b' errored after 1 s: x",
            "Cancelling build after receiving terminated",
            "Please delete manually",
            "--> b: x",
        ]
    ),
)
records = st.builds(
    lambda level, prefix, text: f"1,,ui,{level},{prefix}{text}",
    st.sampled_from(["say", "error", "message", "other"]),
    st.sampled_from(["==> b: ", "    b: ", ""]),
    texts,
)


@given(st.lists(st.one_of(records, texts, st.just("1,b,error,x"), st.just("1,b,error")), max_size=30), st.booleans())
def test_whatever_packer_says_steps_begin_once_in_order_and_end(lines: list[str], succeeded: bool) -> None:
    story = Run(LINUX, lines).close(succeeded=succeeded).story
    started = [int(part[10]) for part in story if part.endswith("started")]
    assert started == sorted(set(started))
    assert [part.split()[0] for part in story[::2]] == [part.split()[0] for part in story[1::2]]


def test_marks_are_made_from_the_plan_and_the_template() -> None:
    source = SourceText("image.json", "one\ntwo\nthree")
    steps = (
        Step(
            id="deprovision",
            kind="own",
            title="Prepare",
            path=None,
            blocks=(Block(type="provisioner", labels=("shell",)),),
        ),
        Step(
            id="customize[0]",
            kind="File",
            title="Upload",
            path=("properties", "customize", 0),
            blocks=(Block(type="provisioner", labels=("shell",)), Block(type="provisioner", labels=("file",))),
            marker="02-agent.conf",
        ),
    )
    stage = Stage(name=StageName.BUILD, sections=(), steps=steps)
    first, second = step_marks(stage, lambda path: Span(source, 4, 7) if path else None)
    assert (first.number, first.kinds, first.file, first.line) == (1, ("shell",), None, None)
    assert (second.number, second.kinds, second.file, second.line) == (2, ("shell", "file"), "image.json", 2)
    assert second.marker == "02-agent.conf"
