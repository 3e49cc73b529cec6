"""The short way of an ordinary line says the same as the long one: the same log and the same events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imagesmith.events import Event, Output
from imagesmith.listening import OutputLines
from imagesmith.packer import opening
from imagesmith.packer.lines import Batch, LineSplitter, Stream, batch_of
from imagesmith.packer.log import PackerLog
from imagesmith.packer.marks import StepMark
from imagesmith.packer.protocol import parse
from imagesmith.packer.reading import LineReader
from imagesmith.packer.steps import StepTracker
from imagesmith.redact import MARK, Redactor
from tests.test_steps import LINUX, PACKERS, RUNS, TIME, WINDOWS

OPENED = b"1790000010,,ui,say,==> azure-arm.image: Provisioning with shell script: /b/01-install.sh\n"
TOKEN = "correct-horse,battery"  # noqa: S105 - made up


class Short:
    """A log, and events, as a run makes them."""

    def __init__(self, folder: Path, secrets: Sequence[str], steps: Sequence[StepMark]) -> None:
        self.events: list[Event] = []
        self.spoken: list[OutputLines] = []
        redactor = Redactor(secrets)
        self._path = folder / "packer.log"
        self._path.unlink(missing_ok=True)
        self._log = PackerLog(self._path, redactor.line_redactor(), part="")
        redact = redactor.line_redactor()
        tracker = StepTracker(steps, self.events.append, redact=redact, now=lambda: TIME, monotonic=lambda: 0.0)
        self._reader = LineReader(
            tracker, take_item=lambda _item, _stream: None, take_lines=self._take, redact=redact, now=lambda: TIME
        )

    def _take(self, spoken: Sequence[OutputLines]) -> None:
        self.spoken += spoken
        self.events += [event for lines in spoken for event in lines.events()]

    def feed(self, data: bytes, sizes: Sequence[int] = ()) -> Short:
        """Packer's output, in chunks of these sizes."""
        splitter, at = LineSplitter(), 0
        for size in (*sizes, len(data)):
            for lines, cut in splitter.feed(data[at : at + size]):
                self._reader.take(self._log.take(batch_of(lines, Stream.STDOUT, cut=cut)))
            at += size
        self._log.close()
        return self

    @property
    def log(self) -> str:
        """What was logged, without its heading."""
        return self._path.read_bytes().decode().partition("\n")[2]


def long_way(data: bytes, secrets: Sequence[str], steps: Sequence[StepMark]) -> tuple[str, list[Event]]:
    """The log and the events, each line for itself."""
    redactor = Redactor(secrets)
    logged, redact = redactor.line_redactor(), redactor.line_redactor()
    events: list[Event] = []
    tracker = StepTracker(steps, events.append, redact=redact, now=lambda: TIME, monotonic=lambda: 0.0)
    log = ""
    for line in data.decode("utf-8", "replace").split("\n")[:-1]:
        plain = line.removesuffix("\r")
        log += f"{logged(plain)}\n"
        tracker.feed(parse(plain))
    return log, events


def same(folder: Path, data: bytes, secrets: Sequence[str], steps: Sequence[StepMark], sizes: Sequence[int]) -> Short:
    short = Short(folder, secrets, steps).feed(data, sizes)
    assert (short.log, short.events) == long_way(data, secrets, steps)
    return short


@pytest.mark.parametrize("name", PACKERS)
def test_what_real_packers_say_is_taken_alike(name: str, tmp_path: Path) -> None:
    for path in sorted((RUNS / name).glob("*.txt")):
        for secrets in ((), ("azure-arm.image",), ("Provisioning with",)):
            same(tmp_path, path.read_bytes(), secrets, WINDOWS if "windows" in path.name else LINUX, [7, 1000, 900])


def test_a_long_log_takes_the_short_way(tmp_path: Path) -> None:
    """Of all kinds of lines that a script prints; each batch is told as few pieces."""
    line = b"1790000010,,ui,%s azure-arm.image: Get:1 http://deb.example.net libfoo%%!(PACKER_COMMA) 100%% [42 kB]\n"
    kinds = (b"message,   ", b"say,==>", b"error,==>")
    short = Short(tmp_path, [TOKEN], LINUX).feed(OPENED + b"".join(line % kind * 400 for kind in kinds))
    assert sum(len(lines.texts) for lines in short.spoken) == 1200
    assert len(short.spoken) <= 6
    assert {lines.stream for lines in short.spoken} == {"stdout", "stderr"}
    assert {lines.step for lines in short.spoken} == {"customize[1]"}


PREFIXES = st.sampled_from(
    [
        "1790000010,,ui,message,    azure-arm.image: ",
        "1790000011,,ui,message,    azure-arm.image: ",
        "1790000010,,ui,say,==> azure-arm.image: ",
        "1790000010,,ui,error,==> azure-arm.image: ",
        "1790000010,,ui,error,    azure-arm.other (a, b): ",
        "1790000010,,ui,message,    azure-arm.image:",
        "1790000010,,ui,ask,    azure-arm.image: ",
        "1790000010,,ui,say,--> ",
        "1790000010,,ui,message,",
        "1790000010,azure-arm.image,error,",
        ",,ui,message,    azure-arm.image: ",
        "",
    ]
)
SENTENCES = st.sampled_from(
    [
        *(
            "Provisioning with shell script: /b/03-harden.sh",
            "Uploading 02-agent.conf => /tmp",
            "Running ",
            "Restarting",
        ),
        *(
            "Provisioning step had errors: ",
            "Powering off machine ...",
            "Capturing image ...",
            "Running post-processor:",
        ),
        *("Please delete manually", "Cancelling build after receiving interrupt", 'Step "StepRunSourceServer" failed'),
        *(
            ",",
            "%!(PACKER_COMMA)",
            "\\n",
            "\\r",
            "\r",
            "\\n==> azure-arm.image: ",
            "C:\\new",
            "100%",
            "é",
            "\0",
            "\x85",
        ),
        *("sig=abcdef", "?sv=1&sig%3Dabc", "design", "ab", "  ", "x" * 300),
    ]
)
PIECES = st.one_of(
    SENTENCES,
    st.text(max_size=8).map(lambda text: text.replace("\n", "")),
    st.integers(1, len(TOKEN)).map(lambda end: TOKEN[:end]),
    st.integers(0, len(TOKEN) - 1).map(lambda start: TOKEN[start:]),
    st.just(TOKEN.replace(",", "%!(PACKER_COMMA)")),
)
LINES = st.tuples(PREFIXES, st.lists(PIECES, max_size=4)).map(lambda pair: pair[0] + "".join(pair[1]))
SECRETS = st.lists(
    st.sampled_from([TOKEN, "ab", "a,b", "azure-arm", "Capturing", "one\ntwo-lines", "é-secret"]), max_size=3
)


