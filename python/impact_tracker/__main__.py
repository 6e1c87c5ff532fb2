"""`python -m impact_tracker` is the command `impact-tracker`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
