from client_run import some_run as run

from mclite.replay.clientcheck import results, terminal
from mclite.replay.clientcheck.judge import Finding
from mclite.replay.clientcheck.server import Event


def test_a_failure_says_what_where_and_the_dialogue() -> None:
    (record,) = run("fail", Finding("wrong-value", "a gives b", 1)).records
    lines = list(terminal.failure(record))
    assert lines[0] == "fail  test/one:text  one"
    assert lines[1].strip().startswith("test.toml:")
    assert lines[1].endswith("a gives b")
    assert lines[2].endswith(r"1 > get \xff\r\n")


def test_a_long_dialogue_is_cut() -> None:
    (record,) = run("fail").records
    record.played.events[:] = [Event(0, "note", 0, b"x")] * 100
    assert "      ... 50 events more" in list(terminal.failure(record))


def test_the_summary_begins_with_causes() -> None:
    lines = list(terminal.summary(results.document(run("fail", Finding("hang", "no end")), [])))
    assert lines[0] == "    1  no end after the timeout, after something: test/one:text"
    assert lines[1] == "Some Client 1.0: 1 of 1 cases fail"
    assert terminal.headline(results.document(run("pass"), [])) == "conforms in all 1 cases"
    assert terminal.headline(results.document(run("warn"), [])) == "conforms in all 1 cases, with 1 warnings"
    assert terminal.headline(results.document(run("unsupported"), [])) == "nothing was judged"
