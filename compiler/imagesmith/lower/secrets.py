"""Secrets to environment variables of the steps that use them; never to text of a script or of HCL.

Two kinds: what the caller gives by name goes to every script of the template (not to our own steps), and a secure
parameter whose value stands in an `inline` text is taken out of it, where the script certainly means the same with a
reference in its place.

Packer's own way depends on the shell (packer.md §6.1, §6.2). For sh the variables go into a file that only the build
user can read, since otherwise they would stand on the command line of the machine; Packer removes it after the script.
For PowerShell there always is such a file. It is read in the machine's code page, and Packer renders its values as Go
templates until they no longer change, so they travel as base64, and the assignment itself decodes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from imagesmith.diagnostics import Path, Rule, Severity
from imagesmith.hcl import Expression, Joined, Literal, unfit
from imagesmith.lower.quoting import powershell_with_references, shell_with_references
from imagesmith.lower.words import Lowering
from imagesmith.plan import StepSecret
from imagesmith.redact import too_short

SECRET_IN_SCRIPT = Rule(
    code="IMG870",
    severity=Severity.WARNING,
    title="a secret stands as text in a script",
    cause="The value of a secure parameter is put into `inline`, in a place where it cannot be replaced by a reference"
    " to an environment variable with certainty. The script is a file, and the machine may keep it.",
    fix='give the secret to the step with --secret NAME=file:PATH and write "$NAME" in the script, in PowerShell'
    " $env:NAME",
    example="\"inline\": [\"[concat('echo `login ', parameters('password'), '`')]\"]",
    corrected='"inline": ["login "$PASSWORD""]   (--secret PASSWORD=env:PASSWORD)',
    source="packer.md §6.1",
)

AS_ROOT_WITH_FILE = "chmod +x {{ .Path }}; . {{ .EnvVarFile }} && sudo -n -E {{ .Path }}"
"""As root, with the variables of the file (lowering.md §4.2)."""
_DECODE = (
    "$env:%s = & { param($v) if ($v.StartsWith('base64:')) "
    '{ [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($v.Substring(7))) } else { $v } } "%s"; '
)
"""Packer puts its own variables (PACKER_BUILD_NAME …) through the same form, as they are."""
_PROTECTED = 'replace(var.%s, "{{", "{{`{{`}}")'
"""sh's values are rendered once (packer.md §5.6)."""


def variable_of(name: str) -> str:
    """The input variable of the HCL that holds the value of an environment variable."""
    return f"secret_{name.lower()}"


def reference_name(parameter: str) -> str:
    """The environment variable for a secure parameter."""
    return "IMAGESMITH_SECRET_" + re.sub("[^A-Z0-9]+", "_", parameter.upper()).strip("_")


def values_of(hidden: Mapping[str, str], secrets: Iterable[StepSecret]) -> dict[str, str]:
    """The values that the HCL's variables get from secure parameters; `hidden` is by the names of the parameters."""
    known = {variable_of(reference_name(parameter)): value for parameter, value in hidden.items()}
    return {secret.variable: known[secret.variable] for secret in secrets if secret.variable in known}


def without_secrets(
    lines: Sequence[str], path: Path, lowering: Lowering, *, windows: bool
) -> tuple[Sequence[str], tuple[str, ...]]:
    """An `inline` text whose secrets are references, and the names of these; said is where that cannot be done."""
    text = ("\r\n" if windows else "\n").join(lines)
    standing = {parameter: value for parameter, value in lowering.options.hidden.items() if value in text}
    used = {reference_name(parameter): value for parameter, value in standing.items() if _fit(value, windows=windows)}
    rewrite = powershell_with_references if windows else shell_with_references
    result = rewrite(text, used) if used else None
    for parameter, value in lowering.options.hidden.items():
        if too_short(value) is None and lowering.tells(text if result is None else result, parameter):
            lowering.say(SECRET_IN_SCRIPT, path, f"the value of parameter '{parameter}' stands as text in the script")
    if result is None:
        return lines, ()
    for parameter in standing:
        name = reference_name(parameter)
        if name in used:
            declare(name, f"parameter '{parameter}'", lowering)
    return [result], tuple(sorted(used))


def _fit(value: str, *, windows: bool) -> bool:
    """Whether a value reaches the machine unchanged (Packer turns CR LF into LF on the way to sh)."""
    return too_short(value) is None and unfit(value) is None and (windows or "\r" not in value)


def declare(name: str, origin: str, lowering: Lowering) -> None:
    """Make the input variable for an environment variable."""
    secret = StepSecret(name=name, variable=variable_of(name), origin=origin)
    lowering.secrets[name] = secret
    lowering.variable(
        secret.variable,
        f"Secret of steps, as {name} in their environment.",
        sensitive=True,
        required=True,
        value="given-by-a-run",
    )


def environment(
    names: Sequence[str], kind: str, *, as_root: bool = False, elevated: bool = False
) -> tuple[tuple[str, Literal], ...]:
    """The options of a provisioner that gives secrets to its script."""
    if not names:
        return ()
    if kind == "powershell":
        pairs = tuple(
            Joined((f"{name}=base64:", Expression(f"base64encode(var.{variable_of(name)})"))) for name in names
        )
        form = "elevated_env_var_format" if elevated else "env_var_format"
        return (("environment_vars", pairs), (form, _DECODE))
    pairs = tuple(Joined((f"{name}=", Expression(_PROTECTED % variable_of(name)))) for name in names)
    rows: tuple[tuple[str, Literal], ...] = (("environment_vars", pairs), ("use_env_var_file", True))
    return (*rows, ("execute_command", AS_ROOT_WITH_FILE)) if as_root else rows
