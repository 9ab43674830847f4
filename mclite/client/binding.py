"""One list of commands as the methods of every client: `command` binds what builds a call to what carries it out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from mclite.client.call import Call

P = ParamSpec("P")
T = TypeVar("T")


class Carrier:
    """What has the commands as methods: each builds a call and returns what `_carry_out` returns for it."""

    def _carry_out(self, call: Call[Any]) -> Any:
        """Do with `call` what the class is for."""
        raise NotImplementedError


class Builds(Carrier):
    """Its methods return the calls, and send nothing."""


class Runs(Carrier):
    """Its methods send the command and return the result."""


class Awaits(Carrier):
    """Its methods send the command, and are awaited for the result."""


class Queues(Carrier):
    """Its methods keep the command for later, and return the position of its result."""


class Method(Generic[P, T]):
    """The type of a bound command: its arguments are those of what builds the call, its result depends on the class."""

    @overload
    def __get__(self, instance: Builds, owner: object) -> Callable[P, Call[T]]: ...
    @overload
    def __get__(self, instance: Runs, owner: object) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Awaits, owner: object) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, instance: Queues, owner: object) -> Callable[P, int]: ...
    @overload
    def __get__(self, instance: None, owner: object) -> Callable[..., Any]: ...

    def __get__(self, instance: object, owner: object) -> Any:
        """Functions do this themselves: an object of this class is never made."""
        raise NotImplementedError


def command(build: Callable[Concatenate[Any, P], Call[T]]) -> Method[P, T]:
    """Make a method of `build`, which returns the call for its arguments."""

    @wraps(build)
    def method(self: Carrier, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        return self._carry_out(build(self, *args, **kwargs))

    return cast("Method[P, T]", method)
