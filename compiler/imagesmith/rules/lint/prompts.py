"""Shell steps that wait for somebody: nobody sits at the build machine, and its scripts have no terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.scripts import ShellCheck, ShellScript
from imagesmith.rules.lint.shell import Command

INSTALL_ASKS = Rule(
    code="IMG500",
    severity=Severity.WARNING,
    title="the package manager asks before it installs",
    cause="Package managers ask 'Do you want to continue?' unless they are told not to. Scripts of a build have no"
    " terminal: the answer is 'no', and the step fails ('Abort.').",
    fix="add -y",
    example='{"type": "Shell", "inline": ["sudo apt-get install nginx"]}',
    corrected='{"type": "Shell", "inline": ["sudo apt-get install -y nginx"]}',
    source="apt-get(8), yum(8), dnf(8), zypper(8)",
)
WAITS_FOR_INPUT = Rule(
    code="IMG501",
    severity=Severity.WARNING,
    title="the command waits for input that nobody gives",
    cause="Scripts of a build have no terminal. A command that asks a question ends at once with an error, or waits"
    " until the build's time is over.",
    fix="give the answer by an option, or by '<<<' or a pipe",
    example='{"type": "Shell", "inline": ["read -p \'Proceed? \' answer"]}',
    corrected='{"type": "Shell", "inline": ["answer=yes"]}',
    source="the commands' manual pages; demand.md §2 row 3",
)

_APT_VERBS = frozenset(
    {"install", "upgrade", "dist-upgrade", "full-upgrade", "remove", "purge", "autoremove", "build-dep"}
)
_RPM_VERBS_WORDS = (
    "install update upgrade remove erase autoremove groupinstall localinstall reinstall downgrade distro-sync"
    " group swap"
)
_RPM_VERBS = frozenset(_RPM_VERBS_WORDS.split())
_ZYPPER_VERBS_WORDS = "install in update up remove rm patch dup dist-upgrade install-new-recommends inr"
_ZYPPER_VERBS = frozenset(_ZYPPER_VERBS_WORDS.split())
_MANAGERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"), _APT_VERBS),
    **dict.fromkeys(("yum", "dnf", "tdnf", "microdnf"), _RPM_VERBS),
    "zypper": _ZYPPER_VERBS,
}
# `-qq` of apt implies -y; simulations and downloads alone change nothing (apt-get(8)).
_APT_QUIET = Pattern(
    r"-[a-zA-Z]*y[a-zA-Z]*|--yes|--assume-(?:yes|no)|-[a-z]*qq[a-z]*|--force-yes|-q=[2-9]|-[a-z]*s[a-z]*"
    r"|--(?:simulate|dry-run|just-print|no-act|recon|print-uris|download-only|trivial-only)|-d"
)
_RPM_QUIET = Pattern(r"-[a-zA-Z]*y[a-zA-Z]*|--assume-?(?:yes|no)|--downloadonly")
_ZYPPER_QUIET = Pattern(r"-n|--non-interactive|-[a-zA-Z]*y[a-zA-Z]*|--no-confirm|--dry-run|-D")
_QUIET: Mapping[str, Pattern] = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"), _APT_QUIET),
    **dict.fromkeys(("yum", "dnf", "tdnf", "microdnf"), _RPM_QUIET),
    "zypper": _ZYPPER_QUIET,
}
_NO_NEW_KEY = tuple(f"-{letter}" for letter in "ABDFHLQRceiklpsy")
"""Options of ssh-keygen that read, change or print keys instead of making one."""
_CONFIGURED = Pattern(r"APT::Get::Assume-Yes|assumeyes\s*=", re.IGNORECASE)


def package_verb(command: Command) -> str:
    """What a package manager is told to do, empty where that changes no package."""
    verbs = _MANAGERS.get(command.name, frozenset())
    plain = [text for text in command.arguments if not text.startswith("-")]
    return next((text for text in plain[:2] if text in verbs), "")


def check_installs(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Package managers that are not told to go ahead."""
    for command in script.commands:
        verb = package_verb(command)
        if not verb or command.fed or _is_told(command) or script.mentions(_CONFIGURED):
            continue
        message = f"'{command.name} {verb}' asks before it goes on, and nobody answers"
        yield script.at(INSTALL_ASKS, command, message, hint=f"write '{command.name} {verb} -y'")


