"""Where a scenario plays, and which servers are started and stopped for it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from suite_run import COUNTS
from waiting import SECONDS_MAX, until

from mclite.replay.play.transport import Address
from mclite.replay.run.stage import NotPlayed, Stage, Venue, refusal
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import parse_version
from mclite.replay.target.spec import Start, TargetSpec

PLAIN = """
[[scenario]]
id = "plain"
title = "a key that is not there is a miss"
talk = '''
> get {key}
< END
'''
"""


def variant(text: str = PLAIN, **fields: str) -> str:
    """Return a scenario with other fields of TOML."""
    return text.replace("title =", "".join(f"{name} = {value}\n" for name, value in fields.items()) + "title =")


@pytest.fixture
def one(write: Callable[[str], list[Scenario]]) -> Callable[[str], Scenario]:
    return lambda text: write(text)[0]


def refused(stage: Stage, scenario: Scenario) -> tuple[str, str]:
    """Return the verdict and the reason with which a scenario is not played."""
    with pytest.raises(NotPlayed) as raised, stage.venue(scenario):
        pass
    return raised.value.verdict, raised.value.reason


def alive(address: Address) -> bool:
    try:
        socket.create_connection((address.host, address.port), SECONDS_MAX).close()
    except ConnectionRefusedError:
        return False
    return True


# A target that runs already.


def test_a_running_target_is_shared_by_what_has_keys_of_its_own(
    stage: Callable[..., Stage], running: Callable[..., str], one: Callable[[str], Scenario]
) -> None:
    address = running()
    place = stage(address)
    with place.venue(one(PLAIN)) as venue, place.venue(one(PLAIN)) as other:
        assert (str(venue.address), venue.server, venue.once) == (address, None, False)
        assert other.address == venue.address
    place.close()
    assert alive(venue.address)


def test_what_counts_for_all_plays_alone(
    stage: Callable[..., Stage], running: Callable[..., str], one: Callable[[str], Scenario]
) -> None:
    place = stage(running(), {"destructive": True})
    entered = threading.Event()
    scenario = one(COUNTS)

    def enter() -> None:
        with place.venue(scenario):
            entered.set()

    thread = threading.Thread(target=enter)
    with place.venue(one(PLAIN)):
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(SECONDS_MAX)
    thread.join()


def test_a_running_target_is_spared(
    stage: Callable[..., Stage], running: Callable[..., str], one: Callable[[str], Scenario]
) -> None:
    address = running()
    flush = one(variant(PLAIN.replace("get {key}", "flush_all"), scope='"server"'))
    assert refused(stage(address), flush)[0] == "skipped"
    assert "--destructive" in refused(stage(address), flush)[1]
    with stage(address, {"destructive": True}).venue(flush):
        pass
    counts = one(COUNTS)
    assert refusal(counts, empty=True) is None or "--destructive" in str(refusal(counts, empty=True))
    assert refusal(counts, empty=False) is not None


def test_what_needs_a_server_started_otherwise_is_not_played_on_one_that_runs(
    stage: Callable[..., Stage], running: Callable[..., str], one: Callable[[str], Scenario]
) -> None:
    place = stage(running())
    verdict, reason = refused(place, one(variant(requires='["auth"]')))
    assert verdict == "skipped"
    assert "a server started otherwise: auth (" in reason
    assert "udp" in refused(place, one(variant(transport='"udp"')))[1]
    with pytest.raises(NotPlayed, match="it needs a server started"):
        place.place(frozenset({"auth"}))
    assert str(place.place(frozenset({"tcp"}))) == str(place.address)


# Servers of our own.


def test_one_server_serves_all_that_need_the_same(
    stage: Callable[..., Stage], spec: Callable[..., TargetSpec], one: Callable[[str], Scenario]
) -> None:
    place = stage(spec(auth=Start(add="items")))
    scenario, needs = one(PLAIN), one(variant(requires='["auth"]'))
    with place.venue(scenario) as venue, place.venue(scenario) as again, place.venue(needs) as other:
        assert venue.server is again.server
        assert other.server is not venue.server
        assert venue.server is not None
        assert alive(venue.address)
    assert place.place(frozenset()) == venue.address
    place.close()
    assert not alive(venue.address)
    assert not alive(other.address)


@pytest.mark.parametrize("fields", [{"requires": '["fresh"]'}, {"requires": '["shutdown"]'}])
def test_a_server_for_one_scenario_ends_with_it(
    stage: Callable[..., Stage],
    spec: Callable[..., TargetSpec],
    one: Callable[[str], Scenario],
    fields: dict[str, str],
) -> None:
    place = stage(spec(shutdown=Start(add="")))
    with place.venue(one(variant(**fields))) as venue:
        assert venue.once
        assert alive(venue.address)
    assert not alive(venue.address)


def test_a_way_to_start_it_that_is_not_named_or_fails(
    stage: Callable[..., Stage], spec: Callable[..., TargetSpec], one: Callable[[str], Scenario]
) -> None:
    needs = one(variant(requires='["auth"]'))
    verdict, reason = refused(stage(spec()), needs)
    assert verdict == "skipped"
    assert "add [start.auth] to its target file" in reason
    place = stage(spec(auth=Start(command="false {port}")))
    verdict, reason = refused(place, needs)
    assert verdict == "unsupported"
    assert refused(place, needs) == (verdict, reason)  # it is not tried again


def test_a_server_that_died_is_replaced(
    stage: Callable[..., Stage], spec: Callable[..., TargetSpec], one: Callable[[str], Scenario]
) -> None:
    place = stage(spec())
    scenario = one(PLAIN)
    with place.venue(scenario) as venue:
        assert venue.server is not None
        os.kill(venue.server.process.pid, signal.SIGKILL)
        until(lambda: not place.lives(venue, "closed"))
        assert "SIGKILL" in place.retire(venue)
        with place.instead(venue) as other:
            assert other.once
            assert alive(other.address)
        assert not alive(other.address)
    with place.venue(scenario) as next_one:
        assert next_one.server is not venue.server
        assert alive(next_one.address)


def test_after_the_end_nothing_is_started(
    stage: Callable[..., Stage], spec: Callable[..., TargetSpec], one: Callable[[str], Scenario]
) -> None:
    place = stage(spec(auth=Start(add="")))
    place.close()
    assert refused(place, one(variant(requires='["auth"]'))) == ("skipped", "the run has ended")


# Deliveries and transports.


@pytest.mark.parametrize(
    ("settings", "fields", "reason"),
    [
        ({"delivery": "bytes"}, {"deliver": '"whole"'}, "how its own writes arrive"),
        ({"chop": 3}, {"deliver": '"whole"'}, "how its own writes arrive"),
        ({"delivery": "bytes"}, {}, None),
    ],
)
def test_what_cannot_be_delivered_so(
    stage: Callable[..., Stage],
    running: Callable[..., str],
    one: Callable[[str], Scenario],
    settings: dict[str, object],
    fields: dict[str, str],
    reason: str | None,
) -> None:
    place = stage(running(), settings)
    scenario = one(variant(**fields))
    if reason is None:
        with place.venue(scenario) as venue:
            assert venue.server is None
    else:
        assert reason in refused(place, scenario)[1]


def test_a_server_that_is_silent_lives_and_one_that_hangs_up_does_not(
    stage: Callable[..., Stage], serve: Callable[[Callable[[socket.socket], None]], Address]
) -> None:
    def silent(peer: socket.socket) -> None:
        while peer.recv(100):
            pass

    silence, hanging_up = serve(silent), serve(lambda peer: None)
    place = stage(str(silence))
    assert place.lives(Venue(silence, None), "timeout")
    assert not place.lives(Venue(hanging_up, None), "closed")
    assert "cannot be connected to" in place.retire(Venue(silence, None))
    assert place.lives(Venue(Address("udp", "127.0.0.1", 1), None), "timeout")  # nobody can tell


def test_a_server_whose_release_is_started_otherwise_is_started_again(
    run: Callable[..., TargetRun], spec: Callable[..., TargetSpec], one: Callable[[str], Scenario]
) -> None:
    older = replace(spec(), before=((parse_version("1.4.20"), "--zeros"),))
    for known, again in (("1.6.45", False), ("1.4.19", True)):
        made = run(older, known=known, judged=known)
        with made.stage.venue(one(PLAIN)) as venue:
            assert venue.server is not None
            assert ("--zeros" in venue.server.command) is again
            assert venue.server.alive
