"""A command that is written once is a method of whatever carries it out, with its name, arguments and docstring."""

from __future__ import annotations

import inspect

import pytest

from mclite.client import AsyncClient, Client, Pipeline
from mclite.client.binding import Carrier, command
from mclite.client.call import Call, call, nothing
from mclite.client.commands import Commands


class Recorder(Carrier):
    """Keeps what it is to carry out."""

    @command
    def touch_all(self, exptime: int, *, noreply: bool = False) -> Call[None]:
        """Touch all."""
        return call(b"verbosity", [b"%d" % exptime], nothing, None, noreply)

    def _carry_out(self, call: Call[object]) -> object:
        return "carried", call.line


def test_what_is_built_is_carried_out() -> None:
    bound = Recorder()
    assert bound.touch_all(5) == ("carried", b"verbosity 5")  # type: ignore[call-overload]
    assert bound.touch_all(5, noreply=True) == ("carried", b"verbosity 5 noreply")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="exptime"):
        bound.touch_all()  # type: ignore[call-overload]


def test_it_looks_like_what_was_written() -> None:
    assert Recorder.touch_all.__name__ == "touch_all"
    assert Recorder.touch_all.__doc__ == "Touch all."
    assert list(inspect.signature(Recorder.touch_all).parameters) == ["self", "exptime", "noreply"]


@pytest.mark.parametrize("name", ["set", "mg", "version", "metadump"])
def test_every_face_has_the_same_function(name: str) -> None:
    assert getattr(Client, name) is getattr(AsyncClient, name) is getattr(Pipeline, name) is getattr(Commands, name)


def test_a_carrier_alone_carries_nothing_out() -> None:
    with pytest.raises(NotImplementedError):
        Carrier()._carry_out(call(b"version", [], nothing))
