"""`python -m contender` and the `contender` command."""

import sys

from contender.cli import main

if __name__ == "__main__":
    sys.exit(main())
