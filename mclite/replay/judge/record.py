"""One scenario as the results say it: what it claims, what happened, and the verdict."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from mclite.replay.judge.causes import blamed_request
from mclite.replay.judge.reference import plain
from mclite.replay.judge.verdicts import Verdict
from mclite.replay.play.outcome import Result
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.versions import Version
from mclite.replay.scenario.wire import brief, escape

Record = dict[str, Any]


def record(
    scenario: Scenario, result: Result, verdict: Verdict, reason: str | None, replay: str, judged: Version
) -> Record:
    """Return one scenario, played as of release `judged`, as the results say it, its transcript still in `events`."""
    failed = result.outcome not in ("match", "not-run")
    return {
        "id": scenario.id,
        "title": scenario.title,
        "chapter": scenario.chapter,
        "section": scenario.section,
        "lines": list(scenario.lines),
        "level": scenario.level,
        "since": _written(scenario.since),
        "until": _written(scenario.until),
        "requires": list(scenario.requires),
        "scope": scenario.scope,
        "transport": scenario.transport,
        "commands": list(scenario.commands),
        "note": scenario.note,
        "file": scenario.file,
        "talk": scenario.talk.source,
        "outcome": result.outcome,
        "verdict": verdict,
        "reason": reason,
        "request": blamed_request(scenario.talk.script(judged), result) if failed else None,
        "step": result.step,
        "want": result.want,
        "got": brief(result.got) if result.got is not None else None,
        "at": result.at,
        "framing": result.framing,
        "fingerprint": fingerprint(result) if failed else None,
        "milliseconds": result.milliseconds,
        "events": plain(result.events),
        "replay": replay,
    }


def _written(version: Version | None) -> str | None:
    return ".".join(map(str, version)) if version is not None else None


#: A cas unique: of a VALUE line, the flag c of a meta answer, a field of a dump.
_UNIQUE = re.compile(rb"(^VALUE [^ ]+ [0-9]+ [0-9]+ | c|\bcas=)[0-9]+(?![^ \r\n])", re.MULTILINE)


def fingerprint(result: Result) -> str:
    """Return a short name of a wrong answer: the same in every run in which the target answers alike.

    Keys, values that the target gave, cas uniques, and long numbers such as times are taken out of it.
    """
    if result.outcome == "died":
        return hashlib.sha256(b"died").hexdigest()[:12]  # when it ends is a matter of chance
    got = result.got or b""
    for name, value in sorted(result.values.items(), key=lambda item: -len(item[1])):
        if len(value) > 3 or name.startswith("key"):
            got = got.replace(value, b"{%s}" % name.encode())
        if name.startswith("key"):
            got = got.replace(base64.b64encode(value), b"{%s|base64}" % name.encode())
    got = _UNIQUE.sub(rb"\1N", re.sub(rb"[0-9]{5,}", b"N", got))
    text = f"{result.outcome} {result.step} {escape(got)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
