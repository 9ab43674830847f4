"""The shell without its terminal: a line in, text out. What reads the lines is `terminal.py` or a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from mclite.client import BadArgumentError, Client, MemcacheError, NotConnectedError, RefusedError
from mclite.client.transport import Address, SocketTransport, parse_address
from mclite.shell import help as help_texts
from mclite.shell.raw import RawTalk
from mclite.shell.requests import RequestError, build
from mclite.shell.show import Piece, failure, note, render, show
from mclite.shell.words import WordError, printable, split

DONE: Final = 0
REFUSED: Final = 1
LOST: Final = 3
"""What became of a line, as exit codes: carried out, an error in it or from the server, no connection."""


@dataclass
class Shell:
    """A client of `host` and `port`, and what to do with a line.

    `write` takes the text to show, `complain` what the shell itself has to say about a line or the connection.

    `leave` is true when the user wants to go; `keys` holds the keys seen so far, for completion.
    """

    host: str
    port: int
    write: Callable[[str], object]
    complain: Callable[[str], object]
    timeout: float = 5.0
    colours: bool = False
    terminal: bool = False
    leave: bool = False
    raw: bool = False
    keys: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._new_client()

    def _new_client(self) -> None:
        address = Address(self.host, self.port, self.timeout)
        self.where = str(address)
        self.client: Client[bytes] = Client(
            self.host, self.port, timeout=self.timeout, connect_timeout=self.timeout, retries=1
        )
        self._talk = RawTalk(SocketTransport(address, self.timeout), self.timeout)

    @property
    def data_due(self) -> int:
        """In raw mode, the bytes of a data block that are still to be typed."""
        return self._talk.data_due if self.raw else 0

    def put(self, lines: Iterable[list[Piece]]) -> None:
        """Show `lines`."""
        self.write(render(list(lines), self.colours))

    def say(self, text: str) -> None:
        """Show a remark of the shell's own, to a person only."""
        if self.terminal:
            self.put(note(text))

    def fail(self, text: str) -> None:
        """Say what went wrong."""
        self.complain(render(failure(text), self.colours))

    def greet(self) -> int:
        """Connect, and say to what."""
        try:
            version = self.client.version()
        except MemcacheError as error:
            self.fail(str(error))
            self.say("the next command tries again; connect HOST:PORT tries another server")
            return LOST
        self.say(f"connected to {self.where}, which answers as memcached {version}; help lists the commands")
        return DONE

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
        self._talk.close()

    def run(self, line: str) -> int:
        """Carry out `line`, show the answer, and return DONE, REFUSED or LOST."""
        if self.raw and line.strip() not in ("raw", "raw off"):
            return self._say_raw(line)
        if not line.strip() or line.lstrip().startswith("#"):
            return DONE
        try:
            words = split(line)
            return self._run(words, line)
        except (WordError, RequestError, BadArgumentError) as error:
            self.fail(str(error))
            return REFUSED
        except RefusedError as error:
            self.put(failure(error.text.decode("utf-8", "surrogateescape")))
            return REFUSED
        except (ConnectionError, TimeoutError) as error:
            self.fail(str(error))
            return LOST
        except MemcacheError as error:
            self.fail(str(error))
            return REFUSED if self.client.connected else LOST

    def _run(self, words: list[bytes], line: str) -> int:
        verb = words[0].decode("utf-8", "backslashreplace")
        arguments = [word.decode("utf-8", "backslashreplace") for word in words[1:]]
        match verb:
            case "help":
                self.put(help_texts.about(arguments[0]) if arguments else help_texts.overview())
            case "exit":
                self.leave = True
            case "connect":
                self._connect(arguments)
            case "raw":
                return self._raw(line.strip()[3:].strip())
            case "watch":
                self._watch(arguments)
            case _:
                self._command(words)
        return DONE

    def _connect(self, arguments: list[str]) -> None:
        host, port = parse_address(arguments[0]) if arguments else (self.host, self.port)
        self.close()
        self.host, self.port = host, port
        self._new_client()
        self.greet()

    def _command(self, words: list[bytes]) -> None:
        call = build(words)
        if call.data is not None:
            self.say(f"> {printable(call.line)}")
        replies: Any = self.client.run_many([call])[0]
        if call.row.key is not None:
            for key in call.args[call.row.key : None if call.row.several else call.row.key + 1]:
                self.keys[printable(key)] = None
        if isinstance(replies, list):
            self.put(show(replies, call.row, self.terminal))
        elif call.silent:
            self.say("no answer, as asked")
        if call.row.name in (b"quit", b"shutdown"):
            self.leave = True

    def _watch(self, streams: list[str]) -> None:
        stream = self.client.watch(*streams)
        self.say("the server's log; Ctrl-C ends it")
        try:
            for fields in stream:
                pieces: list[Piece] = []
                for name, value in fields.items():
                    pieces += [("faint", f"{printable(name.encode())}="), ("", f"{printable(_bytes(value))} ")]
                self.put([pieces])
        except NotConnectedError:
            pass

    def _raw(self, rest: str) -> int:
        if rest and rest not in ("on", "off"):
            return self._say_raw(rest)
        self.raw = not self.raw if not rest else rest == "on"
        self.say("raw: lines go as they are; raw ends it" if self.raw else "raw mode is off")
        return DONE

    def _say_raw(self, line: str) -> int:
        try:
            answer = self._talk.say(line.encode("utf-8", "surrogateescape"))
        except OSError as error:
            self._talk.close()
            text = f"no answer in {self.timeout:g} s" if isinstance(error, TimeoutError) else error.strerror or error
            self.fail(f"{self.where}: {text}")
            return LOST
        for part in answer.splitlines(keepends=True):
            self.put([[("", printable(part.removesuffix(b"\r\n")))]])
        return REFUSED if answer.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")) else DONE

    def interrupted(self) -> None:
        """Handle Ctrl-C while an answer was due: the next command reconnects."""
        self.say("interrupted; the next command reconnects")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
