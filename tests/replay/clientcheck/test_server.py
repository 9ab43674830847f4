import asyncio

from mclite.replay.clientcheck.items import Items
from mclite.replay.clientcheck.notation import Do, Talk
from mclite.replay.clientcheck.server import Running, Server, render_text
from mclite.replay.scenario.notation import parse_text


def dialogue(talk: str, sent: bytes, wanted: int, after: bool = False) -> tuple[bytes, Server]:
    """Send bytes to a server that answers as the first `do` of a talk says; return so many bytes of what it says."""

    async def work() -> tuple[bytes, Server]:
        items = Items()
        items.put(b"a", b"one", 0, 7)
        server = Server(items, {}, 0)
        await server.up()
        do = next(step for step in Talk(talk).steps if isinstance(step, Do))
        running = Running(do, (b"a",), None)
        server.running.append(running)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(20):
            writer.write(sent)
            if after:
                await running.seen.wait()
                await asyncio.sleep(0.05)
                await server.after(running)
            said = await reader.readexactly(wanted) if wanted else await reader.read()
        writer.close()
        await server.down()
        return said, server

    return asyncio.run(work())


def test_honest_answers_and_events() -> None:
    said, server = dialogue("do get a", b"get a\r\nversion\r\n", 39)
    assert said == b"VALUE a 0 3\r\none\r\nEND\r\nVERSION 1.6.45\r\n"
    assert [event.who for event in server.events[:3]] == ["client", "server", "server"]


def test_a_cut_ends_the_connection() -> None:
    assert dialogue("do get a\nanswer cut data", b"get a\r\n", 0)[0] == b"VALUE a 0 3\r\no"


def test_presets_of_raw_answers() -> None:
    said, _ = dialogue("do get a\n< VALUE a 0 1{cas}\n< x\n< END", b"gets a\r\n", 23)
    assert said == b"VALUE a 0 1 7\r\nx\r\nEND\r\n"


def test_what_is_late_comes_after_the_result_and_in_order() -> None:
    said, _ = dialogue("do get a\nanswer late", b"get a\r\nversion\r\n", 39, after=True)
    assert said == b"VALUE a 0 3\r\none\r\nEND\r\nVERSION 1.6.45\r\n"


def test_twice_is_the_same_again() -> None:
    assert dialogue("do delete a\nanswer twice", b"delete a\r\n", 18)[0] == b"DELETED\r\nDELETED\r\n"


def test_illegal_and_foreign_requests_are_kept() -> None:
    _, server = dialogue("do get a", b"get a b c\r\nfrobnicate\r\nflush_all\r\n", 34)
    assert [request.name for request in server.illegal] == ["frobnicate"]
    assert [request.verb for request in server.running[0].foreign] == ["flush_all"]


def test_a_key_without_a_value_is_its_name() -> None:
    values: dict[str, bytes] = {}
    assert render_text(parse_text("{key7} {keyx:20}"), values) == b"key7 kkkkkkkkkkkkkkkkkkkk"
    assert values["key7"] == b"key7"
