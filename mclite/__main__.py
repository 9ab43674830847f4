"""`python -m mclite` is the `mclite` command."""

import sys

from mclite.cli import main

sys.exit(main())
