import asyncio
import sys
from typing import Any

import pytest

from mclite.replay.clientcheck import driver as module
from mclite.replay.clientcheck.driver import Driver, DriverDied, DriverError, Hello

HELLO = '{"client": "c", "version": "1", "language": "L", "protocols": ["text"], "operations": ["get"]}'


def program(code: str, hello: str = HELLO) -> list[str]:
    """Return a driver in Python that says hello and then does `code` with each `line`."""
    begin = f"import json, os, sys\nprint({hello!r}, flush=True)\n"
    return [sys.executable, "-c", f"{begin}for raw in sys.stdin:\n    line = json.loads(raw)\n    {code}\n"]


def ask(command: list[str], seconds: float = 20.0) -> dict[str, Any]:
    async def work() -> dict[str, Any]:
        driver = Driver(command)
        await driver.start()
        try:
            async with asyncio.timeout(seconds):
                return await driver.ask("get", key="YQ==")[1]
        finally:
            await driver.end()

    return asyncio.run(work())


def test_a_request_and_its_answer() -> None:
    said = ask(program('print(json.dumps({"id": line["id"], "result": line["key"]}), flush=True)'))
    assert said == {"id": 1, "result": "YQ=="}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('garbage', flush=True)", "printed what is no JSON: garbage"),
        ("print('[1]', flush=True)", "printed a line without an id"),
        ('print(\'{"id": 9, "result": 1}\', flush=True)', "answered id 9, and 1 was asked"),
        ("print('{\"id\": 1}', flush=True)", "neither result nor error nor unsupported"),
        ("print('x' * (1 << 20), flush=True)", "a line of more than 1000 bytes"),
    ],
)
def test_what_is_no_answer_is_a_fault_of_the_driver(code: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_MAX", 1000)
    with pytest.raises(DriverError, match=said):
        ask(program(code))


def test_a_driver_that_dies_says_how() -> None:
    with pytest.raises(DriverDied, match="it ended with 7; last words"):
        ask(program("print('last words', file=sys.stderr, flush=True); os._exit(7)"))
    with pytest.raises(DriverDied, match="ended by signal 11"):
        ask(program("os.kill(os.getpid(), 11)"))


def test_a_driver_that_is_silent_is_waited_for_no_longer_than_asked() -> None:
    with pytest.raises(TimeoutError):
        ask(program("pass"), 0.2)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nonexistent/driver"], "cannot be started: No such file"),
        ([sys.executable, "-c", "import sys; sys.exit('no such client')"], "it ended with 1; no such client"),
        (program("", "hello"), "no JSON: hello"),
        (program("", "[]"), "no object that says what it is"),
        (program("", "{}"), "does not say the client"),
        (program("", HELLO.replace('"text"', '"telnet"')), "'telnet' among its protocols"),
        (program("", HELLO.replace('["get"]', "[]")), "has no operations"),
        (program("", HELLO.replace('"get"', '"fetch"')), "'fetch' among its operations"),
        (program("", HELLO[:-1] + ', "timeout": "none"}'), "neither own nor cancelled"),
    ],
)
def test_a_driver_that_does_not_begin_says_why(command: list[str], said: str) -> None:
    with pytest.raises(DriverError, match=said):
        ask(command)


def test_a_driver_that_says_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_SECONDS", 0.3)
    with pytest.raises(DriverError, match=r"said nothing for 0.3 s"):
        ask([sys.executable, "-c", "import time; time.sleep(60)"])


def test_an_answer_that_was_given_up_is_no_fault() -> None:
    code = "[print(json.dumps({'id': n, 'result': n}), flush=True) for n in (1, 2) if line['id'] == 2]"

    async def work() -> int:
        driver = Driver(program(code))
        await driver.start()
        try:
            driver.give_up(driver.ask("get")[0])
            async with asyncio.timeout(20):
                return int((await driver.ask("get")[1])["result"])
        finally:
            await driver.end()

    assert asyncio.run(work()) == 2


def test_memory_is_that_of_the_process() -> None:
    async def work() -> int:
        driver = Driver(program("pass"))
        await driver.start()
        try:
            return driver.memory()
        finally:
            await driver.end()

    assert asyncio.run(work()) > 1 << 20


def test_hello_is_cut_to_what_a_page_holds() -> None:
    hello = Hello.read(
        {"client": "c" * 99, "version": "1", "language": "L", "protocols": ["text"], "operations": ["get"]}
    )
    assert len(hello.client) == 60
