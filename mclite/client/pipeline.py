"""Several commands in one go: queued, sent together, their results read together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from mclite.client.call import Call
from mclite.client.commands import Commands
from mclite.client.errors import MemcacheError

P = ParamSpec("P")
V = TypeVar("V")
R = TypeVar("R")


def _queued(
    build: Callable[Concatenate[Commands[V], P], Call[Any]],
) -> Callable[Concatenate[Pipeline[V, Any], P], int]:
    @wraps(build)
    def method(self: Pipeline[V, Any], /, *args: P.args, **kwargs: P.kwargs) -> int:
        return self.add_call(build(self.commands, *args, **kwargs))

    return method


class Pipeline(Generic[V, R]):
    """Commands that wait to be sent together. Each method takes what the client's takes and returns the position of
    its result in the list that `execute` gives.

    A QUIET pipeline asks the server to leave out the usual answers: the meta commands go with q, the classic ones
    that have it with noreply. What was left out is None in the results of a meta command (stored or deleted as
    asked; for mg: a miss) and True or None in those of a classic one.
    """

    def __init__(
        self, commands: Commands[V], run: Callable[[Sequence[Call[Any]], bool], R], quiet: bool = False
    ) -> None:
        self.commands = commands
        self._run = run
        self._quiet = quiet
        self._calls: list[Call[Any]] = []

    def __len__(self) -> int:
        return len(self._calls)

    def add_call(self, call: Call[Any]) -> int:
        """Queue CALL; return the position of its result."""
        self._calls.append(call.made_quiet(len(self._calls)) if self._quiet else call)
        return len(self._calls) - 1

    def execute(self, raise_errors: bool = True) -> R:
        """Send everything and return the results in order; the pipeline is empty again.

        With RAISE_ERRORS the first error of a command is raised, after all answers have been read; without it errors
        stand in the list in the place of results.
        """
        calls, self._calls = self._calls, []
        return self._run(calls, raise_errors)

    set = _queued(Commands.set)
    add = _queued(Commands.add)
    replace = _queued(Commands.replace)
    append = _queued(Commands.append)
    prepend = _queued(Commands.prepend)
    cas = _queued(Commands.cas)
    set_str = _queued(Commands.set_str)
    get = _queued(Commands.get)
    get_str = _queued(Commands.get_str)
    get_item = _queued(Commands.get_item)
    gets = _queued(Commands.gets)
    gat = _queued(Commands.gat)
    gats = _queued(Commands.gats)
    get_many = _queued(Commands.get_many)
    gets_many = _queued(Commands.gets_many)
    gat_many = _queued(Commands.gat_many)
    gats_many = _queued(Commands.gats_many)
    delete = _queued(Commands.delete)
    incr = _queued(Commands.incr)
    decr = _queued(Commands.decr)
    touch = _queued(Commands.touch)
    mg = _queued(Commands.mg)
    ms = _queued(Commands.ms)
    md = _queued(Commands.md)
    ma = _queued(Commands.ma)
    me = _queued(Commands.me)
    mn = _queued(Commands.mn)
    version = _queued(Commands.version)
    flush_all = _queued(Commands.flush_all)
    verbosity = _queued(Commands.verbosity)
    cache_memlimit = _queued(Commands.cache_memlimit)
    authenticate = _queued(Commands.authenticate)
    stats = _queued(Commands.stats)
    stats_reset = _queued(Commands.stats_reset)
    stats_detail = _queued(Commands.stats_detail)
    stats_detail_dump = _queued(Commands.stats_detail_dump)
    slabs_reassign = _queued(Commands.slabs_reassign)
    slabs_automove = _queued(Commands.slabs_automove)
    lru_tune = _queued(Commands.lru_tune)
    lru_mode = _queued(Commands.lru_mode)
    lru_temp_ttl = _queued(Commands.lru_temp_ttl)
    lru_crawler = _queued(Commands.lru_crawler)
    lru_crawler_sleep = _queued(Commands.lru_crawler_sleep)
    lru_crawler_tocrawl = _queued(Commands.lru_crawler_tocrawl)
    lru_crawler_crawl = _queued(Commands.lru_crawler_crawl)
    metadump = _queued(Commands.metadump)
    mgdump = _queued(Commands.mgdump)
    misbehave = _queued(Commands.misbehave)
    debugtime = _queued(Commands.debugtime)


def checked(results: list[Any], raise_errors: bool) -> list[Any]:
    """Return RESULTS; with RAISE_ERRORS raise the first error among them."""
    if raise_errors:
        for result in results:
            if isinstance(result, MemcacheError):
                raise result
    return results
