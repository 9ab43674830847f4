"""The verdict in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import offer, typed

from mclite.replay.report import summary


def judged(make: Any, fails: int = 0, verdict: str = "fail") -> dict[str, Any]:
    """Make results with `fails` failing must scenarios, the first of storage/cas, that answer ERROR."""
    results: dict[str, Any] = make(size=220, lacks=())
    musts = [one for one in results["scenarios"] if one["level"] == "must"]
    musts.sort(key=lambda one: one["file"] != "storage/cas.toml")
    for one in musts[:fails]:
        one |= {"verdict": verdict, "outcome": "mismatch", "reason": "another answer came"}
        one |= {"request": f"{one['commands'][-1]} {{key}} 1", "want": "STORED\\r\\n", "got": "ERROR\\r\\n"}
    return results


def test_conforms(make: Any) -> None:
    results = judged(make)
    number = sum(one["level"] == "must" for one in results["scenarios"])
    assert summary.headline(typed(results)) == (
        f"memcached 1.6.45 conforms to memcached 1.6.45: all {number} required cases pass."
    )
    assert summary.state(typed(results)) == "conforms"
    assert summary.caveats(typed(results)) == []


def test_conforms_except(make: Any) -> None:
    sentence = summary.headline(typed(judged(make, 1)))
    assert sentence == "memcached 1.6.45 conforms to memcached 1.6.45 except 1 case in 1 command (cas)."
    assert "except 7 cases in 1 command (cas)." in summary.headline(typed(judged(make, 7)))


def test_does_not_conform(make: Any) -> None:
    results = judged(make, 60)
    assert summary.state(typed(results)) == "fails"
    assert "does not conform to memcached 1.6.45: 60 of " in summary.headline(typed(results))


def test_died(make: Any) -> None:
    results = judged(make, 1, "target-died")
    died = next(one["id"] for one in results["scenarios"] if one["verdict"] == "target-died")
    assert summary.headline(typed(results)) == f"memcached 1.6.45 stopped answering during the test, in {died}."


@pytest.mark.parametrize("verdict", ["skipped", "blocked", "unsupported", "suite-error"])
def test_nothing_judged_is_not_conforming(make: Any, verdict: str) -> None:
    results = make(size=30)
    for one in results["scenarios"]:
        one["verdict"] = verdict
    assert summary.state(typed(results)) == "nothing"
    assert (
        summary.headline(typed(results))
        == "Nothing was judged on memcached 1.6.45: none of 30 scenarios gave a result."
    )


def test_to_refuse_what_is_no_command_is_no_verdict(make: Any) -> None:
    results = make(size=30)
    for one in results["scenarios"]:
        one |= {"verdict": "pass", "commands": ["gett"]}
    assert summary.state(typed(results)) == "nothing"
    assert summary.headline(typed(results)) == (
        "Nothing was judged on memcached 1.6.45 but what is no command: no command was answered as memcached does."
    )


def test_a_verdict_says_what_it_leaves_open(make: Any) -> None:
    results = make(size=220, lacks=("auth", "udp"))
    results["run"]["complete"] = False
    by_level = {level: [one for one in results["scenarios"] if one["level"] == level] for level in ("must", "should")}
    by_level["must"][0]["verdict"] = "skipped"
    by_level["must"][1] |= {"verdict": "fail", "baseline": "expected"}
    by_level["must"][2] |= {"verdict": "fail", "baseline": "new"}
    by_level["should"][0]["verdict"] = "warn"
    said = summary.caveats(typed(results))
    assert said[0] == "The run is incomplete: 220 scenarios have a result."
    assert any(text.endswith("need what the target does not offer.") for text in said)
    assert "1 required case was not tried." in said
    assert "1 recommended case deviates." in said
    assert "Beside the baseline: 1 answer is new and 1 is expected." in said


def test_an_incomplete_run_does_not_claim_conformance(make: Any) -> None:
    results = judged(make)
    results["run"] |= {"complete": False, "held": 2689, "lost": ["a/b/c"]}
    number = sum(one["level"] == "must" for one in results["scenarios"])
    assert summary.state(typed(results)) == "part"
    assert summary.headline(typed(results)) == (
        f"memcached 1.6.45 was compared with memcached 1.6.45 only in part: {number} of {number} required cases pass."
    )
    assert summary.caveats(typed(results))[:2] == [
        "The run is incomplete: 220 of 2689 scenarios have a result.",
        "1 scenario has no result, because the run ended early: a/b/c.",
    ]
    results["run"]["lost"] = [f"a/b/{number}" for number in range(7)]
    assert summary.caveats(typed(results))[1].endswith("a/b/0, a/b/1, a/b/2, a/b/3, a/b/4 and 2 more.")


@pytest.mark.parametrize("fails", [1, 60])
def test_an_incomplete_run_that_fails_does_not_conform(make: Any, fails: int) -> None:
    results = judged(make, fails)
    results["run"]["complete"] = False
    assert summary.state(typed(results)) == "fails"
    assert "does not conform" in summary.headline(typed(results))


@pytest.mark.parametrize("verdict", ["differs", "warn"])
@pytest.mark.parametrize("complete", [True, False])
def test_nothing_that_matched_does_not_conform(make: Any, verdict: str, complete: bool) -> None:
    results = make(size=30)
    for one in results["scenarios"]:
        one |= {"verdict": verdict, "level": "should" if verdict == "warn" else "observed"}
    results["run"]["complete"] = complete
    assert summary.state(typed(results)) == "fails"
    assert summary.headline(typed(results)) == (
        "memcached 1.6.45 does not conform to memcached 1.6.45: not one of 30 answers is memcached's."
    )


def test_what_protocol_txt_is_silent_on_proves_no_conformance(make: Any) -> None:
    results = make(size=30)
    for one in results["scenarios"]:
        one |= {"verdict": "same", "level": "observed"}
    assert summary.state(typed(results)) == "part"
    assert summary.headline(typed(results)) == (
        "memcached 1.6.45 was compared with memcached 1.6.45 only in part: no required case was judged."
    )


def test_what_is_not_offered_is_part_of_the_verdict(make: Any) -> None:
    results = judged(make)
    results["offers"] = [offer("get", "offered"), offer("incr", "not-offered"), offer("watch", "not-tried")]
    assert summary.state(typed(results)) == "fails"
    assert summary.headline(typed(results)) == (
        "memcached 1.6.45 does not conform to memcached 1.6.45: it does not offer incr."
    )
    assert summary.lines(typed(results))[1] == "Not offered (1):"
    results["offers"][1] = offer("incr", "declared")
    assert summary.state(typed(results)) == "conforms"
    assert " in what it offers, 1 of 2 commands: all " in summary.headline(typed(results))


def test_lines_for_a_terminal(make: Any) -> None:
    results = judged(make, 7)
    lines = summary.lines(typed(results), first=3)
    assert lines[0] == summary.headline(typed(results))
    assert "First failures:" in lines
    assert lines[1].startswith("1 cause: cas: ")
    assert sum(line.startswith("  fail storage/cas/") for line in lines) == 3
    assert lines[-1] == "  ... and 4 more"
    assert any("Behaves like memcached 1.6.45 in " in line for line in lines)


def test_causes_come_first_with_an_example_and_a_line_that_replays_it(make: Any) -> None:
    lines = summary.lines(typed(judged(make, 2)))
    assert lines[1] == "1 cause: cas: ERROR (2)"
    assert lines[2] == "  cas: ERROR (2 scenarios)"
    assert lines[3].endswith(": answered ERROR")
    assert lines[4] == "    cas {key} 1  want STORED\\r\\n  got ERROR\\r\\n"
    assert lines[5].startswith("    replay: pytest 'conformance/storage/cas.toml::")


def test_with_a_baseline_new_and_changed_are_called_so_and_reasons_are_shown(make: Any) -> None:
    results = judged(make, 3)
    failing = [one for one in results["scenarios"] if one["verdict"] == "fail"]
    failing[0] |= {"baseline": "expected", "baseline_reason": "cas is not done yet"}
    failing[1]["baseline"], failing[2]["baseline"] = "new", "changed"
    lines = summary.lines(typed(results))
    assert lines[0] == (
        "memcached 1.6.45 does not conform to memcached 1.6.45 as its baseline says: "
        "1 answer is new, 1 has changed and 1 is expected in 1 command (cas)."
    )
    assert lines[1] == "1 cause: cas: ERROR (2, 1 new, 1 changed)"
    assert "  expected (1), baseline: cas is not done yet" in lines
    assert [line.split()[0] for line in lines if line.startswith(("  new ", "  changed "))] == ["new", "changed"]


def test_a_new_answer_fails_at_any_level(make: Any) -> None:
    results = judged(make)
    one = next(one for one in results["scenarios"] if one["level"] == "observed")
    one |= {"verdict": "differs", "baseline": "new"}
    assert summary.state(typed(results)) == "fails"
    assert "as its baseline says: 1 answer is new" in summary.headline(typed(results))


@pytest.mark.parametrize("number", [1, 60])
def test_what_the_baseline_expects_is_an_exception_however_much_it_is(make: Any, number: int) -> None:
    results = judged(make, number)
    failing = [one for one in results["scenarios"] if one["verdict"] == "fail"]
    for one in failing:
        one["baseline"] = "expected"
    assert summary.state(typed(results)) == "except"
    assert summary.headline(typed(results)) == (
        "memcached 1.6.45 conforms to memcached 1.6.45 except "
        f"{len(failing)} answer{'s' * (len(failing) > 1)} that its baseline expects."
    )


def test_known_failures_are_not_named_and_stale_ones_are(make: Any) -> None:
    results = judged(make, 1)
    failing = next(one for one in results["scenarios"] if one["verdict"] == "fail")
    failing["baseline"] = "expected"
    results["scenarios"][0]["baseline"] = "fixed"
    lines = summary.lines(typed(results))
    assert not any(failing["id"] in line for line in lines)
    assert lines[-1] == f"  stale in the baseline (fixed): {results['scenarios'][0]['id']}"


def test_clients_alone(make: Any) -> None:
    results = make(size=20)
    results["scenarios"] = []
    row = {"title": "t", "reason": None, "milliseconds": 1.0}
    results["clients"] = [
        {
            "name": name,
            "language": "python",
            "protocol": "text",
            "version": "1",
            "checks": [{"check": "c", "outcome": outcome, **row} for outcome in outcomes],
        }
        for name, outcomes in {"a": ["works", "not-offered"], "b": ["works", "fails"], "c": ["missing"]}.items()
    ]
    lines = summary.lines(typed(results))
    assert lines[0].startswith("Only client libraries were tried on ")
    assert "  client libraries: 1 work, 1 does not: b" in lines
    assert "  client libraries that are not installed: c" in lines


def test_a_hostile_answer_cannot_steer_the_terminal(hostile: Any) -> None:
    for line in summary.lines(typed(hostile())):
        assert line.isprintable()


def test_every_made_up_run_has_a_sentence(fleet: Any) -> None:
    for run in fleet(100):
        sentence = summary.headline(typed(run))
        assert sentence.startswith(run["target"]["name"])
        assert sentence.endswith(".")
