"""The loop on a terminal, with lines that a test types; tests/cli/test_shell.py runs it on a real one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import SECONDS_MAX

from mclite.shell import terminal
from mclite.shell.shell import Shell
from mclite.shell.terminal import history_file, interact, plain_reader, prompt_text, toolkit_reader
from mclite.testing import ServerThread


@pytest.fixture
def shown() -> list[str]:
    """What the shell has shown."""
    return []


@pytest.fixture
def shell(shown: list[str]) -> Iterator[Shell]:
    with ServerThread() as server:
        shell = Shell(server.host, server.port, shown.append, shown.append, SECONDS_MAX, terminal=True)
        yield shell
        shell.close()


def typing(monkeypatch: pytest.MonkeyPatch, *lines: str | BaseException) -> list[str]:
    """Have `interact` read these lines, or raise these; return what it was asked for."""
    asked: list[str] = []
    waiting = list(lines)

    def read(prompt: str) -> str:
        asked.append(prompt)
        line = waiting.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr(terminal, "toolkit_reader", lambda shell: None)
    monkeypatch.setattr("builtins.input", read)
    return asked


def test_the_history_is_where_the_system_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_file() == tmp_path / "mclite" / "history"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert history_file() == tmp_path / ".local" / "state" / "mclite" / "history"


def test_the_prompt_says_where_it_is_and_what_it_waits_for(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    place = shell.where
    assert prompt_text(shell) == f"{place}> "
    shell.run("raw")
    assert prompt_text(shell) == f"{place} raw> "
    shell.run("set k 0 0 7")
    assert prompt_text(shell) == "data, 7 bytes> "
    monkeypatch.setattr("builtins.input", lambda prompt: f"read after {prompt}")
    assert plain_reader(shell)() == "read after data, 7 bytes> "


def test_lines_are_carried_out_until_the_user_leaves(
    shell: Shell, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typing(monkeypatch, "set k 5", KeyboardInterrupt(), "incr k 1", "exit", "never read")
    assert interact(shell) == 0
    text = "".join(shown)
    assert "pip install 'mclite[shell]'" in text
    assert "connected to" in text
    assert text.endswith("STORED\n6\n")
    assert len(asked) == 4
    assert not shell.client.connected


def test_the_end_of_input_ends_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typing(monkeypatch, EOFError())
    assert interact(shell) == 0
    assert len(asked) == 1


def test_an_interrupted_command_costs_the_connection_and_not_the_shell(
    shell: Shell, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typing(monkeypatch, "get k", "mn", EOFError())
    run = shell.run

    def interrupted(line: str) -> Any:
        if line == "get k":
            raise KeyboardInterrupt
        return run(line)

    monkeypatch.setattr(shell, "run", interrupted)
    assert interact(shell) == 0
    assert "interrupted" in "".join(shown)
    assert shown[-1].startswith("MN")


def test_without_prompt_toolkit_there_is_no_such_reader(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    assert toolkit_reader(shell) is None


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What prompt_toolkit is made with and asked for, in place of a terminal."""
    toolkit = pytest.importorskip("prompt_toolkit")
    made: dict[str, Any] = {}

    class PromptSession:
        def __init__(self, **arguments: Any) -> None:
            made.update(arguments)
            self.default_buffer = toolkit.buffer.Buffer()
            made["buffer"] = self.default_buffer

        def prompt(self, message: Any, **arguments: Any) -> str:
            made.update(arguments, message=message)
            return "typed"

    monkeypatch.setattr(toolkit, "PromptSession", PromptSession)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return made


def test_prompt_toolkit_completes_shows_hints_and_keeps_a_private_history(
    shell: Shell, session: dict[str, Any], tmp_path: Path
) -> None:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    reader = toolkit_reader(shell)
    assert reader is not None
    assert reader() == "typed"
    path = tmp_path / "state" / "mclite" / "history"
    assert path.stat().st_mode & 0o777 == 0o600
    assert session["history"].filename == str(path)

    def completions(text: str) -> list[str]:
        return [one.text for one in session["completer"].get_completions(Document(text), CompleteEvent())]

    assert "incr" in completions("inc")
    session["buffer"].text = "set "
    assert "key" in session["bottom_toolbar"]()
    assert session["message"]() == [("ansired", prompt_text(shell))]  # not connected yet
    shell.run("mn")
    assert session["message"]() == [("ansigreen", prompt_text(shell))]
    shell.run("raw")
    assert session["bottom_toolbar"]() == "raw: lines go as they are; raw ends it"
    assert completions("inc") == []


def test_a_history_that_cannot_be_written_is_kept_in_memory(
    shell: Shell, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from prompt_toolkit.history import InMemoryHistory

    (tmp_path / "state").write_text("a file in its place")
    assert toolkit_reader(shell) is not None
    assert isinstance(session["history"], InMemoryHistory)
