"""`python tests/mutants COMMAND`: give mclite faults that real servers have had, and see whether the suite finds them.

`list` names the faults; `serve --fault NAME -p PORT` starts a server with one; `run` plays the suite to each and
prints which scenarios killed it; `table` prints that again; `source` plays it to mutations of mclite's own source.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("mclite") is None:  # in a checkout, run without being installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faulty.cli import main

sys.exit(main(sys.argv[1:]))
