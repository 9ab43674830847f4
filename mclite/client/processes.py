"""Connections and the life of the process: they end with it, and no child inherits them.

The kernel closes a socket when the process dies, of whatever signal: SIGTERM's default action, SIGKILL, or the
KeyboardInterrupt that SIGINT becomes. The one way in which the server would not see that is a child made by fork that
still holds the same socket; so a child lets go of every connection at once. No signal handler is installed: those
belong to the program.
"""

from __future__ import annotations

import atexit
import os
import weakref
from abc import ABC, abstractmethod


class Inherited(ABC):
    """What holds a connection that a forked child must not use."""

    @abstractmethod
    def let_go(self) -> None:
        """In a forked child: close the child's copy, without a word to the server, and be as new."""

    @abstractmethod
    def at_exit(self) -> None:
        """The interpreter ends: close."""


_holders: weakref.WeakSet[Inherited] = weakref.WeakSet()


def watch_over(holder: Inherited) -> None:
    """Have `holder` told of forks and of the end."""
    _holders.add(holder)


def _forked() -> None:
    for holder in list(_holders):
        holder.let_go()


def _exiting() -> None:
    for holder in list(_holders):
        holder.at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
atexit.register(_exiting)
