"""Records: fingerprints, and what fails a run."""

from __future__ import annotations

from made_results import record

from mclite.replay.judge.record import Event, fingerprint, transcript
from mclite.replay.play.outcome import Result


def wrong(got: bytes, **values: bytes) -> Result:
    return Result("mismatch", step=3, got=got, values=values)


def test_a_fingerprint_is_the_same_in_every_run() -> None:
    first = fingerprint(wrong(b"VALUE m12_7 0 1 4711\r\n", key=b"m12_7", cas=b"4711"))
    assert first == fingerprint(
        wrong(b"VALUE mff_901 0 1 5\r\n".replace(b" 5\r", b" 4712\r"), key=b"mff_901", cas=b"4712")
    )
    assert first != fingerprint(wrong(b"VALUE m12_7 0 2 4711\r\n", key=b"m12_7", cas=b"4711"))
    assert first != fingerprint(Result("timeout", step=3, got=b"VALUE m12_7 0 1 4711\r\n"))
    assert fingerprint(wrong(b"STAT time 1795445082")) == fingerprint(wrong(b"STAT time 1795449999"))
    assert fingerprint(wrong(b"\r\n")) != fingerprint(wrong(b""))
    for one, other in (
        (b"HD c602 s1\r\n", b"HD c1266 s1\r\n"),
        (b"ME k cas=8 cls=1\r\n", b"ME k cas=816 cls=1\r\n"),
        (b"VALUE k 0 1 331\r\n", b"VALUE k 0 1 9\r\n"),
    ):
        assert fingerprint(wrong(one)) == fingerprint(wrong(other))
    assert fingerprint(wrong(b"HD c602 s1\r\n")) != fingerprint(wrong(b"HD c602 s2\r\n"))
    assert fingerprint(Result("died", step=2)) == fingerprint(Result("died", step=4, got=b"x"))
    assert fingerprint(wrong(b"mg bTE=\r\n", key=b"m1")) == fingerprint(wrong(b"mg bTIy\r\n", key=b"m22"))


def test_what_the_baseline_says_counts_before_the_verdict() -> None:
    assert not record(verdict="fail", baseline="expected").fails()
    assert record(verdict="differs", baseline="new").fails()
    assert record(verdict="differs", baseline="changed").fails()
    assert not record(verdict="differs").fails()
    assert record(verdict="differs").fails("observed")
    assert record(verdict="warn").fails(strict=True)
    assert not record(verdict="pass", baseline="fixed").fails()


def test_a_death_that_the_baseline_expects_is_none() -> None:
    assert record(verdict="target-died").died
    assert not record(verdict="target-died", baseline="expected").died
    assert not record(verdict="fail").died


def test_a_transcript_shows_bytes_as_wire() -> None:
    events = [("A", ">", b"get \xff\r\n", 1.0), ("A", "!", "the server closed", 2.0)]
    assert transcript(events) == (Event("A", ">", r"get \xff\r\n", 1.0), Event("A", "!", "the server closed", 2.0))
