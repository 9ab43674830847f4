"""What the page's script gets: several runs laid side by side, and every text and transcript stored once.

Runs differ in what means nothing: their keys, the address, the version in the closing barrier.
Such parts are stored as one private character each and put back by the page, so that equal dialogues are
stored as equal. The script reads all this by position; `data.js` names the positions.
"""

from __future__ import annotations

import base64
import json
import re
import statistics
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mclite.replay.judge.record import Comparison, Record, Transcript
from mclite.replay.judge.verdicts import VERDICTS
from mclite.replay.play.outcome import OUTCOMES
from mclite.replay.report.spec import LENGTH, SECTIONS, Spec
from mclite.replay.report.support import Row
from mclite.replay.results.document import Results

#: Private characters that stand for parts of a run or of a scenario.
RUN_ID, ADDRESS, VERSION, FILE, ID, SLUG = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004", "\ue005"

#: The first of the private characters that stand for the keys of a scenario, and how many there are.
KEY, KEYS = 0xE010, 0xF00

_PAUSE = 0.1  # seconds: a shorter pause between two events is not worth telling


class Strings:
    """Texts by number, each stored once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._known: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of `text`."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = len(self.texts)
            self.texts.append(text)
        return found


class _Run:
    """The texts of one run, with its own parts taken out."""

    def __init__(self, results: Results, strings: Strings, transcripts: dict[tuple[int, ...], int]) -> None:
        self._strings = strings
        self._shared = transcripts
        self._id = results.run.id
        self._key = re.compile(re.escape(self._id) + "([0-9a-z]{0,2}_[0-9a-z]{4})") if self._id else None
        self._signs: dict[str, str] = {}
        self._address = results.target.address
        version = results.target.version
        self._barrier = f"VERSION {version}" if version else None

    def begin(self, scenario: Record) -> list[str] | str | int | None:
        """Take the keys of a scenario out of the texts that follow; return them without the prefix of the run.

        Keys whose numbers follow each other are the first of them alone, in a run of one process its number.
        """
        self._signs = {}
        if self._key is None:
            return None
        texts = [event.text for event in scenario.transcript]
        texts += [text for text in (scenario.want, scenario.got, scenario.reason) if text]
        keys = sorted({found[1] for text in texts for found in self._key.finditer(text)})[:KEYS]
        self._signs = {key: chr(KEY + number) for number, key in enumerate(keys)}
        if not keys:
            return None
        head, first = keys[0][:-4], int(keys[0][-4:], 36)
        follow = all(key[:-4] == head and int(key[-4:], 36) == first + n for n, key in enumerate(keys))
        return first if follow and head == "00_" else keys[0] if follow else keys

    def text(self, text: str | None, scenario: Record | None = None) -> int | None:
        if text is None:
            return None
        if scenario is not None:
            slug = scenario.id.rpartition("/")[2]
            text = text.replace(scenario.file, FILE).replace(scenario.id, ID)
            text = text.replace(slug, SLUG) if len(slug) > 3 else text
            text = text.replace(self._address, ADDRESS) if self._address else text
        return self._strings.number(self._take_out(text))

    def transcript(self, events: Transcript) -> int | None:
        if not events:
            return None
        return self._shared.setdefault(tuple(self._flat(events)), len(self._shared))

    def _flat(self, events: Transcript) -> list[int]:
        """Return the numbers of the events; a negative number is a pause before the next one, in 0.1 s."""
        out: list[int] = []
        before = 0.0
        for event in events:
            if event.at is not None:
                pause = (event.at - before) / 1000
                before = event.at
                if pause >= _PAUSE:
                    out.append(-round(pause * 10))
            out.append(self._strings.number(event.conn + event.kind + self._take_out(event.text)))
        return out

    def _take_out(self, text: str) -> str:
        if self._barrier and text.startswith(self._barrier):
            text = f"VERSION {VERSION}" + text[len(self._barrier) :]
        if self._key is None or self._id not in text:
            return text
        text = self._key.sub(lambda found: self._signs.get(found[1], found[0]), text)
        return text.replace(self._id, RUN_ID)


def build(
    runs: Sequence[Results],
    rows: Sequence[Row],
    *,
    spec: Spec | None,
    links: Sequence[str],
    dialogues: bool,
    differing: Sequence[int] = (),
) -> dict[str, Any]:
    """Return the data of the page; `links` name a page for each run; without `dialogues` it has none.

    `differing` are the scenarios, by their places in `arrange`, that the runs do not all answer alike.
    """
    order = arrange(runs)
    position = {scenario.id: number for number, scenario in enumerate(order)}
    strings = Strings()
    transcripts: dict[tuple[int, ...], int] = {}
    columns, usuals = [], []
    for run in runs:
        texts = _Run(run, strings, transcripts)
        column: list[list[Any] | int] = [0] * len(order)
        replays = Counter(texts.text(scenario.replay, scenario) for scenario in run.scenarios if scenario.replay)
        usual = max(replays, key=lambda number: replays[number], default=None)
        for scenario in run.scenarios:
            column[position[scenario.id]] = _result(scenario, texts, dialogues, usual)
        columns.append(column)
        usuals.append(usual)
    return {
        "verdicts": VERDICTS,
        "outcomes": OUTCOMES,
        "targets": [_target(run, link) for run, link in zip(runs, links, strict=True)],
        "rows": [[row.kind, row.name, row.label, [position[name] for name in row.ids]] for row in rows],
        "scenarios": [_scenario(scenario) for scenario in order],
        "results": columns,
        "replays": usuals,
        "differing": differing,
        "strings": strings.texts,
        "transcripts": [list(numbers) for numbers in transcripts],
        "sections": SECTIONS,
        "spec": _spec(spec),
        "length": LENGTH,
    }


def arrange(runs: Sequence[Results]) -> list[Record]:
    """Return each scenario once, as its latest run has it, the chapters in the order of protocol.txt."""
    latest: dict[str, Record] = {}
    for run in sorted(runs, key=lambda run: run.run.started, reverse=True):
        for scenario in run.scenarios:
            latest.setdefault(scenario.id, scenario)
    first_lines: dict[str, list[int]] = {}
    for scenario in latest.values():
        for line in scenario.lines[:1]:
            first_lines.setdefault(scenario.chapter, []).append(int(line.split("-")[0]))
    place = {chapter: statistics.median_low(lines) for chapter, lines in first_lines.items()}
    chapters = sorted(
        {scenario.chapter for scenario in latest.values()},
        key=lambda chapter: (place.get(chapter, LENGTH), chapter),
    )
    rank = {chapter: number for number, chapter in enumerate(chapters)}
    return sorted(latest.values(), key=lambda scenario: rank[scenario.chapter])


def to_script(data: dict[str, Any]) -> str:
    """Return `data` as base64 of deflated JSON: a sixth of its size, and safe inside HTML whatever its texts are."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(text.encode("utf-8", "backslashreplace")) + packer.flush()
    return base64.b64encode(packed).decode("ascii")


