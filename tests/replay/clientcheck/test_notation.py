import pytest

from mclite.replay.clientcheck.notation import Act, Await, Do, Hold, Talk
from mclite.replay.scenario.talk import TalkError


def do_of(talk: str) -> Do:
    return next(step for step in Talk(talk).steps if isinstance(step, Do))


def test_the_steps_of_a_talk() -> None:
    talk = Talk(
        """
        # a comment
        hold {key1} one flags=0 cas=7
        do get {key1}
        > get {key1}
        answer late pause data
        got own or miss
        within 1.5
        push END\\r\\n
        drop
        down
        up
        wait 0.1
        """
    )
    hold, do, *acts = talk.steps
    assert isinstance(hold, Hold)
    assert isinstance(do, Do)
    assert hold.options.keys() == {"flags", "cas"}
    assert do.directives[0].delivery.when == "late"
    assert do.directives[0].delivery.place == "data"
    assert [want.kind for want in do.got] == ["own", "miss"]
    assert do.within == 1.5
    assert [act.verb for act in acts if isinstance(act, Act)] == ["push", "drop", "down", "up", "wait"]
    assert talk.operations == {"get"}
    assert talk.waits
    assert not talk.concurrent


def test_several_answers_and_their_bytes() -> None:
    do = do_of("do get_many a b\nanswer error-after 1\nthen\n< VALUE a 0 1\n<. x\nanswer pieces 1 0.2 twice late")
    first, second = do.directives
    assert first.bend.error_after == 1
    assert [(text.constant, end) for text, end in second.raw] == [(b"VALUE a 0 1", b"\r\n"), (b"x", b"")]
    assert (second.delivery.pieces, second.delivery.seconds, second.delivery.twice) == (1, 0.2, "late")
    assert second.disturbs


def test_what_is_started_is_awaited() -> None:
    talk = Talk("start one get a\ndo get b cancel\nawait one\ngot own")
    assert isinstance(talk.steps[2], Await)
    assert talk.concurrent
    first = talk.steps[0]
    assert isinstance(first, Do)
    assert first.got[0].kind == "own"


def test_options_and_flags() -> None:
    do = do_of("do set {key} v exptime=timedelta:60 flags=5 noreply")
    assert do.options["exptime"].constant == b"timedelta:60"
    assert do.noreply
    assert do.value is not None
    assert do.value.constant == b"v"


def test_wants_with_what_is_behind_them() -> None:
    do = do_of("do gets a\ngot own cas {unique:uint} or value x flags 3 or items a=1 b=2 or number 5")
    assert [want.kind for want in do.got] == ["own", "value", "items", "number"]
    assert do.got[0].cas is not None
    assert do.got[1].flags is not None
    assert len(do.got[2].pairs) == 2


@pytest.mark.parametrize(
    ("talk", "line", "problem"),
    [
        ("", 1, "the caller does nothing"),
        ("do fetch a", 1, "no operation"),
        ("do get", 1, "has keys"),
        ("do set a", 1, "a key and a value"),
        ("say hello", 1, "begins no line"),
        ("got own", 1, "belongs to something"),
        ("do get a\ngot everything", 2, "no result"),
        ("do get a\ngot value", 2, "one text behind it"),
        ("do get a\nanswer nonsense", 2, "no way to answer"),
        ("do get a\nanswer cut nowhere", 2, "no place"),
        ("do get a\nanswer length 5", 2, "no length"),
        ("do get a\nanswer cut", 2, "is missing"),
        ("do get a\nanswer order sorted", 2, "no order"),
        ("do get {unknown}", 1, "has no value"),
        ("do get {key", 1, "never closed"),
        ("start one get a", 1, "nobody awaits"),
        ("await one", 1, "nothing was started"),
        ("hold a", 1, "a key and a value"),
        ("hold a b size=3", 1, "is none of"),
    ],
)
def test_a_malformed_talk_says_where_and_how(talk: str, line: int, problem: str) -> None:
    with pytest.raises(TalkError) as raised:
        Talk(talk)
    assert raised.value.line == line
    assert problem in raised.value.problem
