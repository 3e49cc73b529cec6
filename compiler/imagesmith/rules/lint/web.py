"""Downloads in PowerShell steps: what Windows PowerShell 5.1 lacks on a machine where nobody ever opened a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate, PlatformImage
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.powershell import Command
from imagesmith.rules.lint.scripts import PowerShellCheck, PowerShellScript

BASIC_PARSING = Rule(
    code="IMG535",
    severity=Severity.WARNING,
    title="Invoke-WebRequest needs Internet Explorer's engine here",
    cause="Windows PowerShell reads the answer by Internet Explorer's engine, which does not work before somebody has"
    " opened that browser, and which newer updates guard by a question: 'The response content cannot be parsed'."
    " With -OutFile the answer is only saved.",
    fix="add -UseBasicParsing",
    example='{"type": "PowerShell", "inline": ["$page = Invoke-WebRequest https://example.com/version.txt"]}',
    corrected='{"type": "PowerShell", "inline": ["$page = Invoke-WebRequest -UseBasicParsing'
    ' https://example.com/version.txt"]}',
    source="Invoke-WebRequest of Windows PowerShell 5.1, -UseBasicParsing",
)
OLD_TLS = Rule(
    code="IMG536",
    severity=Severity.WARNING,
    title="this Windows does not offer TLS 1.2 by itself",
    cause="PowerShell on Windows Server 2012 R2 and 2016 offers TLS 1.0 unless told otherwise, and most servers refuse"
    " it: 'Could not create SSL/TLS secure channel'.",
    fix="begin with '[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12'",
    example='{"source": {"sku": "2016-Datacenter"}, "customize": [{"type": "PowerShell",'
    ' "inline": ["Invoke-WebRequest https://example.com/app.zip -OutFile C:\\\\app.zip"]}]}',
    corrected='{"source": {"sku": "2019-Datacenter"}, "customize": [{"type": "PowerShell",'
    ' "inline": ["Invoke-WebRequest https://example.com/app.zip -OutFile C:\\\\app.zip"]}]}',
    source="Microsoft, Transport Layer Security best practices with the .NET Framework",
)

_REQUESTS = frozenset({"invoke-webrequest", "iwr", "wget", "curl"})
_WEB = _REQUESTS | {"invoke-restmethod", "irm", "install-module", "install-packageprovider", "start-bitstransfer"}
_TLS = Pattern(r"Tls1[23]|SchUseStrongCrypto|SecurityProtocol", re.IGNORECASE)
_OLD = Pattern(r"2012|2016", re.IGNORECASE)


def check_parsing(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Requests whose answer is read without -UseBasicParsing."""
    for command in script.commands:
        if command.name not in _REQUESTS or not command.arguments or not _is_cmdlet(command):
            continue
        if command.has("UseBasicParsing", shortest=4) or command.is_splatted:
            continue
        if not command.has("OutFile", shortest=1) or command.has("PassThru", shortest=2):
            yield script.at(BASIC_PARSING, command)


def _is_cmdlet(command: Command) -> bool:
    """Whether it is the cmdlet or its alias, used as such, and not the program curl or wget."""
    if command.words[0].text.lower().endswith(".exe"):
        return False
    options = [text for text in command.arguments if text.startswith("-")]
    return command.name not in ("curl", "wget") or all(re.match(r"-[A-Z][a-z]{2}", text) for text in options)


def check_tls(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """The first request of a script on an old Windows Server."""
    if not _is_old(script.template) or script.mentions(_TLS):
        return
    for command in script.commands:
        # Install-Module and its kind have no address; of the others only https is concerned.
        if command.name in _WEB and not any(text.startswith("http://") for text in command.arguments):
            yield script.at(OLD_TLS, command)
            return


def _is_old(template: ImageTemplate) -> bool:
    source = template.source
    is_server = isinstance(source, PlatformImage) and (source.publisher or "").lower() == "microsoftwindowsserver"
    return is_server and bool(_OLD.match(source.sku or ""))  # type: ignore[union-attr]


CHECKS: tuple[PowerShellCheck, ...] = (check_parsing, check_tls)
