from __future__ import annotations

from mclite.compare.dialogue import HangUp, Request, Session, Wait, Write, writes
from mclite.compare.shrink import shrink


def requests(session: Session) -> list[Request]:
    return [request for step in writes(session) for request in step.requests]


def test_only_what_is_needed_stays() -> None:
    session: Session = (
        Write("B", (Request("set {key2} 5 100 5", "hello"), Request("mg {key} v")), 7),
        HangUp("B"),
        Wait(1),
        Write("A", (Request("foo"), Request("delete {key2} 5 noreply", end="\\n"), Request("mn"))),
        Write("A", (Request("get {key}"),)),
    )
    short = shrink(session, lambda tried: any("delete" in r.line and "5" in r.line for r in requests(tried)))
    assert short == (Write("A", (Request("delete {key} 5"),)),) or short == (Write("A", (Request("delete 5"),)),)


def test_a_key_of_the_session_never_gives_way_to_a_literal_one() -> None:
    session: Session = (Write("A", (Request("set {key} 7 100 5", "hello"),)),)
    short = shrink(session, lambda tried: any(r.verb == "set" and len(r.line.split()) == 5 for r in requests(tried)))
    assert short == (Write("A", (Request("set {key} 0 0 0", ""),)),)


def test_a_data_block_and_its_length_get_shorter_together() -> None:
    session: Session = (Write("A", (Request("ms {key} 300 T0 c", "{x*300}"),)),)

    def whole(tried: Session) -> bool:
        (request,) = requests(tried) or [Request("")]
        return request.verb == "ms" and request.line.split()[2:3] == [
            str({"": 0, "1": 1}.get(request.block or "", 300))
        ]

    assert shrink(session, whole) == (Write("A", (Request("ms {key} 0", ""),)),)


def test_a_key_never_becomes_a_flag() -> None:
    session: Session = (Write("A", (Request("mg {key2} O12345678901234 v"),)),)
    tried: list[str] = []

    def shows(candidate: Session) -> bool:
        tried.extend(request.line for request in requests(candidate))
        return False

    shrink(session, shows)
    assert tried
    assert not any(line.count("{key}") > 1 or (line.endswith("{key}") and line != "mg {key}") for line in tried)


def test_what_cannot_be_shorter_stays() -> None:
    session: Session = (Write("A", (Request("get {key}"),)),)
    assert shrink(session, lambda tried: tried == session) == session
