from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from mclite.replay.scenario.requirements import STARTS
from mclite.replay.target.spec import TargetError, fill, find_spec, read_spec

TARGETS = Path(__file__).resolve().parents[3] / "conformance" / "targets"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_command_and_what_is_added(tmp_path: Path) -> None:
    file = write(
        tmp_path / "x.toml",
        'program = "x"\ncommand = "{program} {user} -p {port}"\n'
        '[start.auth]\nadd = "-Y {users}"\nfiles = { users = "a:b" }\n[start.small-items]\nadd = "-I 2k"\n',
    )
    spec = read_spec(file)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    values = {"program": "/a b/x", "port": "7", "users": "/tmp/u"}
    assert spec.command_for(frozenset(), values) == ["/a b/x", *user, "-p", "7"]
    needs = frozenset({"auth", "small-items", "fresh"})
    assert spec.command_for(needs, values)[-4:] == ["-Y", "/tmp/u", "-I", "2k"]
    assert spec.missing(needs | {"tls"}) == ["tls"]


def test_a_target_file_like_another(tmp_path: Path) -> None:
    write(
        tmp_path / "a.toml",
        'name = "A"\ncommand = "a"\nlacks = ["meta"]\nprofile = "classic"\n[start.auth]\nadd = "-Y"\n',
    )
    spec = read_spec(write(tmp_path / "b.toml", 'like = "a"\ncommand = "b"\n[start.shutdown]\nadd = "-A"\n'))
    assert (spec.name, spec.command, set(spec.starts)) == ("A", "b", {"auth", "shutdown"})
    assert (spec.lacks, spec.require, spec.profile) == (("meta",), (), "classic")
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
        ('command = "x"\n[start.auth]\nlike = "tls"', "unknown key 'like'"),
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
        assert spec.of_release(release).command_for(frozenset({"fresh"}), {"port": "7"})[2:] == words.split()
    with pytest.raises(TargetError, match=r"\[start.fresh\] before: 'new' is not a version"):
        read_spec(write(tmp_path / "y.toml", text.replace("1.5.0", "new")))


def test_older_releases_get_options_however_they_are_started(tmp_path: Path) -> None:
    text = 'command = "x {port}"\nbefore = { "1.4.20" = "-t {port}", "1.4.18" = "" }\n[start.fresh]\nadd = "--new"\n'
    spec = read_spec(write(tmp_path / "x.toml", text))
    for release, words in ((None, ""), ("1.4.20", ""), ("1.4.19", "-t 7"), ("1.4.18", "-t 7"), ("1.4.17", "")):
        made = spec.of_release(release)
        assert made.command_for(frozenset(), {"port": "7"})[2:] == words.split()
        assert made.command_for(frozenset({"fresh"}), {"port": "7"})[2:] == [*words.split(), "--new"]
    with pytest.raises(TargetError, match=r"before: 'new' is not a version"):
        read_spec(write(tmp_path / "y.toml", text.replace("1.4.20", "new")))
    with pytest.raises(TargetError, match=r"before: what releases before 1.4.20 get must be a str"):
        read_spec(write(tmp_path / "y.toml", text.replace('"-t {port}"', "1")))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('command = "x {port}"\nbefore = { "1.5.0" = "{a}" }', "before has the unknown slot {a}"),
        ('command = "x {port} {nosuch}"', "command has the unknown slot {nosuch}; there are {port}, {port2}, {host}"),
        ('command = "x {port} {Conf}"\nfiles = { conf = "" }', "command has the unknown slot {Conf}"),
        ('command = "x {port}"\nfiles = { conf = "a {nosuch}" }', "files.conf has the unknown slot {nosuch}"),
        ('command = "x {port} {program}"', "the unknown slot {program}"),
        ('command = "x {port} {backend}"', "the unknown slot {backend}"),
        ('program = "{python}"\ncommand = "{program} {port}"', "program has the unknown slot {python}"),
        ('command = "x {port}"\n[start.auth]\nadd = "{users}"', "[start.auth] add has the unknown slot {users}"),
        (
            'command = "x {port}"\n[start.auth]\ncommand = "{users}"',
            "[start.auth] command has the unknown slot {users}",
        ),
        ('command = "x {port}"\n[start.unix]\npath = "{folder}/s"', "[start.unix] path has the unknown slot {folder}"),
        ('command = "x {port}"\n[start.auth]\nfiles = { a = "{user}" }', "[start.auth] files.a has the unknown slot"),
        ('command = "x {port} {users}"\n[start.auth]\nfiles = { users = "" }', "command has the unknown slot {users}"),
        ('command = "x {port}"\nname = "x {port}"', "name has the unknown slot {port}; there are {version}"),
        (
            'command = "x {port}"\n[start.auth]\nbefore = { "1.5.0" = "{a}" }',
            "before has the unknown slot {a}",
        ),
        (
            'command = "x {port}"\n[start.auth]\nenvironment = { A = "{port}" }',
            "environment.A has the unknown",
        ),
    ],
)
def test_an_unknown_slot_is_an_error_that_names_it(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(TargetError, match=re.escape(problem)):
        read_spec(write(tmp_path / "x.toml", text))


def test_an_unknown_slot_of_a_command() -> None:
    with pytest.raises(TargetError, match=re.escape("the command 'x {port} {nosuch}' has the unknown slot {nosuch}")):
        find_spec("x {port} {nosuch}", Path())


def test_what_looks_like_a_slot_and_is_none(tmp_path: Path) -> None:
    text = 'sh {a: 1, b: [2]} ${HOME} ${x} {} {2} a{1,3} { port } {"port": {port}}'
    assert fill(text, {"port": "7"}) == text.replace(": {port}", ": 7")
    spec = read_spec(write(tmp_path / "x.toml", f"command = 'x {{port}}'\nfiles = {{ conf = '{text}' }}"))
    assert spec.uses("port")
    assert not spec.uses("port2")
    with pytest.raises(TargetError, match=re.escape("nothing is known for the slot {x}")):
        fill("{x}", {})


@pytest.mark.parametrize("where", ["command", "files", "start"])
def test_a_second_port_wherever_it_is_asked_for(tmp_path: Path, where: str) -> None:
    text = {
        "command": 'command = "x {port} {port2}"',
        "files": 'command = "x {port}"\nfiles = { conf = "{port2}" }',
        "start": 'command = "x {port}"\n[start.auth]\nfiles = { conf = "{port2}" }',
    }
    assert read_spec(write(tmp_path / "x.toml", text[where])).uses("port2")


def test_a_program_here_that_does_not_say_where_the_port_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError, match=re.escape(f"there is no ./server here ({tmp_path})")):
        find_spec("./server", tmp_path / "targets")
    write(tmp_path / "server", "")
    with pytest.raises(TargetError, match=re.escape("./server does not say where the port goes: --spawn './server")):
        find_spec("./server", tmp_path / "targets")


