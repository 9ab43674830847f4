import sys
from pathlib import Path

import pytest

from mclite.replay.clientcheck import drivers
from mclite.replay.clientcheck.drivers import UnknownDriverError, find, shipped


def test_the_drivers_of_the_suite_are_found_by_name() -> None:
    assert {"pymemcache", "mclite", "mclite-async"} <= shipped().keys()
    name, command = find("pymemcache")
    assert name == "pymemcache"
    assert command == [sys.executable, str(shipped()["pymemcache"])]


def test_the_drivers_of_the_suite_have_fewer_than_100_lines() -> None:
    for path in shipped().values():
        assert len(path.read_text("utf-8").splitlines()) < 100, path.name


def test_a_file_and_a_command(tmp_path: Path) -> None:
    file = tmp_path / "drive_my_own.py"
    file.write_text("")
    assert find(str(file)) == ("my-own", [sys.executable, str(file)])
    assert find(f"{sys.executable} -m mine --fast")[1] == [sys.executable, "-m", "mine", "--fast"]
    binary = tmp_path / "mine"
    binary.write_text("")
    with pytest.raises(UnknownDriverError, match="cannot be executed"):
        find(str(binary))
    binary.chmod(0o755)
    assert find(str(binary)) == ("mine", [str(binary)])


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UnknownDriverError, match="did you mean pymemcache"):
        find("pymemcach")
    with pytest.raises(UnknownDriverError, match="no command line"):
        find("'")


def test_a_program_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "_INTERPRETERS", {".js": ("no-such-node",)})
    file = tmp_path / "drive_x.js"
    file.write_text("")
    with pytest.raises(UnknownDriverError, match="needs no-such-node"):
        find(str(file))
