from __future__ import annotations

import os
from pathlib import Path

import pytest

from mclite.replay.scenario.requirements import STARTS
from mclite.replay.target.spec import TargetError, find_spec, read_spec

TARGETS = Path(__file__).resolve().parents[3] / "conformance" / "targets"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_command_and_what_is_added(tmp_path: Path) -> None:
    file = write(
        tmp_path / "x.toml",
        'program = "x"\ncommand = "{program} {user} -p {port}"\n'
        '[start.auth]\nadd = "-Y {users}"\n[start.small-items]\nadd = "-I 2k"\n',
    )
    spec = read_spec(file)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    values = {"program": "/a b/x", "port": "7", "users": "/tmp/u"}
    assert spec.command_for(frozenset(), values) == ["/a b/x", *user, "-p", "7"]
    needs = frozenset({"auth", "small-items", "fresh"})
    assert spec.command_for(needs, values)[-4:] == ["-Y", "/tmp/u", "-I", "2k"]
    assert spec.missing(needs | {"tls"}) == ["tls"]


def test_a_target_file_like_another(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", 'name = "A"\ncommand = "a"\ndeclares = ["meta"]\n[start.auth]\nadd = "-Y"\n')
    spec = read_spec(write(tmp_path / "b.toml", 'like = "a"\ncommand = "b"\n[start.shutdown]\nadd = "-A"\n'))
    assert (spec.name, spec.command, spec.declares, set(spec.starts)) == ("A", "b", ("meta",), {"auth", "shutdown"})
    for text in ('like = "c"', 'like = "b"'):
        with pytest.raises(TargetError, match="not like another"):
            read_spec(write(tmp_path / "c.toml", text))
    with pytest.raises(TargetError, match=r"d\.toml cannot be read"):
        read_spec(write(tmp_path / "c.toml", 'like = "d"'))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "says no command"),
        ("command = 3", "command must be a str"),
        ('command = "x"\ncolour = "red"', "unknown key 'colour'"),
        ('command = "x"\n[start.magic]\nadd = "y"', r"\[start.magic\] is none of"),
        ('command = "x"\n[start.auth]\nad = "y"', "unknown key 'ad'"),
        ("command = ", "cannot be read"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(TargetError, match=problem):
        read_spec(write(tmp_path / "x.toml", text))


def test_what_spawn_may_name(tmp_path: Path) -> None:
    write(tmp_path / "x.toml", 'program = "x"\ncommand = "{program} {port}"\n')
    assert find_spec("x", tmp_path).program == "x"
    assert find_spec("x=/usr/bin/y", tmp_path).program == "/usr/bin/y"
    assert find_spec(str(tmp_path / "x.toml"), Path("/")).program == "x"
    assert find_spec("/usr/bin/server -p {port}", tmp_path).name == "server"
    with pytest.raises(TargetError, match=r"known are x$"):
        find_spec("y", tmp_path)
    with pytest.raises(TargetError, match=r"put \{port\} into it"):
        find_spec("server -p 11211", tmp_path)
    with pytest.raises(TargetError, match="cannot be split"):
        find_spec("server '{port}", tmp_path)


@pytest.mark.parametrize("path", sorted(TARGETS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_files(path: Path) -> None:
    spec = read_spec(path)
    assert spec.starts.keys() <= STARTS.keys()
    for start in spec.starts.values():
        assert all(copied.is_file() for copied in start.copies.values())
    if spec.backend:
        find_spec(spec.backend, TARGETS)


def test_mclite_is_started_in_every_way() -> None:
    assert not find_spec("mclite", TARGETS).missing(frozenset(STARTS))


def test_variables_are_set_as_the_way_of_starting_says(tmp_path: Path) -> None:
    text = 'command = "x {port}"\n[start.fresh]\nenvironment = { NAME = "1" }\n[start.udp]\nadd = "-U"\n'
    spec = read_spec(write(tmp_path / "x.toml", text))
    assert spec.environment(frozenset({"fresh", "udp"})) == {"NAME": "1"}
    assert spec.environment(frozenset({"udp"})) == {}


def test_older_releases_get_the_options_that_they_have(tmp_path: Path) -> None:
    text = 'command = "x {port}"\n[start.fresh]\nadd = "--new"\nbefore = { "1.5.0" = "--old", "1.4.29" = "" }\n'
    spec = read_spec(write(tmp_path / "x.toml", text))
    for release, words in ((None, "--new"), ("1.5.0", "--new"), ("1.4.39", "--old"), ("1.4.28", "")):
        assert spec.of_release(release).describe(frozenset({"fresh"})) == words
        assert spec.of_release(release).command_for(frozenset({"fresh"}), {})[2:] == words.split()
    with pytest.raises(TargetError, match=r"\[start.fresh\] before: 'new' is not a version"):
        read_spec(write(tmp_path / "y.toml", text.replace("1.5.0", "new")))
