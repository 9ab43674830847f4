import pytest

from mclite.replay.clientcheck import judge
from mclite.replay.clientcheck.items import Items
from mclite.replay.clientcheck.judge import Finding
from mclite.replay.clientcheck.notation import Do, Talk
from mclite.replay.clientcheck.outcome import Found, Outcome
from mclite.replay.clientcheck.reader import Reader
from mclite.replay.clientcheck.server import Running


def running(talk: str, *keys: bytes, value: bytes | None = None, arrived: bytes = b"") -> Running:
    do = next(step for step in Talk(talk).steps if isinstance(step, Do))
    return Running(do, keys, value, Reader().feed(arrived))


def faults(found: object) -> list[str]:
    assert hasattr(found, "__iter__")
    return [one.fault for one in found]


def test_the_verdict_follows_the_level_but_for_what_must_never_be() -> None:
    result, wrong = Finding("result", ""), Finding("wrong-value", "")
    assert judge.verdict("must", []) == "pass"
    assert judge.verdict("observed", []) == "same"
    assert [judge.verdict(level, [result]) for level in ("must", "should", "observed")] == ["fail", "warn", "differs"]
    assert judge.verdict("observed", [result, wrong]) == "fail"
    assert judge.FAULTS.keys() > judge.ALWAYS


def test_values_belong_to_their_keys() -> None:
    items = Items()
    items.put(b"a", b"one")
    items.put(b"b", b"two")
    asked = running("do get a", b"a")
    assert faults(judge.values(asked, Outcome("value", found=Found(b"one")), items)) == []
    assert faults(judge.values(asked, Outcome("value", found=Found(b"two")), items)) == ["foreign-value"]
    assert faults(judge.values(asked, Outcome("value", found=Found(b"on")), items)) == ["wrong-value"]
    assert faults(judge.values(asked, Outcome("miss"), items)) == []
    assert faults(judge.values(asked, Outcome("odd", text="int 5"), items)) == ["wrong-value"]
    many = Outcome("items", items=((b"a", Found(b"one")), (b"b", Found(b"two"))))
    assert faults(judge.values(asked, many, items)) == ["foreign-value"]
    items.put(b"n", b"42")
    assert faults(judge.values(running("do incr a", b"a"), Outcome("number", text="42"), items)) == ["foreign-value"]


def test_an_item_with_other_flags_may_become_anything_but_the_value_of_another() -> None:
    items = Items()
    items.put(b"a", b"\xff", 8)
    items.put(b"b", b"two")
    asked = running("do get a", b"a")
    assert faults(judge.values(asked, Outcome("odd", text="number NaN"), items, 2)) == []
    assert faults(judge.values(asked, Outcome("value", found=Found(b"?")), items, 2)) == []
    assert faults(judge.values(asked, Outcome("value", found=Found(b"two")), items, 2)) == ["foreign-value"]


@pytest.mark.parametrize(
    ("talk", "keys", "arrived", "found"),
    [
        ("do get a", (b"a",), b"get a\r\n", []),
        ("do get a", (b"a b",), b"get a b\r\n", ["injected", "injected", "injected"]),
        ("do get a", (b"a\nb",), b"get a\r\n", ["injected"]),
        ("do get a", (b"a b",), b"get 5d41402abc4b2a76b9719d911017c592\r\n", []),  # a hash of it
        ("do get a", (b"a",), b"get c\r\n", ["request"]),
        ("do get a\n> nothing", (b"a",), b"get a\r\n", ["request"]),
    ],
)
def test_requests_are_those_of_the_caller(talk: str, keys: tuple[bytes, ...], arrived: bytes, found: list[str]) -> None:
    assert faults(judge.requests(running(talk, *keys, arrived=arrived), None)) == found


def test_which_keys_a_client_may_change() -> None:
    assert not judge.may_be_changed(b"key")
    assert judge.may_be_changed(b"a b")
    assert judge.may_be_changed("höhe".encode())
    assert judge.may_be_changed(b"k" * 201)


def test_a_foreign_request_is_injected() -> None:
    asked = running("do get a", b"a")
    asked.foreign += Reader().feed(b"flush_all\r\n")
    assert faults(judge.requests(asked, "something differs")) == ["injected", "request"]


def test_a_short_exptime_is_sent_as_it_is_or_as_a_date() -> None:
    do = running("do set a v exptime=60").do
    (same,) = Reader().feed(b"set a 0 60 1\r\nv\r\n")
    (date,) = Reader().feed(b"set a 0 1000060 1\r\nv\r\n")
    (never,) = Reader().feed(b"set a 0 0 1\r\nv\r\n")
    assert judge.exptime(do, same, 1e6) is None
    assert judge.exptime(do, date, 1e6) is None
    assert judge.exptime(do, never, 1e6) == "exptime 0 was sent for 60 seconds"
    assert judge.exptime(running("do set a v exptime=none").do, never, 1e6) is None
