"""Random numbers to template expressions: every function of the language with arguments that it did not expect."""

from __future__ import annotations

from random import Random

from imagesmith.arm.functions import FUNCTIONS

_NAMES = sorted(row.name.replace("*", "Keys") for row in FUNCTIONS.values())
_ATOMS = (
    "''", "'a'", "'contoso-web'", "'a,b,,c'", "'{0}{1:N5}{'", "'{0:yyyy-MM-dd}'", "'{0,999999999}'", "'P1Y2M3DT4H5M6S'",
    "'2024-02-29T23:59:59Z'", "'9999-12-31'", "'////'", "'%zz%41'", "'https://a:99999/?#['", "'10.0.0.0/8'",
    "'fe80::/129'",
    "'[1, {\"a\": 1e999}]'", "'[[[[[['", "'\ud800'", "'\U0001f600'", "'it''s'", "'Microsoft.Compute/images'",
    "'x'", "'$'",
    "0", "1", "-1", "7", "2147483648", "-9223372036854775808", "9223372036854775807", "99999999999999999999999999",
    "true()", "false()", "null()", "createArray()", "createArray(1, 'a', true())", "createObject()", "utcNow()",
    "createObject('a', 1, 'b', createArray(2))", "resourceGroup()", "deployment()", "subscription()", "copyIndex()",
    "parameters('imageName')", "variables('a')", "lambda('x', lambdaVariables('x'))", "lambda('x', 'y', 1)",
    "range(0, 1000)", "padLeft('', 100000, 'x')", "environment()", "newGuid()",
)  # fmt: skip
_TAILS = ("", "", "", "", "[0]", "[-1]", "[99999999999]", ".a", ".a.b[0]", "['a']", "[true()]", ".?a", "[?0]", "[^1]")


def random_expression(random: Random) -> str:
    """A string that a deployment file takes for an expression."""
    return f"[{_call(random, depth=random.choice((1, 1, 2, 3)))}]"


def _call(random: Random, *, depth: int) -> str:
    count = random.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4))
    arguments = ", ".join(_argument(random, depth=depth - 1) for _ in range(count))
    return f"{random.choice(_NAMES)}({arguments}){random.choice(_TAILS)}"


def _argument(random: Random, *, depth: int) -> str:
    return _call(random, depth=depth) if depth > 0 and random.random() < 0.5 else random.choice(_ATOMS)
