"""A script with a secret in it to the same script that reads the secret from an environment variable.

A script is only changed where the change is certain to mean the same: the reference must expand to exactly the text
that stood there, in the same word. Everything else is left alone and told (`None`).
"""

from imagesmith.lower.quoting.powershell import powershell_with_references
from imagesmith.lower.quoting.shell import shell_with_references

__all__ = ["powershell_with_references", "shell_with_references"]
