"""The accounts of a Windows machine: who may run a task, and what each finds in its environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from imagesmith.sandbox.windows.paths import WindowsPath

SYSTEM = "SYSTEM"
TEMPORARY = WindowsPath("C", ("Windows", "Temp"))
BIRTH_FOLDERS = (TEMPORARY, WindowsPath("C", ("Windows", "System32", "Sysprep")), WindowsPath("C", ("Users", "Public")))
"""What is on the disk of every machine (winrm.md §7)."""

_PREFIXES = ("nt authority\\", ".\\")


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounts:
    """The build user, the only one with a password, and the computer that it belongs to."""

    computer: str
    user: str
    password: str = field(repr=False)

    def admits(self, user: str, password: str) -> bool:
        """Whether a task may run as this user: Local System needs no password, the build user its own."""
        name = self._bare(user)
        if name == SYSTEM.lower():
            return True
        return name == self.user.lower() and password == self.password != ""

    def is_system(self, user: str) -> bool:
        """Whether this is Local System."""
        return self._bare(user) == SYSTEM.lower()

    def home(self, user: str) -> WindowsPath:
        """The user's profile."""
        if self.is_system(user):
            return WindowsPath("C", ("Windows", "System32", "config", "systemprofile"))
        return WindowsPath("C", ("Users", self.user))

    def temporary(self, user: str) -> WindowsPath:
        """The user's %TEMP%."""
        if self.is_system(user):
            return TEMPORARY
        return WindowsPath("C", (*self.home(user).names, "AppData", "Local", "Temp"))

    def environment(self, user: str) -> dict[str, str]:
        """What a command of the user finds in its environment."""
        home, temporary = str(self.home(user)), str(self.temporary(user))
        return {
            "ALLUSERSPROFILE": "C:\\ProgramData",
            "APPDATA": f"{home}\\AppData\\Roaming",
            "COMPUTERNAME": self.computer,
            "ComSpec": "C:\\Windows\\System32\\cmd.exe",
            "HOMEDRIVE": "C:",
            "HOMEPATH": home.removeprefix("C:"),
            "LOCALAPPDATA": f"{home}\\AppData\\Local",
            "OS": "Windows_NT",
            "PROCESSOR_ARCHITECTURE": "AMD64",
            "ProgramData": "C:\\ProgramData",
            "ProgramFiles": "C:\\Program Files",
            "ProgramFiles(x86)": "C:\\Program Files (x86)",
            "PUBLIC": "C:\\Users\\Public",
            "SystemDrive": "C:",
            "SystemRoot": "C:\\Windows",
            "TEMP": temporary,
            "TMP": temporary,
            "USERNAME": f"{self.computer}$" if self.is_system(user) else self.user,
            "USERPROFILE": home,
            "windir": "C:\\Windows",
        }

    def _bare(self, user: str) -> str:
        name = user.lower()
        for prefix in (*_PREFIXES, f"{self.computer.lower()}\\"):
            name = name.removeprefix(prefix)
        return name
