"""Other people's test suites say of mclite what they say of memcached 1.6.45.

They are run if they are there: `memccapable` of libmemcached on the PATH, and the unpacked source distributions of
pymemcache and pylibmc where MCLITE_TEST_PYMEMCACHE and MCLITE_TEST_PYLIBMC say:

    pip download --no-binary :all: --no-deps pymemcache pylibmc
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mclite.testing.server import ServerThread

SECONDS_MAX = 120


@pytest.fixture
def server() -> Iterator[ServerThread]:
    """A server of the test's own, whose clock runs."""
    from mclite.store.clock import SystemClock

    with ServerThread(clock=SystemClock()) as running:
        yield running


def verdicts(output: str) -> dict[str, str]:
    """Return what memccapable says of each of its tests, by name."""
    return dict(re.findall(r"^((?:ascii|binary) [a-z ]*[a-z]) +\[(pass|FAIL)\]", output, re.MULTILINE))


@pytest.mark.skipif(shutil.which("memccapable") is None, reason="memccapable of libmemcached is not installed")
def test_memccapable(server: ServerThread) -> None:
    """Of its 27 tests 25 pass: the two of delete expect what memcached answered long ago."""
    command = ["memccapable", "-h", server.host, "-p", str(server.port), "-a"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX, check=False
    )
    said = verdicts(done.stdout)
    assert [name for name, verdict in said.items() if verdict == "FAIL"] == ["ascii delete", "ascii delete noreply"]
    assert "2 of 27 tests failed" in done.stdout


def suite_of(variable: str) -> Path:
    """Return the folder that an environment variable names, or skip."""
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} names no unpacked source distribution")
    assert Path(folder).is_dir(), f"{variable}: {folder} is no folder"
    return Path(folder)


def run_suite(folder: Path, arguments: list[str], **environment: str) -> str:
    """Run pytest in `folder`, and return the line in which it sums up."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    print(done.stdout[-5000:], done.stderr[-2000:])
    return done.stdout.rstrip().rpartition("\n")[2]


def test_suite_of_pymemcache(server: ServerThread) -> None:
    """Its integration tests, but the one that needs its authors' TLS server."""
    folder = suite_of("MCLITE_TEST_PYMEMCACHE")
    arguments = ["-m", "integration", "-k", "not tls", "--server", server.host, "--port", str(server.port)]
    summary = run_suite(folder, [*arguments, "pymemcache/test/test_integration.py"])
    assert re.match(r"[0-9]{2,} passed, [0-9]+ deselected in ", summary), summary


def test_suite_of_pylibmc(server: ServerThread) -> None:
    """All but the three that look for a server on port 11211, whatever they are told."""
    folder = suite_of("MCLITE_TEST_PYLIBMC")
    arguments = ["-c", os.devnull, "--rootdir", ".", "--ignore", "tests/test_autoconf.py", "tests"]
    summary = run_suite(folder, arguments, MEMCACHED_HOST=server.host, MEMCACHED_PORT=str(server.port))
    assert re.match(r"[0-9]{2,} passed in ", summary), summary
