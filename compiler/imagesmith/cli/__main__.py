"""`python -m imagesmith.cli`."""

from imagesmith.cli import main

main()
