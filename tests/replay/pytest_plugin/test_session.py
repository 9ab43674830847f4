"""When a run is green, when it is complete, and what it may write: whole runs of pytest on a small suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from suite_run import COUNTS, HEAD, PASSES, WRONG, Suite, spawn

MORE = "conformance/other/more.toml"
FILES = {MORE: HEAD + PASSES.replace('"stored"', '"kept"').replace('"no-key"', '"none"')}
DIFFERS = WRONG.replace("note =", 'level = "observed"\nnote =')
WARNS = WRONG.replace("note =", 'level = "should"\nnote =')
WORKERS = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])


@WORKERS
def test_a_whole_run_is_complete(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(PASSES, *spawn(toy), *workers, files=FILES)
    assert run.code == 0, run.out
    (results,) = run.results.values()
    assert (results["run"]["complete"], results["run"]["held"], results["run"]["lost"]) == (True, 4, [])
    assert "conforms to memcached 1.6.45: all 4 required cases pass." in run.out


def test_a_scenario_about_another_version_is_not_missed(suite: Suite, toy: str) -> None:
    run = suite(PASSES + WRONG.replace("note =", 'until = "1.6.20"\nnote ='), *spawn(toy))
    (results,) = run.results.values()
    assert (results["run"]["complete"], results["run"]["held"]) == (True, 2)


@pytest.mark.parametrize(
    ("options", "addopts"),
    [
        (("--ignore", MORE), ""),
        (("--ignore-glob", "*more*"), ""),
        (("-o", "norecursedirs=other"), ""),
        (("--deselect", f"{MORE}::kept"), ""),
        (("-k", "not kept"), ""),
        (("conformance/chapter",), ""),
        (("-p", "chooser"), ""),
        ((), "-k stored"),
        (("-n", "2"), f"--ignore={MORE}"),
    ],
    ids=" ".join,
)
def test_a_selection_is_no_whole_run_however_it_is_made(
    suite: Suite, toy: str, options: tuple[str, ...], addopts: str
) -> None:
    chooser = "def pytest_collection_modifyitems(items):\n    del items[-1]\n"
    files = {**FILES, "chooser.py": chooser}
    path = "conformance" if options != ("conformance/chapter",) else "-q"
    run = suite(PASSES, *spawn(toy), *options, addopts=addopts, path=path, files=files)
    assert run.code == 0, run.out
    assert run.results == {}, "the report of a whole run must not be replaced"
    assert "was compared with memcached 1.6.45 only in part: " in run.out
    assert "of 4 scenarios have a result." in run.out
    assert "no report is written of a part of the suite" in run.out
    assert " conforms to " not in run.out


def test_the_report_of_a_part_has_a_name_of_its_own(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), files=FILES)
    assert list(run.results) == ["python"]
    run = suite(PASSES, *spawn(toy), "-k", "stored", "--report-dir", "reports", keep=True)
    assert sorted(run.results) == ["python", "python-part"]
    assert run.results["python"]["run"]["complete"] is True
    part = run.results["python-part"]
    assert (part["run"]["complete"], part["run"]["held"], part["run"]["lost"]) == (False, 4, [])
    assert part["summary"]["conforms"] is False


def test_the_index_of_parts_has_a_name_of_its_own(suite: Suite, toy: str, tmp_path: Path) -> None:
    targets = (*spawn(toy), *spawn(toy, "old"))
    assert suite(PASSES, *targets, "-k", "stored", "--report-dir", "reports").code == 0
    names = sorted(path.name for path in (tmp_path / "reports").glob("*.html"))
    assert names == ["index-part.html", "python-part-2.html", "python-part.html"]


def test_a_run_that_stops_at_the_first_failure_is_incomplete(suite: Suite, toy: str) -> None:
    run = suite(WRONG + PASSES, *spawn(toy), "-x", "--report-dir", "reports")
    assert run.code == 1, run.out
    (results,) = run.results.values()
    assert results["run"]["complete"] is False
    assert results["run"]["lost"] == ["chapter/file/no-key", "chapter/file/stored"]
    sentence = "2 scenarios have no result, because the run ended early: chapter/file/no-key, chapter/file/stored."
    assert sentence in run.out


def test_workers_that_stop_at_the_first_failure_deviate(suite: Suite, toy: str) -> None:
    run = suite(WRONG + PASSES, *spawn(toy), "-x", "-n", "2")
    assert run.code == 1, run.out


KILLER = """
import os, signal

