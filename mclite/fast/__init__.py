"""The fast path: the common forms of the common commands, on the memory engine, one request at a time.

The slow path (session.py, protocol/parser.py and the handlers) is the specification; this is the same again, for speed.
It starts where a request starts, carries out requests as long as it knows their form, and returns where it stopped; the
slow path carries out the next one, and then the fast path is tried again. The rule that keeps it true: it changes
nothing before it is sure that it knows the request, and leaves what is rare to the slow path: an option, an error, a
watcher, an expired item. tests/fast/test_path.py sends every case through both, and compares bytes, items and counters.

It exists in Python (path.py) and in Cython (native.pyx), for the optional compiled build (docs/speed.md).
"""

from __future__ import annotations

try:
    from mclite.fast.native import FastPath
except ModuleNotFoundError:  # a module that exists and is broken is an error: do not be slow in silence
    from mclite.fast.path import FastPath

__all__ = ["COMPILED", "FastPath"]

COMPILED = FastPath.__module__ == "mclite.fast.native"
"""whether this is the compiled build"""
