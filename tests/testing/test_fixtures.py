"""The fixtures as a project has them that installed mclite, and what they cost one that does not use them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from waiting import SECONDS_MAX

ROOT = Path(__file__).parents[2]
RunPytest = Callable[..., str]

EACH_OF_THEM = """
import asyncio
import pytest
from mclite.client import ServerError

def test_expiry(mclite_client, mclite_server):
    mclite_client.set("k", "v", 60)
    mclite_server.clock.advance(60)
    assert mclite_client.get("k") is None

def test_fault(mclite_client, mclite_server):
    assert mclite_client.get("k") is None
    mclite_server.faults.error(on="set")
    with pytest.raises(ServerError):
        mclite_client.set("k", "v")

def test_async(mclite_async_client, mclite_client):
    async def use():
        await mclite_async_client.set("k", "v")
        return await mclite_async_client.get("k")
    assert asyncio.run(use()) == b"v"
    assert mclite_client.get("k") == b"v"

def test_cluster(mclite_cluster):
    assert len(mclite_cluster) == 3
    assert len(set(mclite_cluster.addresses)) == 3
"""


def test_all_of_them(run_pytest: RunPytest) -> None:
    assert "4 passed" in (printed := run_pytest(EACH_OF_THEM)), printed
    assert "4 passed" in (printed := run_pytest(EACH_OF_THEM, "-n", "2")), printed


def test_options_by_a_marker(run_pytest: RunPytest) -> None:
    printed = run_pytest("""
import pytest

pytestmark = pytest.mark.mclite(memory_limit=8, conn_limit=10)

@pytest.mark.mclite(memory_limit=16)
def test_closest_first(mclite_client):
    settings = mclite_client.stats("settings")
    assert (settings["maxbytes"], settings["maxconns"]) == (str(16 << 20), "10")

def test_module(mclite_module_client):
    assert mclite_module_client.stats("settings")["maxbytes"] == str(8 << 20)

def test_session(mclite_session_client):
    assert mclite_session_client.stats("settings")["maxbytes"] == str(64 << 20)

@pytest.mark.mclite(nodes=2)
def test_nodes(mclite_cluster, mclite_server):
    assert len(mclite_cluster) == 2

@pytest.mark.mclite(enable_ssl=True)
def test_tls(mclite_client, mclite_server):
    assert mclite_client.set("k", "v")
    assert mclite_server.client_context is not None
""")
    assert "5 passed" in printed, printed


def test_a_wrong_marker_names_the_nearest_option(run_pytest: RunPytest) -> None:
    printed = run_pytest("""
import pytest

@pytest.mark.mclite(memory_limits=8)
def test_unknown(mclite_server):
    pass

@pytest.mark.mclite(8)
def test_unnamed(mclite_server):
    pass
""")
    assert "there is no option 'memory_limits'; did you mean 'memory_limit'?" in printed
    assert "test_mine.py::test_unnamed: the marker mclite takes named options only" in printed
    assert "2 errors" in printed, printed


def test_scopes(tmp_path: Path, run_pytest: RunPytest) -> None:
    body = """
def test_one(mclite_server, mclite_module_client, mclite_session_client):
    seen.append(mclite_server)
    mclite_module_client.set("m", str(len(seen)))
    mclite_session_client.add("n", "1")

def test_two(mclite_server, mclite_module_client, mclite_session_client):
    assert mclite_server not in seen
    assert mclite_module_client.get("m") == b"1"
    assert mclite_session_client.get("n") == b"1"
"""
    second = """
def test_three(mclite_module_client, mclite_session_client):
    assert mclite_module_client.get("m") is None
    assert mclite_session_client.get("n") == b"1"
"""
    (tmp_path / "test_first.py").write_text("seen = []\n" + body)
    printed = run_pytest(second, "test_first.py", name="test_second.py")
    assert "3 passed" in printed, printed


def test_conftest_may_name_them(tmp_path: Path, run_pytest: RunPytest) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["mclite.testing.fixtures"]\n')
    assert "1 passed" in (printed := run_pytest("def test(mclite_server): pass")), printed


def test_the_entry_point_is_found_and_imports_nothing(tmp_path: Path) -> None:
    """Installed as a distribution is, and loaded by pytest, it imports three small modules."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    ((name, value),) = points["pytest11"].items()
    site = tmp_path / "site"
    info = site / "mclite-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mclite\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\n{name} = {value}\n")
    test = tmp_path / "test_mine.py"
    test.write_text(
        "import sys\n"
        "def test_modules():\n"
        "    found = {name for name in sys.modules if name.split('.')[0] == 'mclite'}\n"
        "    assert found == {'mclite', 'mclite.testing', 'mclite.testing.fixtures'}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(test)],
        capture_output=True,
        text=True,
        timeout=4 * SECONDS_MAX,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))},
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_failure_shows_the_requests(run_pytest: RunPytest) -> None:
    printed = run_pytest("""
from mclite.testing import Request

def test_list(mclite_client, mclite_server):
    mclite_client.set("k", "v", 60)
    mclite_client.get("k")
    assert mclite_server.requests == [Request("set", "k", data="v"), Request("get", "k"), Request("get", "l")]

def test_count(mclite_client, mclite_server):
    mclite_client.delete("k")
    assert len(mclite_server.requests.of("get")) == 1
""")
    assert "2 failed" in printed
    for line in (
        "2 requests, not the 3 expected",
        "> 1  Request('set', 'k', exptime=60, data=b'v')",
        "expected  Request('set', 'k', data=b'v')",
        "2  Request('get', 'k')",
        "> 3  none",
        "expected  Request('get', 'l')",
        "- mclite_server.requests -",
        "1 requests received:",
        "1  connection 1  ('delete', 'k')",
    ):
        assert " ".join(line.split()) in " ".join(printed.split()), printed