def pytest_runtest_logstart(nodeid):
    if nodeid.endswith("::no-key") and "PYTEST_XDIST_WORKER" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("restarts", [(), ("--max-worker-restart", "0")], ids=["restarted", "not restarted"])
def test_what_a_killed_worker_played_has_no_result(suite: Suite, toy: str, restarts: tuple[str, ...]) -> None:
    options = ("-n", "2", "-p", "killer", "--report-dir", "reports", *restarts)
    run = suite(PASSES, *spawn(toy), *options, files={**FILES, "killer.py": KILLER})
    assert run.code == 1, run.out
    (results,) = run.results.values()
    assert results["run"]["complete"] is False
    assert "chapter/file/no-key" in results["run"]["lost"]
    assert results["summary"]["conforms"] is False
    assert "only in part" in run.out
    assert " conforms to " not in run.out


def test_the_page_says_what_has_no_result(suite: Suite, toy: str, tmp_path: Path) -> None:
    suite(PASSES, *spawn(toy), "-n", "2", "-p", "killer", "--report-dir", "reports", files={"killer.py": KILLER})
    page = (tmp_path / "reports" / "python-part.html").read_text()
    assert "only in part" in page
    assert "1 scenario has no result, because the run ended early: chapter/file/no-key." in page


@pytest.mark.parametrize("scenario", [DIFFERS, WARNS], ids=["differs", "warns"])
def test_nothing_that_matched_is_not_green(suite: Suite, toy: str, scenario: str) -> None:
    run = suite(scenario, *spawn(toy))
    assert run.code == 4, run.out
    assert "not one of 1 answer is memcached's" in run.out
    (results,) = run.results.values()
    assert (results["run"]["complete"], results["summary"]["conforms"]) == (True, False)
    assert suite(scenario + PASSES, *spawn(toy)).code == 0


def test_every_target_must_have_matched(suite: Suite, toy: str) -> None:
    """The second target answers as no release does, where protocol.txt is silent."""
    observed = PASSES.split("[[scenario]]")[2].replace('id = "no-key"', 'id = "no-key"\nlevel = "observed"')
    run = suite(f"[[scenario]]{observed}", *spawn(toy), *spawn(toy, "old"), "--as", "1.6.45")
    assert run.code == 4, run.out


def test_what_the_baseline_expects_has_not_matched(suite: Suite, toy: str, tmp_path: Path) -> None:
    options = (*spawn(toy), "--baseline", "known.toml")
    assert suite(WRONG, *options, "--update-baseline").code == 4
    assert not (tmp_path / "known.toml").exists(), "it would have to hold all there is"
    assert suite(WRONG + PASSES, *options, "--update-baseline").code == 0
    assert suite(WRONG, *options).code == 4
    assert suite(WRONG + PASSES, *options).code == 0


