"""The shell on a terminal: editing, history, completion and colours by prompt_toolkit, or plain input() without it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mclite.shell.complete import choices, hint
from mclite.shell.shell import Shell

if TYPE_CHECKING:
    from prompt_toolkit.document import Document

Reader = Callable[[], str]


def history_file() -> Path:
    """Return where the history is kept: $XDG_STATE_HOME/mclite/history, by default under ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "mclite" / "history"


def prompt_text(shell: Shell) -> str:
    """Return the prompt: where the shell is, and what it waits for."""
    if shell.data_due:
        return f"data, {shell.data_due} bytes> "
    return f"{shell.where} raw> " if shell.raw else f"{shell.where}> "


def plain_reader(shell: Shell) -> Reader:
    """Return what reads a line with input()."""
    return lambda: input(prompt_text(shell))


def toolkit_reader(shell: Shell) -> Reader | None:
    """Return what reads a line with prompt_toolkit; None if that is not installed."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.completion import CompleteEvent, Completer, Completion
        from prompt_toolkit.history import FileHistory, History, InMemoryHistory
    except ImportError:
        return None

    class TableCompleter(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            if not shell.raw:
                for choice in choices(document.text_before_cursor, shell.keys):
                    yield Completion(choice.text, -choice.replaces, display_meta=choice.meaning)

    path = history_file()
    history: History
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        history = FileHistory(str(path))
    except OSError:
        history = InMemoryHistory()
    session: PromptSession[str] = PromptSession(
        history=history, completer=TableCompleter(), auto_suggest=AutoSuggestFromHistory(), complete_while_typing=False
    )

    def toolbar() -> Any:
        return "raw: lines go as they are; raw ends it" if shell.raw else hint(session.default_buffer.text)

    def message() -> Any:
        style = "ansigreen" if shell.client.connected or shell.raw else "ansired"
        return [(style, prompt_text(shell))]

    return lambda: session.prompt(message, bottom_toolbar=toolbar)


def interact(shell: Shell) -> int:
    """Read lines from the terminal and carry them out, until the user leaves."""
    reader = toolkit_reader(shell)
    if reader is None:
        shell.say("for editing, history and completion: pip install 'mclite[shell]'")
        reader = plain_reader(shell)
    shell.greet()
    while not shell.leave:
        try:
            line = reader()
        except KeyboardInterrupt:
            continue  # Ctrl-C cancels the line
        except EOFError:
            break
        try:
            shell.run(line)
        except KeyboardInterrupt:
            shell.interrupted()
    shell.close()
    return 0
