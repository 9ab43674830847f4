"""The options of a run, checked before anything is started."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mclite.replay.pytest_plugin.options import UsageError, read_options
from mclite.replay.run.arguments import OPTIONS
from mclite.replay.scenario.offers import Declared
from mclite.replay.scenario.root import default_root


def read(*words: str, **values: Any) -> Any:
    """Read options with their defaults, other `values`, and other `words` of the command line."""
    usual = {option.dest: option.fields.get("default") for option in OPTIONS}
    usual |= dict.fromkeys(("destructive", "update_baseline", "no_report", "called_as_check"), False)
    config: Any = SimpleNamespace(
        getoption=(usual | values).__getitem__, invocation_params=SimpleNamespace(args=list(words))
    )
    return read_options(config, default_root())


def test_without_a_target_mclite_is_judged() -> None:
    options = read()
    (asked,) = options.targets
    assert asked.option == ""
    assert asked.spec is not None
    assert "mclite" in asked.spec.name
    assert (options.strict, options.gate, options.reference, options.deliver) == (False, None, None, "whole")


def test_targets_and_servers_to_start_in_order() -> None:
    options = read(target=["h:1", "unix:/s"], spawn=["my server {port}", "memcached"])
    assert [one.option for one in options.targets] == [
        "--target h:1", "--target unix:/s", "--spawn 'my server {port}'", "--spawn memcached",
    ]  # fmt: skip
    assert [str(one.address) for one in options.targets[:2]] == ["h:1", "unix:/s"]
    assert all(one.spec is not None for one in options.targets[2:])


def test_targets_have_the_names_that_were_given_in_order() -> None:
    options = read(target=["h:1"], spawn=["memcached"], names=["staging", "plain memcached"])
    assert [(one.name, one.label) for one in options.targets] == [("staging",) * 2, ("plain memcached",) * 2]
    assert read(names=["mine"]).targets[0].name == "mine"
    assert [(one.name, one.label) for one in read(target=["h:1"], spawn=["memcached"]).targets] == [
        (None, "h:1"),
        (None, "memcached"),
    ]


def test_strict_is_pytests_own_word() -> None:
    assert read("conformance", "--strict").strict
    assert not read("conformance", "--strict-markers").strict


def test_a_reference_runs_or_is_started() -> None:
    assert str(read(reference="h:1").reference.address) == "h:1"
    assert read(reference="h:1").reference.option == "--reference h:1"
    assert read(reference_spawn="memcached").reference.option == "--reference-spawn memcached"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"target": ["a b"]}, "'a b' is no address"),
        ({"spawn": ["my server"]}, r"\{port\}"),
        ({"reference": "h:1", "reference_spawn": "memcached"}, "there is one reference"),
        ({"reference": "a b"}, "'a b' is no address"),
        ({"judge_as": "new"}, r"^--as: 'new' is not a version"),
        ({"chop": -1}, "--chop takes a number of bytes"),
        ({"lacks": ["incr,incrr"]}, "'incrr' is none of add, append"),
        ({"require": ["nothing"]}, "'nothing' is none of"),
        ({"target": ["a:1", "b:1"], "names": ["a"]}, "^--name: there are 2 targets, and 1 name is given"),
        ({"target": ["a:1"], "names": ["a", "b"]}, "^--name: there is one target, and 2 names are given"),
        ({"target": ["a:1", "b:1"], "names": ["a b", "A B"]}, "^--name 'A B': another target has this name"),
        ({"names": ["x/y"]}, "^--name 'x/y': files are named after it"),
        ({"names": [" "]}, "^--name ' ': a name is not empty"),
        ({"profile": "small"}, "the profile 'small' is none of classic, meta, full"),
        ({"lacks": ["meta"], "require": ["mg"]}, "mg: declared absent, and required"),
        ({"target": ["a:1", "b:1"], "baseline": Path("x")}, "a baseline belongs to one target"),
        ({"target": ["a:1", "b:1"], "update_baseline": True}, "a baseline belongs to one target"),
        ({"update_baseline": True}, "--update-baseline needs --baseline FILE"),
        ({"baseline": Path("/no/such/file")}, "there is no baseline /no/such/file; --update-baseline writes one"),
    ],
)
def test_what_cannot_be_done_as_asked(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(**values)


def test_a_baseline_that_is_to_be_written_need_not_be_there(tmp_path: Path) -> None:
    assert read(baseline=tmp_path / "none.toml", update_baseline=True).update_baseline


def test_what_is_declared_of_every_target(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('command = "my {port}"\nlacks = ["touch"]\nprofile = "meta"\n')
    options = read(target=["h:1"], spawn=[str(file)], lacks=["incr, gat", "decr"], require=["watch"])
    running, started = options.targets
    assert running.declared == Declared(frozenset({"incr", "decr", "gat", "gats"}), frozenset({"watch"}))
    assert running.declared_by == "--lacks incr,gat,decr --require watch"
    assert started.declared.lacks >= {"incr", "touch", "slabs"}
    assert not started.declared.lacks & {"watch", "mg"}
    assert started.declared.profile == "meta"


def test_what_is_declared_on_the_command_line_may_contradict_no_target_file(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('command = "my {port}"\nlacks = ["touch"]\n')
    with pytest.raises(UsageError, match="touch: declared absent, and required"):
        read(spawn=[str(file)], require=["touch"])
