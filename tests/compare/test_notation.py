from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mclite.compare.answers import Uniques, take_apart
from mclite.compare.notation import Slots, expected_lines, line, slots_of_keys, write_bytes
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.talk import Talk


@given(
    st.one_of(
        st.binary(max_size=80),
        st.builds(lambda byte, n: byte * n, st.binary(min_size=1, max_size=1), st.integers(0, 90)),
    )
)
def test_what_is_written_reads_as_the_same_bytes(data: bytes) -> None:
    text = parse_text(write_bytes(data))
    assert (text.constant if text.constant is not None else b"".join(part.data for part in text.parts)) == data  # type: ignore[union-attr]


@pytest.mark.parametrize("data", [b" a", b"a ", b" ", b"", b"'''", b"  "])
def test_a_line_keeps_its_spaces(data: bytes) -> None:
    talk = Talk("> x\n" + line("<", write_bytes(data)))
    assert talk.steps[1].text is not None
    assert talk.steps[1].text.constant == data


def test_expected_lines_name_keys_and_bind_cas_uniques() -> None:
    slots = Slots(slots_of_keys({"key": b"k1"}))
    answer = take_apart(b"VALUE k1 0 1 77\r\nx\r\nEND\r\nHD c78 t50 kazE= b\r\nHD c77\r\n", Uniques())
    assert expected_lines("B", answer, slots) == [
        "B< VALUE {key} 0 1 {cas1:uint}",
        "B< x",
        "B< END",
        "B< HD c{cas2:!cas1} t{:48..52} k{key|base64} b",
        "B< HD c{cas1}",
    ]


def test_a_key_with_something_behind_it() -> None:
    slots = Slots(slots_of_keys({"key": b"k1"}))
    assert slots.key(b"k1:b") == "{key}:b"
    assert slots.key(b"other") == "other"


def test_an_unfinished_line_is_expected_without_its_end() -> None:
    assert expected_lines("", take_apart(b"STORED", Uniques()), Slots({})) == ["<. STORED"]
