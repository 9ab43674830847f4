"""Lets the tests beside it import the relay, which is no package of mclite."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
