"""The fast path: the common forms of the common commands, on the memory engine.

What it does is said by session.py, protocol/parser.py and the handlers; this is the same once more, for speed. It
begins at a place in the buffer where a request begins, carries out requests for as long as it knows their form, and
says where it stopped; the slow path does the next one, and then it is asked again. The rule that keeps it true: it
changes nothing before it is sure that the request is one of its own, and whatever is rare - an option, an error, a
watcher, an item that has expired - it leaves to the slow path. tests/test_fast.py runs every case through both and
compares the bytes, the items and the counters.

It is there in Python (path.py), and in Cython (native.pyx) for the optional compiled build (docs/speed.md).
"""

from __future__ import annotations

try:
    from mclite.fast.native import FastPath
except ModuleNotFoundError:  # one that is there, and broken, is no reason to be slow in silence
    from mclite.fast.path import FastPath

__all__ = ["COMPILED", "FastPath"]

COMPILED = FastPath.__module__ == "mclite.fast.native"
"""whether this is the compiled build"""
