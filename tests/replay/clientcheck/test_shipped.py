"""The drivers of the suite: each says what it is and does an honest handful; mclite.client passes all there is."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import pytest

from mclite.replay.clientcheck import run as running
from mclite.replay.clientcheck.drivers import find, shipped
from mclite.replay.clientcheck.run import Run
from mclite.replay.clientcheck.scenario import load_all

#: What every client does with every honest server, and one answer that is late.
HANDFUL = {"honest/store-and-fetch", "honest/every-byte", "honest/many", "honest/delete", "late/then-gets-get"}
#: Drivers that need more than the `clients` extra, and how to see that it is there.
NEEDS = {
    "memcached": ["node", "-e", "require.resolve('memcached', {paths: [process.cwd()]})"],
    "memjs": ["node", "-e", "require.resolve('memjs', {paths: [process.cwd()]})"],
    "cache-memcached-fast": ["perl", "-MCache::Memcached::Fast", "-e", "1"],
}


def check(name: str, chosen: set[str] | None = None, chapters: set[str] | None = None) -> Run:
    scenarios = [
        one
        for one in load_all()
        if (chosen is None or one.id in chosen) and (chapters is None or one.chapter in chapters)
    ]
    return asyncio.run(running.check(name, find(name)[1], scenarios, width=4))


def wrong(run: Run) -> list[str]:
    return [
        f"{record.id}: {finding.fault}: {finding.text}" for record in run.records for finding in record.played.findings
    ]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_driver_does_an_honest_handful(name: str) -> None:
    needed = NEEDS.get(name)
    if needed and (not shutil.which(needed[0]) or subprocess.run(needed, capture_output=True).returncode):
        pytest.skip(f"{name} is not installed")
    run = check(name, HANDFUL)
    assert run.hello.version
    assert [line for line in wrong(run) if line.startswith("honest/")] == []
    assert {"pass"} <= {record.verdict for record in run.records}


def test_the_client_of_mclite_passes_all() -> None:
    run = check("mclite")
    assert wrong(run) == []
    assert {record.verdict for record in run.records} == {"pass", "unsupported"}


def test_the_async_client_of_mclite_passes_what_waits() -> None:
    run = check("mclite-async", chapters={"late", "cancelled", "together", "connection"})
    assert wrong(run) == []
    assert "cancelled/before-the-answer-get:text" in {record.id for record in run.records}
