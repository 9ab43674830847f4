"""`mclite demo`: it shows what it says, and ends."""

from __future__ import annotations

import subprocess
import sys

import pytest
from waiting import SECONDS_MAX

from mclite.cli import demo
from mclite.client import Client


def test_without_a_terminal_it_prints_the_tour_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mclite", "demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mclite listens on 127.0.0.1:")
    for scene in demo.TOUR:
        assert scene.title in done.stdout
    for shown in ("VALUE greeting 42 12\n     hello, world", "EXISTS", "X W\n     v1", "Z X\n     v1", "\n     v2\n"):
        assert shown in done.stdout
    assert "\033" not in done.stdout


def test_what_does_not_come_out_as_told_is_an_error() -> None:
    scene = demo.Scene("t", "", (demo.Step("A", "set k 1", ("NOT_STORED",)),))
    with Client.in_process() as client, pytest.raises(demo.DemoError, match="was answered"):
        demo.play(1, scene, {"A": client}, lambda text: None, colours=False)


def test_numbers_are_carried_from_step_to_step() -> None:
    steps = (
        demo.Step("A", "set k 1", ("STORED",)),
        demo.Step("A", "gets k", ("VALUE k 0 1 {cas}", "1", "END")),
        demo.Step("A", "cas k 2 {cas}", ("STORED",)),
    )
    shown: list[str] = []
    with Client.in_process() as client:
        demo.play(1, demo.Scene("Title", "Text", steps), {"A": client}, shown.append, colours=False)
        assert client.get("k") == b"2"
    assert "1. Title" in "".join(shown)
