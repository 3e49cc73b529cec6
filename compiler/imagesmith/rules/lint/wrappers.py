"""Commands that run another one (sudo, env, nohup, `bash -c`) to the command that they run."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.words import Word

_ASSIGNMENT = Pattern(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
# Options of each wrapper that take the next word as their value.
_WITH_VALUE = {
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-T", "-r", "-t", "-U", "-R", "-D", "--user", "--group"}),
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n"}),
    "timeout": frozenset({"-k", "-s"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "nohup": frozenset[str](),
    "exec": frozenset({"-a"}),
    "command": frozenset[str](),
    "builtin": frozenset[str](),
    "setsid": frozenset[str](),
}
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "su"})
_KEEPING = Pattern(r"-[A-Za-z]*E[A-Za-z]*|--preserve-env(?:=.*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwrapped:
    """What is run in the end, and what the wrappers say of it."""

    words: tuple[Word, ...]
    settings: tuple[Word, ...] = ()
    sudo: Word | None = None
    keeps_environment: bool = True
    script: Word | None = None
    """The text that a shell runs, where it is one quoted word: `bash -c 'text'`."""


def unwrap(words: tuple[Word, ...]) -> Unwrapped:
    """Take sudo and its kind away. A sudo that runs no command (`sudo -i`) stays itself."""
    settings: list[Word] = []
    sudo: Word | None = None
    keeps = True
    while words and (name := name_of(words[0])) in _WITH_VALUE:
        rest, options, found = _behind(words, name)
        if not rest:
            break
        if name == "sudo":
            sudo = words[0]
            keeps = any(_KEEPING.fullmatch(option.text) for option in options)
        settings += found
        words = rest
    script = _script(words)
    return Unwrapped(words=words, settings=tuple(settings), sudo=sudo, keeps_environment=keeps, script=script)


def _behind(words: tuple[Word, ...], name: str) -> tuple[tuple[Word, ...], list[Word], list[Word]]:
    """What stands behind a wrapper, its options, and the variables that it sets."""
    options: list[Word] = []
    settings: list[Word] = []
    at = 1
    while at < len(words):
        text = words[at].text
        if text.startswith("-") and text != "-":
            options.append(words[at])
            at += 2 if text in _WITH_VALUE[name] else 1
            if text == "--":
                break
        elif name in ("sudo", "env") and _ASSIGNMENT.match(text):
            settings.append(words[at])
            at += 1
        else:
            break
    if name == "timeout":
        at += 1  # the duration
    return words[at:], options, settings


def _script(words: tuple[Word, ...]) -> Word | None:
    if not words or name_of(words[0]) not in _SHELLS:
        return None
    for option, text in itertools.pairwise(words[1:]):
        if re.fullmatch(r"-[a-z]*c|--command", option.text) and option.is_bare:
            is_one_quote = not text.is_bare and text.end - text.start == len(text.text) + 2
            return text if is_one_quote else None
    return None


def name_of(word: Word) -> str:
    """The name of the command that a word names, without its folder; empty where the word is computed."""
    return word.text.rpartition("/")[2] if word.literal else ""
