"""Debian's and Ubuntu's packages: what configures them asks, too, and lists of packages have to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate, PlatformImage, Shell
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.prompts import package_verb
from imagesmith.rules.lint.scripts import Scripts, ShellCheck, ShellScript, TemplateCheck
from imagesmith.rules.lint.shell import Command

FRONTEND_MISSING = Rule(
    code="IMG502",
    severity=Severity.WARNING,
    title="packages may ask questions while they are configured",
    cause="-y answers apt alone. A package's own questions (time zone, which services to restart) come from debconf,"
    " and on Ubuntu 22.04 and later needrestart asks after every installation: such builds hang at 'Restarting"
    " services...' until their time is over.",
    fix="write 'sudo DEBIAN_FRONTEND=noninteractive apt-get …'",
    example='{"type": "Shell", "inline": ["sudo apt-get install -y tzdata"]}',
    corrected='{"type": "Shell", "inline": ["sudo DEBIAN_FRONTEND=noninteractive apt-get install -y tzdata"]}',
    source="debconf(7); issue 41 of Azure/azvmimagebuilder",
)
FRONTEND_LOST = Rule(
    code="IMG503",
    severity=Severity.WARNING,
    title="sudo does not pass DEBIAN_FRONTEND on",
    cause="sudo gives a command a fresh environment (env_reset, the default), so a variable that is set or exported"
    " before 'sudo' never reaches apt.",
    fix="put the variable behind sudo: 'sudo DEBIAN_FRONTEND=noninteractive apt-get …', or write 'sudo -E'",
    example='{"type": "Shell", "inline": ["export DEBIAN_FRONTEND=noninteractive", "sudo apt-get install -y tzdata"]}',
    corrected='{"type": "Shell", "inline": ["export DEBIAN_FRONTEND=noninteractive",'
    ' "sudo -E apt-get install -y tzdata"]}',
    source="sudoers(5), env_reset",
)
LISTS_NOT_UPDATED = Rule(
    code="IMG504",
    severity=Severity.WARNING,
    title="packages are installed before their lists are updated",
    cause="Lists of packages in marketplace images are as old as the image, or empty: versions in them are gone from"
    " the servers ('404 Not Found'), and new packages are not found ('Unable to locate package').",
    fix="run 'sudo apt-get update' first",
    example='{"type": "Shell", "inline": ["sudo apt-get install -y nginx"]}',
    corrected='{"type": "Shell", "inline": ["sudo apt-get update", "sudo apt-get install -y nginx"]}',
    source="apt-get(8), update",
)

_FRONTEND = "DEBIAN_FRONTEND="
_CONFIGURING = frozenset({"install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep"})
_ASKING_PACKAGES_WORDS = (
    "tzdata keyboard-configuration console-setup iptables-persistent postfix krb5-user krb5-config grub-pc slapd"
    " ttf-mscorefonts-installer wireshark wireshark-common davfs2 jackd2 libpam-ldapd msodbcsql17 msodbcsql18"
    " phpmyadmin ubuntu-desktop lightdm gdm3 xrdp-gui"
)
_ASKING_PACKAGES = frozenset(_ASKING_PACKAGES_WORDS.split())
_NEEDRESTART = Pattern(r"jammy|noble|22[._]04|24[._]04|25[._]04|26[._]04", re.IGNORECASE)
_CONFIGURED = Pattern(r"debconf-set-selections|NEEDRESTART_MODE|needrestart\.conf|debconf/frontend", re.IGNORECASE)


def check_frontend(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """The first installation that may ask, or whose variable sudo takes away: one line mends the whole script."""
    if script.mentions(_CONFIGURED):
        return
    is_set = False
    for command in script.commands:
        is_set |= _exports_frontend(command)
        if command.name not in ("apt-get", "apt") or package_verb(command) not in _CONFIGURING:
            continue
        found = _frontend(script, command, is_set=is_set)
        if found is not None:
            yield found
            return


def _exports_frontend(command: Command) -> bool:
    words = command.words[1:] if command.name in ("export", "declare") else () if command.words else command.settings
    return any(word.text.startswith(_FRONTEND) for word in words)


def _frontend(script: ShellScript, command: Command, *, is_set: bool) -> Diagnostic | None:
    if any(word.text.startswith(_FRONTEND) for word in command.settings):
        return None
    lost = [word for word in command.lost if word.text.startswith(_FRONTEND)]
    if lost:
        return script.at(FRONTEND_LOST, lost[0])
    if is_set:
        return script.at(FRONTEND_LOST, command) if command.sudo and not command.keeps_environment else None
    asking = sorted(_ASKING_PACKAGES & set(command.arguments))
    if asking:
        return script.at(FRONTEND_MISSING, command, f"'{asking[0]}' asks questions while it is installed")
    if _has_needrestart(script.template):
        return script.at(FRONTEND_MISSING, command, "'needrestart' of this Ubuntu may ask which services to restart")
    return None


def _has_needrestart(template: ImageTemplate) -> bool:
    """Whether the source is an Ubuntu whose apt asks which services to restart: 22.04 and later."""
    source = template.source
    if not isinstance(source, PlatformImage) or (source.publisher or "").lower() != "canonical":
        return False
    return bool(_NEEDRESTART.search(f"{source.offer} {source.sku}"))


def check_lists(scripts: Scripts, _context: RuleContext) -> Iterator[Diagnostic]:
    """The first installation of the template, where nothing before it can have updated the lists."""
    if not isinstance(scripts.template.source, PlatformImage):
        return  # whoever made the image may have left its lists in order
    for step in scripts.template.customize:
        script = scripts.of(step)
        if isinstance(step, Shell) and script is None:
            return  # a script that is not here may have done it
        if not isinstance(script, ShellScript):
            continue
        for command in script.commands:
            if _may_update(command):
                return
            if command.name in ("apt-get", "apt", "aptitude") and _fetches(command):
                yield script.at(LISTS_NOT_UPDATED, command)
                return


def _may_update(command: Command) -> bool:
    if command.name in ("apt-get", "apt", "aptitude"):
        return "update" in command.arguments
    return command.name in ("sh", "bash", "source", ".", "add-apt-repository", "ansible-playbook") or (
        "/" in (command.words[0].text if command.words else "")
        and not command.words[0].text.startswith(("/usr/", "/bin/"))
    )


def _fetches(command: Command) -> bool:
    """Whether packages come from a server: all but files of the machine."""
    verb = package_verb(command)
    packages = [text for text in command.arguments if not text.startswith("-") and text != verb]
    return verb in _CONFIGURING and not (packages and all(text.endswith(".deb") for text in packages))


SHELL_CHECKS: tuple[ShellCheck, ...] = (check_frontend,)
TEMPLATE_CHECKS: tuple[TemplateCheck, ...] = (check_lists,)
