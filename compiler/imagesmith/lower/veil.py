"""A plan to the same plan whose HCL holds no value of a secure parameter: input variables stand in their places.

Scripts are without secrets already (`imagesmith.lower.inline`). What is left are options of Packer, such as commands,
tags and ids, which Packer needs as text: it gets them from sensitive variables, and the files hold none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from imagesmith.hcl import Block, Call, Expression, Joined, Literal, Rendered, protect
from imagesmith.lower.secrets import PROTECTED, apart, numbered, slug_of, variable_of
from imagesmith.plan import BuildPlan, Stage, StepSecret, Variable
from imagesmith.redact import Redactor, too_short

_GIVEN = "given-by-a-run"
"""What `packer validate` gets for a secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Veiled:
    """A plan without secrets, and what its new input variables hold."""

    plan: BuildPlan
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def veiled(plan: BuildPlan, hidden: Mapping[str, str]) -> Veiled:
    """Take the values of secure parameters (by the parameters' names) out of a plan, in whatever encoding."""
    redactors = {name: Redactor([value]) for name, value in hidden.items() if too_short(value) is None}
    if not redactors:
        return Veiled(plan=plan)
    veil = _Veil(redactors=redactors, hidden=hidden)
    stages = tuple(veil.stage(stage) for stage in plan.stages)
    secrets = (*plan.secrets, *veil.secrets.values())
    return Veiled(plan=replace(plan, stages=stages, secrets=secrets), values=veil.values)


@dataclass(kw_only=True, slots=True)
class _Veil:
    redactors: Mapping[str, Redactor]
    hidden: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, StepSecret] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)
    """Names of the new variables of the stage."""

    def stage(self, stage: Stage) -> Stage:
        sections = tuple(replace(section, body=self._block(section.body)) for section in stage.sections)
        steps = tuple(replace(step, blocks=tuple(map(self._block, step.blocks))) for step in stage.steps)
        known = tuple(map(self._variable, stage.variables))
        variables = (*known, *(_declared(self.secrets[name]) for name in self.used))
        self.used.clear()
        return replace(stage, sections=sections, steps=steps, variables=variables)

    def _variable(self, variable: Variable) -> Variable:
        """One whose default is text of the template with a secret in it gets its value from the run as well."""
        if not isinstance(variable.default, str) or not (found := self._stretches(variable.default)):
            return variable
        self._remember(variable.name, variable.default, found[0][2])
        return replace(variable, default=None, required=True, sensitive=True, value=_GIVEN)

    def _block(self, block: Block) -> Block:
        rows = tuple((name, self._literal(value)) for name, value in block.attributes)
        return replace(block, attributes=rows, blocks=tuple(map(self._block, block.blocks)))

    def _literal(self, value: Literal) -> Literal:
        match value:
            case str() | Rendered():
                return self._text(value)
            case Expression():  # of ours, with the template's text in quotes
                return Expression(self._expression(value.text))
            case Call():
                return Call(value.function, tuple(map(self._literal, value.arguments)))
            case tuple():
                return tuple(map(self._literal, value))
            case Mapping():
                return {name: self._literal(item) for name, item in value.items()}
            case _:
                return value

    def _text(self, literal: str | Rendered) -> Literal:
        is_rendered = isinstance(literal, Rendered)
        text, shown = (literal.text, protect) if isinstance(literal, Rendered) else (literal, str)
        if not (stretches := self._stretches(text)):
            return literal
        pieces: list[str | Expression] = []
        done = 0
        for start, end, parameter in stretches:
            name = self._name(text[start:end], parameter)
            pieces += [shown(text[done:start]), Expression(PROTECTED % name if is_rendered else f"var.{name}")]
            done = end
        return Joined((*pieces, shown(text[done:])))

    def _expression(self, text: str) -> str:
        pieces, done = "", 0
        for start, end, parameter in self._stretches(text):
            pieces += f"{text[done:start]}${{var.{self._name(text[start:end], parameter)}}}"
            done = end
        return pieces + text[done:]

    def _stretches(self, text: str) -> list[tuple[int, int, str]]:
        return list(apart((*span, name) for name, one in self.redactors.items() for span in one.spans(text)))

    def _name(self, text: str, parameter: str) -> str:
        first = 1 if text == self.hidden[parameter] else 2
        name = numbered(self.values, variable_of(f"text_{slug_of(parameter)}"), text, first=first)
        self._remember(name, text, parameter)
        self.used[name] = None
        return name

    def _remember(self, variable: str, text: str, parameter: str) -> None:
        self.values[variable] = text
        self.secrets[variable] = StepSecret(name=variable, variable=variable, origin=f"parameter '{parameter}'")


def _declared(secret: StepSecret) -> Variable:
    description = f"Text of {secret.origin}."
    return Variable(name=secret.variable, description=description, sensitive=True, required=True, value=_GIVEN)
