from __future__ import annotations

import re

import pytest

from mclite.replay.play.outcome import Keys, process_prefix, run_prefix
from mclite.replay.scenario.text import KEY_LENGTH, TextError

WORKERS = ("", "gw0", "gw1", "gw9", "gw10", "gw99", "gw1000")


def test_keys_have_one_length_in_every_process() -> None:
    run = run_prefix()
    keys = [Keys(process_prefix(run, worker)) for worker in WORKERS] + [Keys(), Keys()]
    made = [one.new() for one in keys for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert {len(key) for key in made} == {KEY_LENGTH}
    assert all(re.fullmatch(rb"m[a-z0-9_]+", key) for key in made)


@pytest.mark.parametrize("worker", WORKERS)
def test_padded_keys_have_exactly_so_many_bytes_and_stay_unique(worker: str) -> None:
    keys = Keys(process_prefix(run_prefix(), worker))
    lengths = [KEY_LENGTH + 1, KEY_LENGTH + 1, 20, 250, 251]
    assert sorted(map(len, {keys.new(length) for length in lengths})) == lengths
    with pytest.raises(TextError, match=f"{KEY_LENGTH + 1} bytes at least"):
        keys.new(KEY_LENGTH)