def test_results_that_cannot_be_written_fail_the_run(suite: Suite, toy: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for scenarios in (PASSES, PASSES + WRONG, DIFFERS):
        run = suite(scenarios, *spawn(toy), "--report-dir", "file")
        assert run.code == 6, run.out
        assert "file/python.json cannot be written: " in run.out
    assert (tmp_path / "file").is_file()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
@pytest.mark.parametrize("name", ["python.json", "python.html"])
def test_a_full_disk_fails_the_run(suite: Suite, toy: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to("/dev/full")
    run = suite(PASSES, *spawn(toy), "--report-dir", "out")
    assert run.code == 6, run.out
    assert f"out/{name} cannot be written: No space left on device" in run.out


def test_a_page_that_cannot_be_made_fails_the_run(suite: Suite, toy: str) -> None:
    hide = "import sys\nsys.modules['jinja2'] = None\n"
    run = suite(PASSES, *spawn(toy), "-p", "hide", files={"hide.py": hide})
    assert run.code == 6, run.out
    assert "reports/python.html is not written: jinja2 is missing (pip install 'mclite[conformance]')" in run.out
    assert suite(PASSES, *spawn(toy), "-p", "hide", "--no-report", files={"hide.py": hide}).code == 0


@WORKERS
def test_a_target_that_dies_leaves_the_baseline(
    suite: Suite, toy: str, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    options = (*spawn(toy, "die-on-delete"), "--baseline", "known.toml", "--update-baseline", *workers)
    run = suite(WRONG + PASSES, *options)
    assert run.code == 3, run.out
    assert "known.toml is not written: the target died in chapter/file/wrong" in run.out
    assert not (tmp_path / "known.toml").exists()


def test_a_target_that_dies_for_good_leaves_the_baseline(
    suite: Suite, running: Callable[..., str], tmp_path: Path
) -> None:
    before = '[[deviation]]\nid = "chapter/file/stored"\nfingerprint = "x"\nreason = "y"\n'
    options = ("--target", running("die-on-delete"), "--baseline", "known.toml", "--update-baseline")
    run = suite(WRONG + PASSES, *options, files={"known.toml": before})
    assert run.code == 3, run.out
    assert (tmp_path / "known.toml").read_text() == before


def test_a_death_that_the_baseline_expects(suite: Suite, toy: str, tmp_path: Path) -> None:
    run = suite(WRONG + PASSES, *spawn(toy, "die-on-delete"))
    fingerprint = run.record("wrong")["fingerprint"]
    known = f'[[deviation]]\nid = "chapter/file/wrong"\nfingerprint = "{fingerprint}"\nreason = "y"\n'
    options = (*spawn(toy, "die-on-delete"), "--baseline", "known.toml")
    run = suite(WRONG + PASSES, *options, files={"known.toml": known})
    assert run.code == 0, run.out
    run = suite(WRONG + PASSES, *options, "--update-baseline", files={"known.toml": known})
    assert run.code == 0, run.out
    assert fingerprint in (tmp_path / "known.toml").read_text()


@WORKERS
def test_an_incomplete_run_leaves_the_baseline(
    suite: Suite, toy: str, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    before = '[[deviation]]\nid = "other/more/kept"\nfingerprint = "x"\nreason = "y"\n'
    options = (*spawn(toy), "--baseline", "known.toml", "--update-baseline", "--ignore", MORE, *workers)
    run = suite(PASSES + WRONG, *options, files={**FILES, "known.toml": before})
    assert run.code == 6, run.out
    assert "known.toml is not written: the run is incomplete" in run.out
    assert (tmp_path / "known.toml").read_text() == before


def test_a_baseline_that_cannot_be_written_fails_the_run(suite: Suite, toy: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = suite(PASSES + WRONG, *spawn(toy), "--baseline", "file/known.toml", "--update-baseline")
    assert run.code == 6, run.out
    assert "file/known.toml cannot be written: " in run.out


def test_a_malformed_file_that_is_left_out_is_missed(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), "--ignore", MORE, "--report-dir", "reports", files={MORE: "x = "})
    assert run.code == 0, run.out
    (results,) = run.results.values()
    assert (results["run"]["complete"], results["run"]["held"]) == (False, 3)


def test_the_notes_of_workers_are_removed(
    suite: Suite, toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    run = suite(PASSES + COUNTS, *spawn(toy), "-n", "2")
    assert run.code == 0, run.out
    assert not list((tmp_path / "temporary").rglob("*.chosen"))
