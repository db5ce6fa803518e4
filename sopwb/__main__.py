"""``python -m sopwb``."""

from sopwb.cli import main

if __name__ == "__main__":
    main()
