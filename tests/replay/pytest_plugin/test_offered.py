"""What one target offers: what was selected is reported, and a baseline marks it."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.replay.judge.baseline import Baseline, Entry, WholeCause
from mclite.replay.judge.faults import Faults
from mclite.replay.pytest_plugin.offered import OfferBook
from mclite.replay.run.stage import TargetInfo

ERROR = "`x` was answered `ERROR\\r\\n`"
CAUSE = "not offered: answered ERROR"


def info(**fields: Any) -> TargetInfo:
    """Return a target that has get and no incr, and was not asked for shutdown."""
    about: dict[str, Any] = dict.fromkeys(("slug", "name", "address", "asked", "answer", "prefix"), "x")
    found = {"get": (True, "it answers"), "incr": (False, ERROR), "shutdown": (None, "it would end")}
    about |= {"version": None, "known": None, "judged": "1.6.45", "capabilities": found}
    return TargetInfo(**about | fields)


def book(known: Baseline | None = None, **fields: Any) -> OfferBook:
    return OfferBook(info(**fields), Faults(), known)


def test_what_the_probe_found_is_judged() -> None:
    made = book()
    assert [made[f"offers/{name}"].state for name in ("get", "incr", "shutdown")] == [
        "offered", "not-offered", "not-tried",
    ]  # fmt: skip
    assert made.causes == {"offers/get": None, "offers/incr": CAUSE, "offers/shutdown": None}


def test_what_is_declared_counts() -> None:
    assert book(lacks=["incr"])["offers/incr"].state == "declared"
    required = book(required=["shutdown"])["offers/shutdown"]
    assert required.fails_run()
    assert required.required


def test_only_what_was_selected_is_reported_in_the_order_of_the_table() -> None:
    made = book()
    assert made.reported == ()
    made.asked |= {"offers/incr", "offers/get"}
    assert [one.name for one in made.reported] == ["get", "incr"]
    assert "offers/shutdown" in made.causes


@pytest.mark.parametrize(
    ("known", "said", "reason"),
    [
        (Baseline(), "new", None),
        (Baseline(causes=[WholeCause(CAUSE, "later", None)]), "expected", "later"),
        (Baseline([Entry("offers/incr", "0" * 12, "later", None, None)]), "changed", "later"),
    ],
)
def test_a_baseline_marks_what_is_missing(known: Baseline, said: str, reason: str | None) -> None:
    one = book(known)["offers/incr"]
    assert (one.baseline, one.baseline_reason) == (said, reason)
    assert book(known)["offers/get"].baseline is None


def test_a_new_baseline_marks_it_anew() -> None:
    made = book()
    missing = made["offers/incr"]
    assert missing.baseline is None
    made.mark(Baseline([Entry("offers/incr", missing.fingerprint, "later", None, None)]))
    assert made["offers/incr"].baseline == "expected"
    assert not made["offers/incr"].fails_run()