def _is_told(command: Command) -> bool:
    pattern = _QUIET[command.name]
    if any(pattern.fullmatch(text) for text in command.arguments):
        return True
    # `-q -q`, and options that a variable holds.
    return command.arguments.count("-q") > 1 or any(text.startswith("$") for text in command.arguments[:1])


def _asks_always(_command: Command) -> str:
    return "write the answer into the command, or take it away"


def _read(command: Command) -> str:
    if command.keyword in ("while", "until") or any(text.startswith(("-u", "-t")) for text in command.arguments):
        return ""
    return "set the variable by an assignment"


def _passwd(command: Command) -> str:
    quiet = {"-l", "-d", "-e", "-S", "-u", "--lock", "--delete", "--expire", "--unlock", "--status", "--stdin", "-a"}
    if quiet & set(command.arguments) or any(re.match(r"-[nxwi]", text) for text in command.arguments):
        return ""
    return "pipe 'user:password' into 'chpasswd', and keep the password out of the template"


def _ssh_keygen(command: Command) -> str:
    words = command.arguments
    if any(text.startswith(_NO_NEW_KEY) for text in words):
        return ""
    missing = {"-N": "-N ''", "-f": "-f <file>"}
    needed = [text for option, text in missing.items() if not any(word.startswith(option) for word in words)]
    return f"add {' and '.join(needed)}" if needed else ""


def _az_login(command: Command) -> str:
    words = command.arguments
    if words[:1] != ("login",) or any(
        text.startswith(
            ("--identity", "-i", "--service-principal", "--federated-token", "-p", "--password", "--use-cert")
        )
        for text in words
    ):
        return ""
    return "add --identity, and give the build machine an identity by 'vmProfile.userAssignedIdentities'"


def _docker_login(command: Command) -> str:
    words = command.arguments
    if "login" not in words[:1] or any(text.startswith(("-p", "--password")) for text in words):
        return ""
    return "pipe the password into '--password-stdin'"


def _reconfigure(command: Command) -> str:
    is_quiet = any("noninteractive" in text for text in (*command.arguments, *(word.text for word in command.settings)))
    return "" if is_quiet else "add -f noninteractive"


def _secure_installation(command: Command) -> str:
    return "" if {"-D", "--use-default"} & set(command.arguments) else "run the statements by 'sudo mysql -e' instead"


def _crontab(command: Command) -> str:
    return "pipe the lines into 'crontab -'" if "-e" in command.arguments else ""


def _visudo(command: Command) -> str:
    is_check = any(re.match(r"-[a-z]*c|--check", text) for text in command.arguments)
    return "" if is_check else "write a file below /etc/sudoers.d, and check it by 'visudo -cf'"


def _editor(command: Command) -> str:
    is_scripted = any(re.match(r"[-+]|--version", text) for text in command.arguments)
    return "" if is_scripted else "change the file by 'sed -i' or 'tee'"


def _pager(command: Command) -> str:
    return "" if command.before_pipe else "print the file by 'cat'"


_ASKING: Mapping[str, Callable[[Command], str]] = {
    "read": _read,
    "passwd": _passwd,
    "ssh-keygen": _ssh_keygen,
    "az": _az_login,
    "docker": _docker_login,
    "podman": _docker_login,
    "dpkg-reconfigure": _reconfigure,
    "mysql_secure_installation": _secure_installation,
    "mariadb-secure-installation": _secure_installation,
    "crontab": _crontab,
    "visudo": _visudo,
    "whiptail": _asks_always,
    "dialog": _asks_always,
    **dict.fromkeys(("vi", "vim", "nano", "emacs"), _editor),
    **dict.fromkeys(("less", "more"), _pager),
}
"""What to do instead, for each command; empty where it does not ask in this form."""


def check_questions(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Commands that ask."""
    for command in script.commands:
        instead = _ASKING.get(command.name)
        if instead is None or command.fed or {"--help", "--version", "-h"} & set(command.arguments):
            continue
        hint = instead(command)
        if hint:
            named = f"{command.name} login" if "login" in command.arguments[:1] else command.name
            yield script.at(WAITS_FOR_INPUT, command, f"'{named}' waits for input that nobody gives", hint=hint)


CHECKS: tuple[ShellCheck, ...] = (check_installs, check_questions)