@given(lines=st.lists(LINES, max_size=30), secrets=SECRETS, sizes=st.lists(st.integers(1, 400), max_size=8))
@example(lines=["1790000010,,ui,message,    azure-arm.image: a%!(PACKER_COMMA)b"], secrets=["a,b"], sizes=[])
@example(
    lines=[
        "1790000010,,ui,message,    azure-arm.image: token correct-",
        "1790000010,,ui,message,    azure-arm.image: horse,battery",
        "1790000010,,ui,message,    azure-arm.image: horse%!(PACKER_COMMA)battery is it",
    ],
    secrets=[TOKEN],
    sizes=[],
)
@example(
    lines=[
        f"1790000010,,ui,message,    azure-arm.image: {text}"
        for text in ("token correct-horse%!(PACKER_COMMA)batte", "ry")
    ],
    secrets=[TOKEN],
    sizes=[],
)
@example(
    lines=[f"1790000010,,ui,message,    azure-arm.image: {text}" for text in ("a\r\r", "b\\r", "\\r", "\r\r", "c\rd")],
    secrets=[],
    sizes=[],
)
def test_both_ways_say_the_same(
    lines: list[str], secrets: list[str], sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    data = OPENED + "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    same(folder, data, secrets, LINUX, sizes)


@pytest.mark.parametrize(
    "text",
    [
        "ect-apple-battery",  # how the secret ends
        "ect-apple-battery is it",
        "    tool: ect-apple-battery is it",  # what a script says may look like Packer's prefix
        "==> tool: ect-apple-battery is it",
        "    tool: orrect-apple-batter",
        "orrect-apple-batter",  # a middle piece
        "it is correct-apple-bat",  # how it begins
    ],
)
def test_pieces_of_a_secret_are_masked_on_the_short_way_too(text: str, tmp_path: Path) -> None:
    secret = "correct-apple-battery"  # noqa: S105 - made up
    line = f"1790000010,,ui,message,    azure-arm.image: {text}\n"
    short = same(tmp_path, OPENED + line.encode() * 2, [secret], LINUX, [])
    assert all(MARK in event.text for event in short.events if isinstance(event, Output))


def test_a_record_of_several_lines_takes_the_long_way_whoever_has_looked_for_secrets() -> None:
    events: list[Event] = []
    redact = Redactor().line_redactor()
    tracker = StepTracker(LINUX, events.append)
    reader = LineReader(tracker, take_item=lambda _item, _stream: None, take_lines=lambda _spoken: None, redact=redact)
    record = "1790000010,,ui,message,    azure-arm.image: one\\n    azure-arm.image: two"
    lines = [OPENED.decode().rstrip(), record]
    reader.take(Batch(lines=lines, stream=Stream.STDOUT, cut=False, suspects=()))
    assert [event.text for event in events if isinstance(event, Output)] == ["one", "two"]


def test_time_does_not_go_back_from_one_event_to_the_next() -> None:
    events: list[Event] = []
    clock = (TIME + timedelta(seconds=second) for second in count())
    redact = Redactor().line_redactor()
    tracker = StepTracker(LINUX, events.append, redact=redact, now=lambda: next(clock))
    reader = LineReader(
        tracker,
        take_item=lambda _item, _stream: None,
        take_lines=lambda spoken: events.extend(event for lines in spoken for event in lines.events()),
        redact=redact,
        now=lambda: next(clock),
    )
    said = b"1790000010,,ui,message,    azure-arm.image: said\n"
    reader.take(batch_of(said + OPENED + said + b"raw\n" + said, Stream.STDOUT))
    times = [event.time for event in events]
    assert len(times) == 6
    assert times == sorted(times)


def test_a_secret_is_masked_on_either_way(tmp_path: Path) -> None:
    begin = "1790000010,,ui,message,    azure-arm.image: "
    lines = ["before", TOKEN, "between", TOKEN.replace(",", "%!(PACKER_COMMA)"), "token correct-", "after"]
    short = Short(tmp_path, [TOKEN], LINUX).feed(OPENED + "".join(f"{begin}{line}\n" for line in lines).encode())
    told = [event.text for event in short.events if isinstance(event, Output)]
    assert told == ["before", MARK, "between", MARK, f"token {MARK}", "after"]


def test_every_sentence_of_packers_begins_with_letters_that_are_looked_at() -> None:
    """A say that is passed over without a closer look has no meaning."""
    for words in (*opening._FIRST_WORDS, *opening._ENDINGS):
        assert words[:3].isalpha()
        assert opening.may_mean_something(words)
    assert not opening.may_mean_something("Get:1 http://deb.example.net")
