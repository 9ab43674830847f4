"""The tables say what was measured, for people."""

from __future__ import annotations

from typing import Any

from mclite.bench import report


def one(rate: float, limit: str = "server", disturbed: bool = False) -> dict[str, Any]:
    return {
        "rate": rate,
        "limit": limit,
        "disturbed": disturbed,
        "server_microseconds": 1e6 / rate,
        "p50": 0.0001,
        "p99": 0.0015,
        "p999": None,
    }


def result() -> dict[str, Any]:
    ratio = [{"against": 1, "ratio": 0.5, "low": 0.4, "high": 0.625}]
    return {
        "machine": {
            "processor": "Nine", "cores": 2, "kernel": "6", "python": "3.11",
            "pinned": {"servers": [0], "load": [1]},
        },
        "settings": {"connections": 50, "rounds": 3, "seconds": 1.0},
        "servers": [{"name": "mine"}, {"name": "theirs"}],
        "workloads": [{"name": "get", "results": [one(50_000), one(100_000, "load", True)], "ratios": ratio}],
    }  # fmt: skip


def test_rates_with_ratio_and_marks() -> None:
    assert report.text(result()) == (
        "Nine, 2 cores, Linux 6, Python 3.11; servers on core 0, load on core 1\n"
        "50 connections, 3 rounds of 1 s, medians; every reply compared byte for byte\n"
        "\n"
        "| requests a second |   mine |      theirs |            ratio |\n"
        "|-------------------|-------:|------------:|-----------------:|\n"
        "| get               | 50,000 | 100,000 * ~ | 0.50 (0.40-0.62) |\n"
        "\n"
        "| server's µs a request |  mine | theirs | ratio |\n"
        "|-----------------------|------:|-------:|------:|\n"
        "| get                   | 20.00 |  10.00 |  2.00 |\n"
        "\n"
        "* the load was at its limit and this server was not: it can do at least this much\n"
        "~ other processes used the cores meanwhile: more than 5 % of the time was spent waiting for one\n"
    )


def test_no_marks_no_notes() -> None:
    plain = result()
    plain["workloads"][0]["results"][1] = one(100_000)
    assert "* the load" not in report.text(plain)
    assert "~ other" not in report.text(plain)


def test_the_load_beside_others_is_not_hidden() -> None:
    unpinned = result()
    unpinned["machine"]["pinned"] = None
    assert report.text(unpinned).splitlines()[0].endswith("; not pinned")


def test_latency() -> None:
    ratio = [{"against": 1, "ratio": 1.0, "low": 1.0, "high": 1.0}]
    shown = result() | {
        "latency": {
            "rate": 20_000,
            "results": [one(1), one(1)],
            "ratios": {"p50": ratio, "p99": ratio, "p999": []},
        }
    }
    lines = report.text(shown).splitlines()
    assert "| get at 20,000 a second |  mine | theirs | ratio |" in lines
    assert "| 99 % within, µs        | 1,500 |  1,500 |  1.00 |" in lines
    assert "| 99.9 % within, µs      |     - |      - |     - |" in lines
    shown["latency"] |= {"slices": 101, "slice_seconds": 0.02}
    assert "| get at 20,000 a second, 101 slices of 20 ms |  mine | theirs | ratio |" in report.text(shown)


def test_footprint_names_items_that_were_not_kept() -> None:
    few = {"rate": 40_000.0}
    shown = result() | {
        "workloads": [],
        "start": {
            "results": [{"seconds": 0.1}, {"seconds": 0.01}],
            "ratios": [{"against": 1, "ratio": 10, "low": 9, "high": 12}],
        },
        "memory": {
            "results": [
                {"bytes_an_item": 250.0, "items": 1000, "held": 1000},
                {"bytes_an_item": None, "items": 1000, "held": 900},
            ],
            "ratios": [],
        },
        "connections": {
            "asked": 10_000,
            "results": [
                {"held": 10_000, "bytes_a_connection": 2500.0, "few_active": few, "all_active": few},
                {"held": 900, "bytes_a_connection": None, "few_active": None, "all_active": None},
            ],
            "ratios": {},
        },
    }  # fmt: skip
    assert report.text(shown).splitlines()[3:] == [
        "| footprint                   |   mine |       theirs |              ratio |",
        "|-----------------------------|-------:|-------------:|-------------------:|",
        "| start, ms                   |    100 |           10 | 10.00 (9.00-12.00) |",
        "| bytes an item, of 1,000     |    250 | - (kept 900) |                  - |",
        "| connections held, of 10,000 | 10,000 |          900 |                  - |",
        "| bytes a connection          |  2,500 |            - |                  - |",
        "| get/s, the others idle      | 40,000 |            - |                  - |",
        "| get/s, all active           | 40,000 |            - |                  - |",
    ]
