"""Publishing: what is started, and what is made of the results."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mclite.replay.report import publish
from mclite.replay.results.read import ResultsError

# Stands in the place of the suite: writes the results beside it where --report-dir says, and exits as it is told.
FAKE = """
import json, pathlib, shutil, sys, tempfile
arguments = sys.argv
folder = pathlib.Path(arguments[arguments.index("--report-dir") + 1])
spawn = arguments[arguments.index("--spawn") + 1]
if spawn != "nothing":
    results = json.loads(pathlib.Path(spawn).read_text())
    made = f"{tempfile.gettempdir()}/mclite-server-a_b12/c"
    results["target"]["spawn"] = f"{sys.executable} -m x {pathlib.Path.cwd()}/bin/server -c {made}"
    (folder / "x.json").write_text(json.dumps(results))
print("last words")
sys.exit(int(pathlib.Path("code").read_text()))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout in which `python -m pytest` is the fake."""
    (tmp_path / "pytest.py").write_text(FAKE)
    (tmp_path / "conformance").mkdir()
    (tmp_path / "code").write_text("1")
    return tmp_path


def test_each_server_gets_its_files_and_all_get_an_index(checkout: Path, folder: Any, fleet: Any) -> None:
    runs = fleet(60)
    for number, run in enumerate(runs[:3]):
        folder.write(run, f"run{number}.json")
    out = checkout / "reports"
    made = publish.publish(["run0.json", "run1.json", "run2.json"], checkout, out, say=False)
    assert [one.name for one in made] == ["memcached-1.6.45", "memcached-1.6.38", "memcached-1.6.18"]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["index.html", *(f"{one.name}.{suffix}" for one in made for suffix in ("json", "html"))]
    )
    index = (out / "index.html").read_text()
    assert '<a href="memcached-1.6.38.html">memcached 1.6.38</a>' in index
    assert "<title>Which servers speak memcached?</title>" in index


def test_no_path_of_the_machine_is_published(checkout: Path, folder: Any, make: Any) -> None:
    folder.write(make(), "run.json")
    (made,) = publish.publish(["run.json"], checkout, checkout / "reports", say=False)
    assert json.loads(made.results.read_text())["target"]["spawn"] == "python -m x bin/server -c /tmp/mclite-server/c"
    for path in (made.results, made.page):
        assert str(checkout) not in path.read_text()
        assert sys.executable not in path.read_text()


@pytest.mark.parametrize(("spawn", "code"), [("nothing", 1), ("nothing", 0), ("run.json", 3), ("run.json", 2)])
def test_a_run_that_failed_is_named_and_nothing_is_replaced(
    checkout: Path, folder: Any, make: Any, spawn: str, code: int
) -> None:
    folder.write(make(), "run.json")
    (checkout / "code").write_text(str(code))
    with pytest.raises(publish.PublishError, match=rf"{spawn}: the run ended with {code}: .*last words"):
        publish.publish([spawn], checkout, checkout / "reports", say=False)
    assert not (checkout / "reports").exists()


def test_two_servers_of_one_name_do_not_overwrite_each_other(folder: Any, make: Any) -> None:
    paths = [folder.write(make(), "a.json"), folder.write(make(seed=2), "b.json")]
    made = publish.pages(paths, folder.path / "out")
    assert [one.name for one in made] == ["memcached-1.6.45", "memcached-1.6.45-2"]


def test_nothing_to_publish(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no results to publish"):
        publish.pages([], tmp_path)


def test_usual_servers_are_those_that_are_there(tmp_path: Path) -> None:
    targets = tmp_path / "conformance" / "targets"
    targets.mkdir(parents=True)
    assert publish.usual_servers(tmp_path) == []
    (targets / "mclite.toml").write_text("")
    program = tmp_path / ".memcached" / "sid" / "memcached"
    program.parent.mkdir(parents=True)
    program.write_text("")
    assert publish.usual_servers(tmp_path) == ["memcached=.memcached/sid/memcached", "mclite"]