def _target(run: Results, link: str) -> dict[str, Any]:
    return {
        "name": run.target.name,
        "address": run.target.address,
        "version": run.target.version,
        "as": run.run.judged,
        "reference": run.run.reference,
        "run": run.run.id,
        "link": link,
    }


def _scenario(scenario: Record) -> list[Any]:
    return [
        scenario.id,
        scenario.title,
        scenario.chapter,
        scenario.section,
        scenario.lines,
        scenario.level,
        scenario.since,
        scenario.until,
        scenario.requires,
        scenario.scope,
        scenario.commands,
        scenario.note,
        scenario.file,
        scenario.talk or None,
    ]


def _result(scenario: Record, texts: _Run, dialogues: bool, usual: int | None) -> list[Any]:
    reference = scenario.reference
    keys = texts.begin(scenario)
    replay = texts.text(scenario.replay or None, scenario)
    row = [
        VERDICTS.index(scenario.verdict),
        OUTCOMES.index(scenario.outcome),
        round(scenario.milliseconds),
        keys,
        texts.transcript(scenario.transcript) if dialogues else None,
        texts.text(json.dumps(scenario.like, separators=(",", ":"))) if scenario.like else None,
        texts.text(_reason(scenario), scenario),
        texts.text(scenario.want),
        texts.text(scenario.got),
        scenario.at,
        scenario.step,
        scenario.baseline,
        _reference(reference, texts, dialogues) if reference else None,
        replay if replay != usual else None,
    ]
    while row[-1] is None:
        row.pop()
    return row


def _reason(scenario: Record) -> str | None:
    """Return why the verdict is this one; of a known fault of the release also which it is."""
    fault = scenario.fault
    if fault is None:
        return scenario.reason
    link = f" See {fault.link}." if fault.link else ""
    return f"{scenario.reason or 'It did not answer so'}. Known of the release: {fault.reason}{link}"


def _reference(reference: Comparison, texts: _Run, dialogues: bool) -> list[Any]:
    transcript = texts.transcript(reference.transcript) if dialogues else None
    return [
        OUTCOMES.index(reference.outcome),
        transcript,
        reference.same,
        texts.text(reference.got),
        texts.text(reference.target),
        texts.text(reference.reason),
        reference.step,
    ]


def _spec(spec: Spec | None) -> dict[str, Any] | None:
    if spec is None:
        return None
    return {"lines": spec.lines, "numbers": None if spec.exact else spec.numbers}
