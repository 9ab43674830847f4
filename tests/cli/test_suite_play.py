"""`mclite suite play`: which scenarios are played to which server, what is printed, and the exit codes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mclite.cli import main
from mclite.testing import ServerThread

HEAD = 'section = "Deletion"\nlevel = "must"\nlines = ["335-337"]\n'
PASSES = """
[[scenario]]
id = "passes"
title = "delete of a missing key is answered"
talk = '''
> delete {key}
< NOT_FOUND
'''
"""
FAILS = """
[[scenario]]
id = "fails"
title = "delete of a missing key is said to delete"
talk = '''
> delete {key}
< DELETED
'''
"""
OLD = """
[[scenario]]
id = "old"
title = "of a release that is long gone"
until = "1.4.20"
talk = '''
> delete {key}
< NOT_FOUND
'''
"""
NEEDS = """
[[scenario]]
id = "needs"
title = "of a server that is started otherwise"
requires = ["auth"]
talk = '''
> delete {key}
< NOT_FOUND
'''
"""
HARMS = """
[[scenario]]
id = "harms"
title = "flushes what others keep"
scope = "server"
talk = '''
> flush_all
< OK
'''
"""


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chapter" / "file.toml"


def play(
    file: Path, capsys: pytest.CaptureFixture[str], scenarios: str, *words: str, path: Path | None = None
) -> tuple[int, str, str]:
    """Write a file of scenarios and play it; return the exit code, the output and the errors."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(HEAD + scenarios)
    code = main(["suite", "play", str(path or file), *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_what_passes_is_counted_and_shown_when_asked(
    server: ServerThread, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = play(file, capsys, PASSES, "--target", server.address)
    assert (code, out, err) == (0, "1 passed, 0 failed, 0 skipped; judged as memcached 1.6.45\n", "")
    code, out, _ = play(file, capsys, PASSES, "--target", server.address, "-v")
    assert code == 0
    assert re.search(r"^pass    file/passes \(\d+ ms\)$", out, re.MULTILINE)
    assert "NOT_FOUND" in out


def test_what_fails_is_shown_with_the_line_that_plays_it_again(
    server: ServerThread, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--target", server.address, "--as", "1.6.38", "--all", "--destructive")
    code, out, _ = play(file, capsys, PASSES + FAILS, *words)
    assert code == 1
    assert "FAIL    file/fails" in out
    assert "want" in out
    assert f"{sys.executable} -m mclite suite play {file} -k fails --target {server.address} --as 1.6.38 --all" in out
    assert out.endswith("1 passed, 1 failed, 0 skipped; judged as memcached 1.6.38\n")


def test_of_all_files_of_a_folder_those_whose_id_has_the_word(
    server: ServerThread, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "mine.toml").write_text("no scenario")
    code, out, _ = play(file, capsys, PASSES + FAILS, "--target", server.address, "-k", "pass", path=tmp_path)
    assert (code, out.splitlines()[-1][:28]) == (0, "1 passed, 0 failed, 0 skippe")


@pytest.mark.parametrize(
    ("scenario", "words", "reason", "code"),
    [
        (OLD, [], "not of memcached 1.6.45", 4),
        (OLD, ["--as", "1.4.20"], None, 0),
        (NEEDS, [], "requires auth", 4),
        (NEEDS, ["--all"], None, 0),
        (HARMS, [], "--destructive", 4),
        (HARMS, ["--destructive"], None, 0),
    ],
)
def test_what_is_skipped_and_why(
    server: ServerThread,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    scenario: str,
    words: list[str],
    reason: str | None,
    code: int,
) -> None:
    found, out, _ = play(file, capsys, scenario, "--target", server.address, *words)
    assert found == code
    if reason is None:
        assert out.startswith("1 passed, 0 failed, 0 skipped")
    else:
        assert re.search(rf"^skipped file/\w+ \(.*{re.escape(reason)}", out)


def test_a_server_of_its_own_takes_everything(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = play(file, capsys, PASSES + HARMS + FAILS, "--spawn", "mclite")
    assert code == 1
    assert "2 passed, 1 failed, 0 skipped" in out
    assert "-k fails --spawn mclite" in out


def test_a_malformed_file_is_named_and_the_others_are_played(
    server: ServerThread, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("scenario = 1\n")
    code, out, err = play(file, capsys, PASSES, "--target", server.address, path=tmp_path)
    assert code == 1
    assert "bad.toml" in err
    assert "1 passed" in out
    code, out, err = play(file, capsys, "scenario = 1", "--target", server.address)
    assert (code, out) == (1, "")
    assert "there is no scenario to play" in err


def test_nothing_to_play(server: ServerThread, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = play(file, capsys, PASSES, "--target", server.address, "-k", "no such word")
    assert (code, out, err) == (4, "", "mclite suite play: there is no scenario to play\n")


def test_a_target_that_cannot_be_reached(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = play(file, capsys, PASSES, "--target", "127.0.0.1:1")
    assert code == 3
    assert err.startswith("mclite suite play: 127.0.0.1:1 cannot be connected to: ")
    code, _, err = play(file, capsys, PASSES, "--spawn", "no-such-server {port}")
    assert code == 2
    assert "no-such-server" in err
    assert err.count("\n") == 1
