"""Medians, ratios, and who was at its limit."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.bench import compare
from mclite.bench.compare import Settings


class Scribe:
    """Instead of the load process: notes its orders and answers from a list of rates."""

    def __init__(self, rates: list[float], **more: float) -> None:
        self.rates = rates
        self.more = more
        self.orders: list[tuple[Any, dict[str, Any]]] = []

    def order(self, do: str, server: Any = None, **arguments: Any) -> dict[str, Any]:
        assert do == "run"
        self.orders.append((server, arguments))
        return figures(self.rates.pop(0), **self.more)


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def figures(rate: float, **more: float) -> dict[str, Any]:
    usual = {"server_busy": 0.95, "load_busy": 0.5, "server_waited": 0.0, "load_waited": 0.0}
    return {"rate": rate, "p50": 0.001, "p99": 0.002, "p999": 0.003, **usual, **more}


def test_rounds_alternate_and_ratios_are_of_medians() -> None:
    scribe = Scribe([10, 100, 30, 100, 20, 50])
    a, b = Named("a"), Named("b")
    lines: list[str] = []
    rows = compare.throughput(scribe, [a, b], Settings(names=["get"], rounds=3), lines.append)
    assert [server for server, _ in scribe.orders] == [a, b, a, b, a, b]
    assert [result["rate"] for result in rows[0]["results"]] == [20, 100]
    assert rows[0]["results"][0]["spread"] == pytest.approx(1.0)
    assert rows[0]["ratios"] == [{"against": 1, "ratio": 0.2, "low": 0.1, "high": 0.4}]
    assert lines == ["get: 20/s, 100/s"]


def test_measures_that_are_no_rates_are_left_to_others() -> None:
    scribe = Scribe([])
    assert compare.throughput(scribe, [Named("a")], Settings(names=["latency", "memory"]), print) == []


def test_latency_goes_at_half_of_the_slowest_get() -> None:
    scribe = Scribe([1.0, 1.0])
    rows = [{"name": "get", "results": [{"rate": 81_000.0}, {"rate": 44_000.0}]}]
    short = Settings(rounds=1, seconds=0.02)
    result = compare.latency(scribe, [Named("a"), Named("b")], short, rows, lambda line: None)
    assert result["rate"] == 22_000
    assert [arguments["rate"] for _, arguments in scribe.orders] == [22_000, 22_000]


def test_latency_probes_when_get_was_not_measured() -> None:
    scribe = Scribe([9_000.0, 5_000.0, 1.0, 1.0])
    short = Settings(rounds=1, seconds=0.1)
    result = compare.latency(scribe, [Named("a"), Named("b")], short, [], lambda line: None)
    assert result["rate"] == 2_500
    assert "rate" not in scribe.orders[0][1]


def test_latency_at_a_given_rate() -> None:
    scribe = Scribe([1.0])
    result = compare.latency(scribe, [Named("a")], Settings(rounds=1, rate=77.0), [], lambda line: None)
    assert result["rate"] == 77
    assert (result["slices"], result["slice_seconds"]) == (1, 1.0)


def test_latency_is_taken_in_short_slices_by_turns() -> None:
    """Most of them see nothing of what disturbs a few."""
    a, b = Named("a"), Named("b")
    scribe = Scribe([1.0] * 40)
    p99 = iter([0.001, 0.002, 0.9, 0.001] + [0.001, 0.002] * 18)
    order = scribe.order
    scribe.order = lambda *words, **more: order(*words, **more) | {"p99": next(p99)}  # type: ignore[method-assign]
    settings = Settings(rounds=2, seconds=0.2, rate=50_000.0)
    result = compare.latency(scribe, [a, b], settings, [], lambda line: None)
    assert (result["slices"], result["slice_seconds"]) == (20, 0.02)
    assert [server for server, _ in scribe.orders] == [a, b] * 20
    assert {(arguments["seconds"], arguments["warm_up"]) for _, arguments in scribe.orders} == {(0.02, 0.02)}
    assert result["ratios"]["p99"] == [{"against": 1, "ratio": 0.5, "low": 0.5, "high": 0.5}]


@pytest.mark.parametrize(
    ("server_busy", "load_busy", "limit"),
    [
        (0.95, 0.99, "server"),
        (0.5, 0.95, "load"),
        (0.5, 0.5, "neither"),
        (0.0, 0.95, "load"),
        (0.0, 0.5, "server"),
    ],
)
def test_who_limits(server_busy: float, load_busy: float, limit: str) -> None:
    scribe = Scribe([1.0], server_busy=server_busy, load_busy=load_busy)
    rows = compare.throughput(scribe, [Named("a")], Settings(names=["get"], rounds=1), lambda line: None)
    assert rows[0]["results"][0]["limit"] == limit


@pytest.mark.parametrize(("waited", "disturbed"), [(0.04, False), (0.06, True)])
def test_who_was_disturbed(waited: float, disturbed: bool) -> None:
    scribe = Scribe([1.0], load_waited=waited)
    rows = compare.throughput(scribe, [Named("a")], Settings(names=["get"], rounds=1), lambda line: None)
    assert rows[0]["results"][0]["disturbed"] is disturbed


def test_a_disturbed_round_is_taken_again_and_the_least_disturbed_counts() -> None:
    waits = iter([0.3, 0.1, 0.2, 0.01, 0.9])

    class Disturbed(Scribe):
        def order(self, do: str, server: Any = None, **arguments: Any) -> dict[str, Any]:
            return super().order(do, server, **arguments) | {"load_waited": next(waits)}

    scribe = Disturbed([1, 2, 3, 4, 5])
    settings = Settings(names=["get"], rounds=2, retries=2)
    rows = compare.throughput(scribe, [Named("a")], settings, lambda line: None)
    assert [one["rate"] for one in rows[0]["results"][0]["rounds"]] == [2, 4]
    assert len(scribe.orders) == 4


def test_ratios_leave_out_what_is_unknown() -> None:
    assert compare.ratios([[{"x": 1.0}], [{"x": None}], [{"x": 4.0}]], "x") == [
        {"against": 2, "ratio": 0.25, "low": 0.25, "high": 0.25}
    ]
