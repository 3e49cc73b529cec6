"""Values that the user gives for what only Azure knows: `--resolve 'reference(…).id=value'`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from imagesmith.arm.calls import alike
from imagesmith.arm.evaluate import evaluate_node
from imagesmith.arm.faults import Stop
from imagesmith.arm.plain_json import plain_json
from imagesmith.arm.scope import Environment
from imagesmith.arm.spelling import spelt
from imagesmith.arm.syntax import Access, Call, Node, Step, SyntaxFault, Text, parse
from imagesmith.diagnostics import Diagnostic, Rule, Severity, SourceText, Span
from imagesmith.source import Origin, Value, wrap

UNUSED_ANSWER = Rule(
    code="IMG128",
    severity=Severity.WARNING,
    title="a value given with --resolve is not asked for",
    cause="Nothing that the image template needs asks for the value of this expression.",
    fix="copy the expression from the message that asks for it, or leave the option out",
    example="--resolve \"reference('idenity').principalId=00000000-0000-0000-0000-000000000001\"",
    corrected="--resolve \"reference('identity').principalId=00000000-0000-0000-0000-000000000001\"",
    source="architecture §3.4",
)
WRONG_ANSWER = Rule(
    code="IMG129",
    severity=Severity.ERROR,
    title="what --resolve gives a value for is no call of a function",
    cause="--resolve takes EXPRESSION=VALUE, the expression being a call such as reference('name'), perhaps with "
    "properties behind it.",
    fix="write the expression as the message that asks for the value shows it",
    example='--resolve "identity=value"',
    corrected="--resolve \"reference('identity')=value\"",
    source="architecture §3.4",
)

_SECRET = re.compile(r"list\w*|getsecret", re.IGNORECASE)
_MARKED = re.compile(r"\s*[\[{\"]|\s*-?[0-9]+\s*$|\s*(?:true|false|null)\s*$")
_API_VERSION_FOLLOWS = re.compile(r"reference|list\w*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """One value: the call that it answers, the look-ups behind it, and the text that it was given as."""

    call: Call
    steps: tuple[Step, ...]
    value: Value
    given: Span


@dataclass(kw_only=True, slots=True)
class Answers:
    """All values given for one file; `used` are those that an expression asked for."""

    answers: tuple[_Answer, ...] = ()
    faults: tuple[Diagnostic, ...] = ()
    outside: Environment | None = None
    used: set[int] = field(default_factory=set)

    def find(self, call: Call, steps: Sequence[Step], environment: Environment) -> tuple[Value, int] | None:
        """The value for a call with the look-ups behind it, and how many of those it stands for; the longest match."""
        best: tuple[int, int] | None = None
        for number, answer in enumerate(self.answers):
            if answer.call.full_name.lower() != call.full_name.lower() or len(answer.steps) > len(steps):
                continue
            if best is not None and len(answer.steps) <= best[0]:
                continue
            if self._matches(answer, call, steps, environment):
                best = len(answer.steps), number
        if best is None:
            return None
        answer = self.answers[best[1]]
        self.used.add(best[1])
        return answer.value, best[0]

    def find_text(self, call: str, environment: Environment) -> Value | None:
        """The value for a call that stands in no expression, but means the same as what the file says."""
        node = parse(f"[{call}]")
        found = self.find(node, (), environment) if isinstance(node, Call) else None
        return found[0] if found else None

    def _matches(self, answer: _Answer, call: Call, steps: Sequence[Step], environment: Environment) -> bool:
        given, asked = answer.call.arguments, call.arguments
        if len(given) > len(asked) or any(self._differ(a, b, environment) for a, b in zip(given, asked, strict=False)):
            return False
        rest = asked[len(given) :]
        if rest and not (_API_VERSION_FOLLOWS.fullmatch(call.name) and given and not _is_full(rest)):
            return False
        pairs = zip(answer.steps, steps, strict=False)
        return not any(self._differ(one.key, other.key, environment) for one, other in pairs)

    def _differ(self, given: Node, asked: Node, environment: Environment) -> bool:
        """Whether two arguments are neither written the same nor of the same value."""
        if spelt(given).lower() == spelt(asked).lower():
            return False
        if self.outside is None:
            return True
        try:
            return not alike(evaluate_node(given, self.outside), evaluate_node(asked, environment))
        except Stop:
            return True

    @property
    def secrets(self) -> list[Value]:
        """The values of keys and secrets, asked for or not."""
        return [answer.value for answer in self.answers if _SECRET.fullmatch(answer.call.name)]

    def unused(self) -> Iterator[Diagnostic]:
        """A warning for each value that nothing asked for."""
        for number, answer in enumerate(self.answers):
            if number not in self.used:
                shown = spelt(answer.call if not answer.steps else _access(answer))
                yield UNUSED_ANSWER.at((), f"nothing asks for the value of {shown}", span=answer.given)


def read_answers(given: Mapping[str, str]) -> Answers:
    """The texts of --resolve, by expression, as answers; those that cannot be read become faults."""
    answers: list[_Answer] = []
    faults: list[Diagnostic] = []
    for expression, text in given.items():
        source = SourceText("--resolve", f"{expression}={text}")
        span = Span(source, 0, len(expression))
        try:
            node = parse(f"[{expression}]")
        except SyntaxFault as error:
            at = Span(source, max(error.start - 1, 0), max(error.end - 1, 0))
            faults.append(WRONG_ANSWER.at((), f"the expression of --resolve cannot be read: {error.message}", span=at))
            continue
        call, steps = (node.target, node.steps) if isinstance(node, Access) else (node, ())
        if not isinstance(call, Call):
            faults.append(WRONG_ANSWER.at((), f"{expression} is no call of a function", span=span))
            continue
        origin = Origin(Span(source, len(expression) + 1, len(source.text)))
        answers.append(_Answer(call=call, steps=steps, value=_value(text, origin), given=span))
    return Answers(answers=tuple(answers), faults=tuple(faults))


def _value(text: str, origin: Origin) -> Value:
    """JSON where the text looks like it, else the text itself."""
    if _MARKED.match(text):
        try:
            return wrap(plain_json(text), origin)
        except ValueError:
            pass
    return Value(text, origin)


def _is_full(nodes: Sequence[Node]) -> bool:
    """Whether the arguments behind the first ask for the whole resource instead of its properties."""
    return any(isinstance(node, Text) and node.text.lower() == "full" for node in nodes)


def _access(answer: _Answer) -> Access:
    return Access(target=answer.call, steps=answer.steps, start=0, end=0)