def test_relative_words_of_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    for name in ("x", "conf/a", "b"):
        write(tmp_path / name, "")
    spec = find_spec("x {port} conf/a nosuch/a b conf /absolute", tmp_path)
    words = spec.command_for(frozenset(), {"port": "7"})
    # a program without a slash is in PATH; a bare word that is a folder is left alone
    assert words == ["x", "7", f"{tmp_path}/conf/a", "nosuch/a", f"{tmp_path}/b", "conf", "/absolute"]
    spec = read_spec(write(tmp_path / "x.toml", 'command = "./x {port} b conf/a"'))
    assert spec.command_for(frozenset(), {"port": "7"}) == [f"{tmp_path}/x", "7", "b", f"{tmp_path}/conf/a"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('lacks = ["incrr"]', "'incrr' is none of add, append,"),
        ("lacks = [1]", "lacks must be a list of names"),
        ('require = ["nothing"]', "'nothing' is none of"),
        ('profile = "classy"', "the profile 'classy' is none of classic, meta, full"),
        ('lacks = ["meta"]\nrequire = ["mg", "touch"]', "mg: declared absent, and required"),
        ('declares = ["meta"]', "unknown key 'declares'"),
    ],
)
def test_what_is_declared_are_names_that_there_are(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(TargetError, match=problem):
        read_spec(write(tmp_path / "x.toml", f'command = "c"\n{text}'))


KEYS = {
    "like": '"other"',
    "name": '"n"',
    "program": '"p"',
    "command": '"c"',
    "lacks": '["meta"]',
    "require": '["touch"]',
    "profile": '"classic"',
    "gate": '"should"',
    "backend": '"other"',
    "before": '{ "1.5.0" = "-o" }',
    "files": '{ a = "b" }',
}
START_KEYS = {
    "add": '"-a"',
    "before": '{ "1.5.0" = "-o" }',
    "command": '"c"',
    "kind": '"tls"',
    "path": '"{dir}/s"',
    "environment": '{ A = "b" }',
    "files": '{ a = "b" }',
    "copies": '{ a = "b" }',
}


@pytest.mark.parametrize(("before", "keys"), [("", KEYS), ('command = "c"\n[start.auth]\n', START_KEYS)])
def test_every_key_alone_makes_a_target_file(tmp_path: Path, before: str, keys: dict[str, str]) -> None:
    write(tmp_path / "other.toml", 'command = "other"')
    for key, value in keys.items():
        text = f"{before}{key} = {value}\n" + ('command = "c"\n' if not before and key != "command" else "")
        assert read_spec(write(tmp_path / "x.toml", text)).command


def test_the_manual_and_the_schema_name_the_same_keys() -> None:
    root = Path(__file__).resolve().parents[3]
    manual = (root / "docs" / "targets.md").read_text(encoding="utf-8")
    schema = json.loads((root / "conformance" / "schema" / "target.json").read_text())["properties"]
    sections = {part.split("\n", 1)[0]: part for part in manual.split("\n## ")}
    for section, keys, properties in (
        ("The file", KEYS.keys() | {"start"}, schema),
        ("A way to start: `[start.NAME]`", START_KEYS.keys(), schema["start"]["additionalProperties"]["properties"]),
    ):
        named = {row.strip("[") for row in re.findall(r"^\| `([^`=. ]+)", sections[section], re.MULTILINE)}
        assert named == keys == properties.keys()
