"""``python -m sopwb``."""

from sopwb.cli import main

main()
