"""What stopped evaluations, to diagnostics: missing values together in one, each unknown value once."""

from __future__ import annotations

from collections.abc import Iterable

from imagesmith.arm.faults import (
    MISSING_PARAMETERS,
    MISSING_SURROUNDINGS,
    RUNTIME_VALUE,
    Finding,
    MissingFlag,
    MissingParameter,
    Problem,
    RuntimeValue,
)
from imagesmith.diagnostics import Diagnostic, Span


def report(findings: Iterable[Finding], *, command: str = "-p") -> tuple[Diagnostic, ...]:
    """Findings as diagnostics: one for all parameters without a value, one for flags missing together, the rest."""
    distinct = tuple(dict.fromkeys(findings))
    diagnostics = [finding.diagnostic for finding in distinct if isinstance(finding, Problem)]
    missing = {finding.name: finding for finding in distinct if isinstance(finding, MissingParameter)}
    if missing:
        diagnostics.append(_missing(tuple(missing.values()), command))
    flags: dict[str, list[MissingFlag]] = {}
    for finding in distinct:
        if isinstance(finding, MissingFlag):
            flags.setdefault(finding.flag, []).append(finding)
    together: dict[tuple[tuple[str, Span], ...], list[str]] = {}
    for flag, uses in flags.items():
        together.setdefault(tuple((use.what, use.span) for use in uses), []).append(flag)
    diagnostics.extend(_flags(names, uses) for uses, names in together.items())
    diagnostics.extend(_unknown(found) for found in _first_of_each(distinct))
    return tuple(diagnostics)


def _first_of_each(findings: Iterable[Finding]) -> Iterable[RuntimeValue]:
    """Each unknown value once, where it is asked for first."""
    first: dict[str, RuntimeValue] = {}
    for finding in findings:
        if isinstance(finding, RuntimeValue):
            first.setdefault(finding.expression, finding)
    return first.values()


def _unknown(found: RuntimeValue) -> Diagnostic:
    message = f"the value of {found.expression} is only known while the deployment runs"
    quoted = found.expression if '"' not in found.expression else found.expression.replace('"', '\\"')
    given = f'--resolve "{quoted}=…"'
    hint = f"give it with -p {found.parameter}=…, or with {given}" if found.parameter else f"give it with {given}"
    return RUNTIME_VALUE.at((), message, hint=hint, span=found.span, via=found.via)


def _missing(missing: tuple[MissingParameter, ...], command: str) -> Diagnostic:
    names = ", ".join(finding.name for finding in missing)
    verb = "parameter has" if len(missing) == 1 else "parameters have"
    line = " ".join(f"{command} {finding.name}=…" for finding in missing)
    secure = [finding.name for finding in missing if finding.secure]
    note = f" ({', '.join(secure)}: secret, better from a file: {command} {secure[0]}=@FILE)" if secure else ""
    return MISSING_PARAMETERS.at(
        (), f"{len(missing)} {verb} no value: {names}", hint=f"add {line}{note}", span=missing[0].declared
    )


def _flags(flags: list[str], uses: tuple[tuple[str, Span], ...]) -> Diagnostic:
    """One diagnostic for all flags that the same places need."""
    asked = ", ".join(dict.fromkeys(what for what, _ in uses))
    message = f"the template asks for {asked}, which is not known"
    return MISSING_SURROUNDINGS.at((), message, hint=f"give {' and '.join(flags)}", span=uses[0][1])
