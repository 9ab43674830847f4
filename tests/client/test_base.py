"""The state that both clients have: open or not, and a child's copy of it."""

from __future__ import annotations

import pytest

from mclite.client import Client, NotConnectedError
from mclite.core.instance import Instance


def test_connected() -> None:
    client = Client.in_process()
    assert not client.connected
    client.version()
    assert client.connected
    client.close()
    assert not client.connected
    with pytest.raises(NotConnectedError):
        client.version()


def test_a_child_connects_for_itself() -> None:
    instance = Instance()
    client = Client.in_process(instance)
    client.version()
    (parents,) = instance.sessions
    client.let_go()
    assert not client.connected
    client.version()
    assert parents not in instance.sessions


def test_a_closed_client_stays_closed_in_a_child() -> None:
    client = Client.in_process()
    client.close()
    client.let_go()
    with pytest.raises(NotConnectedError):
        client.version()
