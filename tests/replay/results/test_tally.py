"""Counting with honest denominators."""

from __future__ import annotations

from made_results import record

from mclite.replay.results import tally


def test_what_was_not_judged_is_in_no_denominator() -> None:
    verdicts = ["pass", "pass", "fail", "unsupported", "skipped", "blocked", "suite-error", "target-died"]
    must, should, observed = tally.tallies([record(level="must", verdict=verdict) for verdict in verdicts])
    assert (must.good, must.judged, must.bad, must.total) == (2, 4, 2, 8)
    assert must.others == {"not offered": 1, "not tried": 1, "blocked": 1, "fault of the suite": 1}
    assert must.text == "2 of 4 pass (1 not offered, 1 not tried, 1 blocked, 1 fault of the suite)"
    assert should.total == observed.total == 0
    assert should.text == "none was judged"


def test_observed_is_not_said_to_pass() -> None:
    observed = tally.tallies([record(level="observed", verdict=verdict) for verdict in ("same", "differs")])[2]
    assert observed.text == "1 of 2 are the same"
