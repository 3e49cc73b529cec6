"""What a Windows machine consists of, shared by those who carry out its commands: accounts, drives, journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.windows.accounts import BIRTH_FOLDERS, Accounts
from imagesmith.sandbox.windows.files import Files
from imagesmith.sandbox.windows.host import DISK
from imagesmith.sandbox.windows.journal import Journal
from imagesmith.sandbox.windows.paths import PathError, parse_path
from imagesmith.sandbox.windows.tree import Tree

_COMPUTER_LENGTH = 15
"""Letters of a NetBIOS name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """C: and the journal are in the folder that capture keeps; D: is the temporary disk, which nothing keeps."""

    accounts: Accounts
    tree: Tree
    journal: Journal

    @classmethod
    def make(cls, spec: MachineSpec, folder: Path) -> Guest:
        """The machine of a deployment, on what is in its folder."""
        computer = spec.hostname[:_COMPUTER_LENGTH].upper()
        accounts = Accounts(computer=computer, user=spec.user, password=spec.password or "")
        tree = Tree({"C": folder / DISK / "C", "D": folder / "D"})
        for path in (*BIRTH_FOLDERS, accounts.temporary(spec.user)):
            tree.make_folder(path)
        return cls(accounts=accounts, tree=tree, journal=Journal(folder / DISK / "journal.ndjson"))

    @property
    def computer(self) -> str:
        """Its NetBIOS name."""
        return self.accounts.computer

    def environment(self, user: str, more: Mapping[str, str]) -> dict[str, str]:
        """A user's environment, and what a shell or a step adds to it."""
        return {**self.accounts.environment(user), **more}

    def files(self, user: str, *, working_directory: str | None = None, more: Mapping[str, str] | None = None) -> Files:
        """The tree as a user's commands see it."""
        home = self.accounts.home(user)
        try:
            start = parse_path(working_directory, start=home) if working_directory else home
        except PathError:  # a shell in a folder that cannot be is in its user's home
            start = home
        environment = self.environment(user, more or {})
        return Files(self.tree, home=start, temporary=self.accounts.temporary(user), environment=environment)
