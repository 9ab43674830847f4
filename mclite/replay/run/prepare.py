"""Before the first scenario: reach or start each target, and ask it what it is and what it can do."""

from __future__ import annotations

import re
import socket
import time

from mclite.replay.play.outcome import run_prefix
from mclite.replay.play.transport import Address, Unreachable, connect
from mclite.replay.results.write import slug
from mclite.replay.run.stage import TRANSPORTS, TargetInfo
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.scenario import Kind
from mclite.replay.scenario.versions import KNOWN, claimed_version
from mclite.replay.scenario.wire import escape
from mclite.replay.target.capabilities import CLOCK, Capability, DiedError, ask_version, probe, probe_builds
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import Asked, TargetError


def prepare(
    asked: Asked, judge_as: str | None, transport: Kind = "tcp", destructive: bool = False
) -> tuple[TargetInfo, Server | None]:
    """Return what is known about the target, and its server if it was started here.

    A server that runs already is asked only what harms nobody, unless `destructive`.

    Raise Unreachable when it does not answer, TargetError when it cannot be started.
    """
    server = None
    if asked.spec is not None:
        if missing := asked.spec.missing(TRANSPORTS & {transport}):
            raise TargetError(f"nothing says how to start it {STARTS[missing[0]]}: see its target file")
        server = Server(asked.spec, TRANSPORTS & {transport})
    prefix, empty = run_prefix(), False
    found: dict[str, Capability] = {}
    try:
        while True:
            address = server.address_for(transport) if server is not None else asked.address
            assert address is not None
            answer = ask_version(address)
            empty = empty or (server is None and is_empty(address))  # before the probe, which stores items
            left = [offer for offer in (*documented().entries.values(), CLOCK) if offer.name not in found]
            try:
                found |= probe(address, f"{prefix}_probe".encode(), left, harmful=destructive or server is not None)
            except DiedError as died:
                if server is None:
                    raise Unreachable(f"{address}: {died}, which asked whether it has such a command") from None
                found |= died.found
                server.stop()
                server = Server(server.spec, server.needs)
                continue
            return _info(asked, address, server, judge_as, prefix, empty, answer, found), server
    except BaseException:
        if server is not None:
            server.stop()
        raise


def _info(
    asked: Asked,
    address: Address,
    server: Server | None,
    judge_as: str | None,
    prefix: str,
    empty: bool,
    answer: bytes,
    found: dict[str, Capability],
) -> TargetInfo:
    """Return what is known about a target that answers `version` so, and of which the probe found `found`."""
    version = None
    if answer.startswith(b"VERSION "):
        version = escape(answer.removeprefix(b"VERSION ").rstrip(b"\r\n"))
    claimed = claimed_version(version) if version else None
    known = claimed if claimed in KNOWN else None
    found |= probe_builds(address)
    if server is None and address.kind == "tcp":
        found["udp"] = _probe_udp(address)
    plain = asked.spec.name.replace("{version}", version or "?") if asked.spec else str(address)
    name = asked.name or plain
    return TargetInfo(
        slug=slug(name),
        name=name,
        address=str(address),
        asked=asked.option,
        answer=answer.decode("latin-1"),
        version=version,
        known=known,
        judged=judge_as or known or KNOWN[-1],
        prefix=prefix,
        spawn=server.command.replace(str(address.port), "{port}") if server is not None else None,
        empty=empty,
        capabilities={name: (item.present, item.evidence) for name, item in found.items()},
        lacks=sorted(asked.declared.lacks),
        required=sorted(asked.declared.required),
        profile=asked.declared.profile,
        declared_by=asked.declared_by,
    )


def is_empty(address: Address) -> bool:
    """Tell whether the server says that it holds no item."""
    connection = connect(address, 2.0)
    try:
        deadline = time.monotonic() + 2.0
        connection.send(b"stats\r\n", deadline)
        while not connection.buffer.endswith(b"END\r\n") and len(connection.buffer) < 1 << 16:
            if not connection.fill(deadline):
                return False
        return re.search(rb"^STAT curr_items 0\r$", connection.buffer, re.MULTILINE) is not None
    finally:
        connection.close()


def _probe_udp(address: Address) -> Capability:
    """Ask the same port over UDP."""
    request = b"\x4d\x43\x00\x00\x00\x01\x00\x00version\r\n"
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as datagram:
            datagram.settimeout(0.3)
            datagram.connect((address.host, address.port))
            datagram.send(request)
            answer = datagram.recv(2048)
    except OSError:
        return Capability(False, f"a datagram with `version` to port {address.port} got no answer")
    present = answer[:2] == request[:2] and answer[8:].startswith(b"VERSION ")
    return Capability(present, f"a datagram with `version` was answered `{escape(answer[:60])}`")
