"""Project files to settings: `imagesmith.toml`, or `[tool.imagesmith]` of a pyproject.toml, above a template.

    settings = settings_for(Path("infra"))

What a project file may hold is one table (`keys`); what it must not decide (programs, mirrors, certificates, folders of
state) is another, since a file that somebody sends along with a template must not make a computer run or trust things
(architecture §5).
"""

from imagesmith.settings.find import find, settings_for
from imagesmith.settings.keys import KEYS, Key, environment_name
from imagesmith.settings.read import Settings, read

__all__ = ["KEYS", "Key", "Settings", "environment_name", "find", "read", "settings_for"]
