"""Reading results files: what is not one is refused in one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mclite.replay.report import badge, changes, markdown, publish
from mclite.replay.results import diff, merge
from mclite.replay.results import read as results
from mclite.replay.results.read import ResultsError
from mclite.replay.results.write import write

SCHEMA = json.loads((Path(__file__).parents[3] / "conformance" / "schema" / "results.json").read_text())
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


def required_fields(schema: dict[str, Any], path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all required fields of the schema, the first item standing for each list."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    paths = [(*path, name) for name in schema.get("required", [])]
    for name, part in schema.get("properties", {}).items():
        if part.get("type") == "object":
            paths += required_fields(part, (*path, name))
        if part.get("type") == "array" and "$ref" in part.get("items", {}):
            paths += required_fields(part["items"], (*path, name, 0))
    return paths


def test_what_is_made_up_here_fits_the_schema(make: Any, with_reference: Any) -> None:
    for made in (make(size=60, fail=0.3), with_reference(make(size=60, fail=0.3))):
        VALIDATOR.validate(made)
        results.check(made, "x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outcome", "odd"),
        ("same", "yes"),
        ("transcript", 999),
        ("step", "3"),
        ("target", 3),
        ("reason", 3),
        ("got", []),
    ],
)
def test_what_is_wrong_with_a_reference_is_named(make: Any, with_reference: Any, field: str, value: Any) -> None:
    data = with_reference(make(size=30))
    data["scenarios"][0]["reference"][field] = value
    with pytest.raises(ResultsError, match=rf"reference\.{field}"):
        results.check(data, "run.json")
    data = with_reference(make(size=30))
    del data["summary"]["reference"]["differs"]
    with pytest.raises(ResultsError, match=r"summary\.reference has no 'differs'"):
        results.check(data, "run.json")


def test_what_is_wrong_with_a_fault_of_the_release_is_named(make: Any) -> None:
    data = make(size=30)
    data["scenarios"][0] |= {"verdict": "known", "fault": {"id": "a", "reason": "It is so.", "link": None}}
    VALIDATOR.validate(data)
    results.check(data, "run.json")
    del data["scenarios"][0]["fault"]["reason"]
    with pytest.raises(ResultsError, match=r"fault has no 'reason'"):
        results.check(data, "run.json")


@pytest.mark.parametrize("path", required_fields(SCHEMA), ids=lambda path: ".".join(map(str, path)))
def test_a_missing_field_is_named(make: Any, path: tuple[Any, ...]) -> None:
    data = make(size=30)
    owner = data
    for part in path[:-1]:
        owner = owner[part]
    del owner[path[-1]]
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ResultsError) as error:
        results.check(data, "run.json")
    assert path[-1] in str(error.value)
    assert str(error.value).startswith("run.json")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("scenarios", 0, "verdict"), "great"),
        (("scenarios", 0, "level"), "may"),
        (("scenarios", 0, "outcome"), "odd"),
        (("scenarios", 0, "lines"), ["12-x"]),
        (("scenarios", 0, "lines"), [12]),
        (("scenarios", 0, "milliseconds"), "3"),
        (("scenarios", 0, "milliseconds"), True),
        (("scenarios", 0, "commands"), [1]),
        (("scenarios", 0, "like"), {"1.6.9": "yes"}),
        (("scenarios", 0, "title"), None),
        (("scenarios", 0), []),
        (("scenarios",), {}),
        (("transcripts", 0), [["A", "?", "x"]]),
        (("transcripts", 0), [["A", ">"]]),
        (("transcripts", 0), "x"),
        (("target", "name"), 5),
        (("target", "capabilities"), {"udp": {"present": 1, "evidence": ""}}),
        (("run", "seconds"), "1"),
        (("summary", "conforms"), 1),
        (("summary", "resembles"), {"version": "1.6.9"}),
    ],
)
def test_a_wrong_value_is_refused_here_and_by_the_schema(make: Any, path: tuple[Any, ...], value: Any) -> None:
    data = make(size=30)
    owner = data
    for part in path[:-1]:
        owner = owner[part]
    owner[path[-1]] = value
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(ResultsError, match="is damaged: "):
        results.check(data, "run.json")


def test_what_the_schema_cannot_say_is_refused_too(make: Any) -> None:
    data = make(size=30)
    data["scenarios"][0]["transcript"] = len(data["transcripts"])
    with pytest.raises(ResultsError, match="names number"):
        results.check(data, "x")
    data = make(size=30)
    data["scenarios"][1]["id"] = data["scenarios"][0]["id"]
    with pytest.raises(ResultsError, match="appears twice"):
        results.check(data, "x")


def test_a_file_truncated_anywhere_is_called_truncated(make: Any, folder: Any) -> None:
    path = folder.write(make(size=22))
    whole = path.read_bytes()
    for keep in [*range(0, len(whole), 53), len(whole) - 1]:
        path.write_bytes(whole[:keep])
        with pytest.raises(ResultsError, match="is truncated") as error:
            results.load(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html></html>", "is no results file: it is not JSON"),
        (b'{"a": 1} and more text', "is no results file"),
        (b"\xff\xfe{}", "is no results file"),
        (b"[1, 2]", "is no results file of mclite"),
        (b"null", "is no results file of mclite"),
        (b'{"format": "other"}', "is no results file of mclite"),
        (b'{"format": "mclite-results", "schema": 2}', "schema 2, and this mclite reads schema 1"),
        (b'{"format": "mclite-results", "schema": "1"}', "schema"),
        (b'{"format": "mclite-results", "schema": true}', "schema"),
        (b'{"format": "mclite-results", "schema": 1}', "is damaged: the top has no"),
        (b"[" * 100_000 + b"]" * 100_000, "is no results file"),
        (b"1" * 10_000, "no result holds the number 1"),
        (b'{"seconds": 1e400}', "no result holds the number 1e400"),
        (b'{"seconds": -1e400}', "no result holds the number -1e400"),
        (b'{"seconds": 1' + b"0" * 400 + b"}", "no result holds the number 1000"),
        (b'{"seconds": 9007199254740993}', "no result holds the number 9007199254740993"),
        (b'{"seconds": NaN}', "no result holds the number NaN"),
        (b'{"seconds": -Infinity}', "no result holds the number -Infinity"),
        (b'{"format": ' + b"[" * 40 + b"]" * 40 + b"}", "more than 32 levels"),
        (b'{"format": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", "more than 32 levels"),
        (bytes(range(256)) * 10, "is no results file"),
        (b"", "is truncated: it ends after 0 bytes"),
        (b'"' + b"x" * results.LONGEST + b'"', "more than 64 MiB"),
    ],
)
def test_a_foreign_file_is_refused(folder: Any, content: bytes, why: str) -> None:
    path = folder.path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=why) as error:
        results.load(path)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read: No such file"):
        results.load(tmp_path / "none.json")
    with pytest.raises(ResultsError, match="cannot be read: Is a directory"):
        results.load(tmp_path)


def test_a_device_without_an_end_is_refused() -> None:
    with pytest.raises(ResultsError, match="more than 64 MiB"):
        results.load(Path("/dev/zero"))


#: What stands in place of each value of a results file, one after the other.
ODD = (
    *("null", "true", "-1", "0.5", "4503599627370496", "1e15", '""', '"x"', '"\\u00b2"', '"\\ud800"', '"1.99"'),
    *('"../../x"', f'"{"9" * 5000}"', "[]", "[[]]", '["0"]', '["9999999-1"]', "[1]", "{}", '{"x": true}'),
    *('{"1.6.9": true}', '{"²": true}', '"pass"', '"target-died"'),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value, the first two items standing for each list."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, item in inner:
        yield (*path, name)
        yield from places(item, (*path, name))


def test_what_is_let_through_can_be_reported(make: Any, with_reference: Any, folder: Any) -> None:
    whole = with_reference(make(size=22, fail=0.3))
    del whole["scenarios"][4:], whole["transcripts"][4:]
    whole["scenarios"][0] |= {"like": {"1.6.9": True, "1.6.45": False}, "baseline": "fixed"}
    whole["summary"]["resembles"] = {"version": "1.6.45", "same": 1, "of": 1, "scores": {"1.6.45": 1}, "others": ["a"]}
    good = results.load(folder.write(whole, "good.json"))
    paths = list(places(whole))
    let_through = 0
    for path in paths:
        odd = copy.deepcopy(whole)
        owner = odd
        for part in path[:-1]:
            owner = owner[part]
        owner[path[-1]] = "@here@"
        text = json.dumps(odd)
        for value in ODD:
            (folder.path / "odd.json").write_text(text.replace('"@here@"', value))
            try:
                found = results.load(folder.path / "odd.json")
            except ResultsError:
                continue
            let_through += 1
            markdown.render([found, good])
            badge.render(found)
            for old, new in ((found, good), (good, found)):
                found_changes = diff.compare(old, new)
                changes.text(found_changes)
                changes.to_markdown(found_changes)
            try:
                write(merge.merge([found, good])[0], folder.path / "merged.json")
            except ResultsError:
                continue
            assert results.load(folder.path / "merged.json")
            if let_through % 20 == 0:
                changes.to_html(found_changes)
                publish.pages([folder.path / "odd.json"], folder.path / "pages")
    assert let_through > len(paths)


def test_unknown_fields_are_let_through(make: Any) -> None:
    data = make(size=30)
    data["scenarios"][0]["later"] = 1
    assert results.check(data, "x") == results.check(make(size=30), "x")


def test_signs_that_do_not_show_become_escapes(make: Any, folder: Any) -> None:
    data = make(size=30)
    data["target"]["name"] = "a\u202eb\ud800c\x1b[31m\u2028é\n"
    assert results.load(folder.write(data)).target.name == "a\\u202eb\\ud800c\\u001b[31m\\u2028é\n"
