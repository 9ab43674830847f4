from __future__ import annotations

from pathlib import Path

import pytest
from suite_run import HEAD, PASSES

from mclite.replay.scenario.holdings import Holdings
from mclite.replay.scenario.lint import load_all
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import Heading, headings, load
from mclite.replay.scenario.versions import KNOWN_VERSIONS, parse_version

NEW, OLD = parse_version("1.6.45"), parse_version("1.6.9")


def test_headings_are_what_is_loaded() -> None:
    root = default_root()
    scenarios, faults = load_all(root)
    assert not faults
    holdings = Holdings(root)
    offers = {f"offers/{name}" for name in documented().entries}
    for version in KNOWN_VERSIONS:
        assert holdings.ids(version) == offers | {one.id for one in scenarios if one.applies_to(version)}


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "chapter" / "file.toml"
    path.parent.mkdir()
    path.write_text(HEAD + PASSES)
    holdings = Holdings(tmp_path)
    holdings.add(path, load(path, tmp_path))
    path.write_text("")
    assert holdings.ids(NEW) == {"chapter/file/stored", "chapter/file/no-key"}


def test_a_default_of_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text('since = "1.6.40"\n' + HEAD + PASSES.replace('id = "no-key"', 'id = "no-key"\nsince = "1.6.0"'))
    assert headings(path, tmp_path) == [
        Heading("file/stored", parse_version("1.6.40")),
        Heading("file/no-key", parse_version("1.6.0")),
    ]
    assert Holdings(tmp_path).ids(OLD) == {"file/no-key"}


@pytest.mark.parametrize(
    "text",
    ["", "x = ", "scenario = 3", "scenario = [1]", '[[scenario]]\ntitle = "x"', '[[scenario]]\nid = "x"\nsince = 1'],
)
def test_a_malformed_file_holds_what_no_run_can_play(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.toml").write_text(text)
    assert Holdings(tmp_path).ids(NEW) == {"file.toml"}


def test_other_files_hold_nothing(tmp_path: Path) -> None:
    for name in ("targets/x.toml", "exclusions.toml", ".hidden/x.toml", "x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert Holdings(tmp_path).ids(NEW) == set()
