"""Lines of `inline` run as the build user: what that user may not do, and what sudo does not reach."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.prompts import package_verb
from imagesmith.rules.lint.scripts import ShellCheck, ShellScript
from imagesmith.rules.lint.shell import Command

SUDO_MISSING = Rule(
    code="IMG510",
    severity=Severity.WARNING,
    title="the command needs root, and lines of 'inline' run as the build user",
    cause="The service and Packer run the lines of `inline` as an ordinary user that may use sudo. Only a script that"
    " `scriptUri` names runs as root.",
    fix="write 'sudo' in front of it",
    example='{"type": "Shell", "inline": ["systemctl enable nginx"]}',
    corrected='{"type": "Shell", "inline": ["sudo systemctl enable nginx"]}',
    source="aib-templates.md §2.3.1",
)
REDIRECT_WITHOUT_ROOT = Rule(
    code="IMG511",
    severity=Severity.WARNING,
    title="the file is written as the build user, sudo or not",
    cause="The shell opens the file behind '>' itself, before sudo starts anything: 'Permission denied'.",
    fix="write '… | sudo tee <file>' instead",
    example='{"type": "Shell", "inline": ["sudo echo \'vm.swappiness=1\' >> /etc/sysctl.conf"]}',
    corrected='{"type": "Shell", "inline": ["echo \'vm.swappiness=1\' | sudo tee -a /etc/sysctl.conf"]}',
    source="POSIX, Shell Command Language, §2.7",
)
ROOT_SHELL = Rule(
    code="IMG512",
    severity=Severity.WARNING,
    title="the lines that follow do not run in this root shell",
    cause="'sudo su' starts a shell of its own, which finds no input and ends. What stands below it runs as the build"
    " user as before.",
    fix="write 'sudo' in front of each command, or 'sudo bash -c \"…\"' around them",
    example='{"type": "Shell", "inline": ["sudo su", "systemctl enable nginx"]}',
    corrected='{"type": "Shell", "inline": ["sudo systemctl enable nginx"]}',
    source="sudo(8), su(1)",
)

_ALWAYS_ROOT_WORDS = (
    "useradd usermod userdel groupadd groupmod groupdel chpasswd update-grub grub2-mkconfig modprobe insmod mkfs"
    " mkfs.ext4 mkfs.xfs mount umount swapon swapoff visudo update-ca-certificates update-ca-trust setenforce"
    " ldconfig waagent update-initramfs dracut hostnamectl timedatectl firewall-cmd semanage setsebool restorecon"
    " debconf-set-selections add-apt-repository apt-add-repository"
)
_ALWAYS_ROOT = frozenset(_ALWAYS_ROOT_WORDS.split())
_ROOT_FOR: dict[str, Pattern] = {
    "systemctl": Pattern(r"enable|disable|start|stop|restart|reload|mask|unmask|daemon-reload|reboot|set-default"),
    "service": Pattern(r"start|stop|restart|reload"),
    "dpkg": Pattern(r"-i|--install|-r|--remove|-P|--purge|--add-architecture|--configure"),
    "rpm": Pattern(r"-[iUFe][a-z]*|--import|--install|--upgrade|--erase"),
    "snap": Pattern(r"install|remove|refresh|set"),
    "apt-get": Pattern(r"update|clean|autoclean"),
    "apt": Pattern(r"update|clean|autoclean"),
    "sysctl": Pattern(r"-w|-p|--system|--load"),
    "ufw": Pattern(r"allow|enable|disable|deny"),
}
_SYSTEM_FOLDER = Pattern(r"/(?:etc|usr|opt|srv|root|boot|lib|lib64|bin|sbin)/|/var/(?!tmp/)")
_WRITING = frozenset({"mkdir", "touch", "cp", "mv", "rm", "ln", "install", "tee", "chown", "chmod", "sed"})
_ROOT_TEST = Pattern(r"\bEUID\b|id -u|\bwhoami\b")


def check_root(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Commands that only root may run, without sudo."""
    if script.mentions(_ROOT_TEST):
        return
    for command in script.commands:
        if command.sudo is None and _needs_root(command):
            message = f"'{command.name}' needs root here, and lines of 'inline' run as the build user"
            yield script.at(SUDO_MISSING, command, message, hint=f"write 'sudo {command.name} …'")


def _needs_root(command: Command) -> bool:
    if command.name in _ALWAYS_ROOT:
        return bool(command.arguments) or command.fed
    if package_verb(command):
        return True
    pattern = _ROOT_FOR.get(command.name)
    if pattern is not None:
        return any(pattern.fullmatch(text) for text in command.arguments) and "--user" not in command.arguments
    return command.name in _WRITING and _writes_to_system(command)


def _writes_to_system(command: Command) -> bool:
    """Whether the file that is changed, the last one named, lies where only root may write."""
    if command.name == "sed" and not any(re.match(r"-[a-zA-Z]*i|--in-place", text) for text in command.arguments):
        return False
    named = [word for word in command.words[1:] if not word.text.startswith("-")]
    return bool(named) and bool(_SYSTEM_FOLDER.match(named[-1].text))


def check_redirects(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Files of the system that a shell without root opens."""
    for command in script.commands:
        for word in command.writes:
            own_sudo = command.sudo is not None and script.text.startswith("sudo", command.start)
            if (command.sudo is None or own_sudo) and _SYSTEM_FOLDER.match(word.text):
                sign = "tee -a" if script.text[max(0, word.start - 4) : word.start].rstrip().endswith(">>") else "tee"
                message = f"the build user cannot write to '{word.text}'"
                if own_sudo:
                    message += ": the shell opens the file before sudo starts"
                yield script.at(REDIRECT_WITHOUT_ROOT, word, message, hint=f"write '… | sudo {sign} {word.text}'")


def check_root_shell(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """`sudo su` with lines below it."""
    last = max((command.start for command in script.commands), default=0)
    for command in script.commands:
        if command.start < last and not command.fed and _is_shell(command):
            yield script.at(ROOT_SHELL, command)


def _is_shell(command: Command) -> bool:
    words = command.arguments
    if command.name == "sudo":
        return bool(words) and all(text in ("-i", "-s", "--login", "--shell", "-E", "-n", "-H") for text in words)
    if command.name == "su":
        return all(text in ("-", "-l", "--login", "root") for text in words)
    return command.name in ("bash", "sh") and command.sudo is not None and all(text in ("-i", "-l") for text in words)


CHECKS: tuple[ShellCheck, ...] = (check_root, check_redirects, check_root_shell)
