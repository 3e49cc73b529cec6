"""A script with secrets in it to a file without them, which puts them back on the machine, in memory, and runs.

In the file a mark like ``${IMAGESMITH_SECRET_PASSWORD}`` stands where a secret stood, whatever the text around it is:
here documents, patterns, other languages. A few lines of ours read the values from the environment, take them out of
it, put them in the places of their marks, and hand the text to its interpreter: on no command line, and in no file.
"""

from imagesmith.lower.restoring.marks import PREFIX, Hidden, Pieces, variable_value
from imagesmith.lower.restoring.powershell import restoring_powershell
from imagesmith.lower.restoring.shell import restoring_shell

__all__ = [
    "PREFIX",
    "Hidden",
    "Pieces",
    "restoring_powershell",
    "restoring_shell",
    "variable_value",
]
