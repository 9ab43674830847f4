"""The files of a run: the results of each target, its page, and the baseline; and which of them cannot be written."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import Path

from mclite.replay.files import WriteError
from mclite.replay.judge import baseline
from mclite.replay.judge.baseline import Baseline
from mclite.replay.judge.offers import Offered, pinned
from mclite.replay.judge.record import Record
from mclite.replay.play.transport import parse_address
from mclite.replay.pytest_plugin.options import Options
from mclite.replay.results import write as results
from mclite.replay.results.document import Results
from mclite.replay.run.stage import TargetInfo


class Output:
    """Writes the files of a run; `failed` when one of them cannot be written."""

    def __init__(self, options: Options) -> None:
        """Write where `options` say."""
        self.options = options
        self.written: list[Path] = []
        self.problems: list[str] = []  #: in a sentence each, also what is no failure
        self.failed = False

    def results(self, made: Results, info: TargetInfo, reference: TargetInfo | None) -> None:
        """Write the results of a target and its page."""
        path = self._path(info, reference, made.run.complete)
        try:
            results.write(made, path)
        except WriteError as error:
            self._fail(str(error))
            return
        self.written.append(path)
        self._page([path], path.with_suffix(".html"))

    def index(self, complete: bool) -> None:
        """Write the page of several targets side by side."""
        pages = [path for path in self.written if path.suffix == ".json"]
        if len(pages) > 1:
            self._page(pages, pages[0].parent / f"index{'' if complete else '-part'}.html")

    def baseline(
        self, known: Baseline, records: Collection[Record], offers: Collection[Offered], name: str, complete: bool
    ) -> Baseline | None:
        """Write the baseline that records and offers match; return it, or None when it is not written."""
        path = self.options.baseline
        assert path is not None
        died = next((made.id for made in records if made.died), None)
        if died is not None or not complete:
            why = f"the target died in {died}" if died is not None else "the run is incomplete"
            self._fail(f"{path} is not written: {why}")
            return None
        known = pinned(offers, known, known.updated(records))
        try:
            baseline.write(known, path, name)
        except WriteError as error:
            self._fail(str(error))
            return None
        self.problems.append(f"baseline: {path} now holds {known.size}")
        return known

    def _fail(self, why: str) -> None:
        """Take note of a file that is not written, which fails the run."""
        self.failed = True
        self.problems.append(why)

    def _path(self, info: TargetInfo, reference: TargetInfo | None, complete: bool) -> Path:
        name, kind = info.slug, parse_address(info.address).kind
        if info.judged != info.known and info.known is not None:
            name += f"-as-{info.judged}"
        if kind != "tcp":
            name += f"-{kind}"
        if self.options.deliver != "whole":
            name += f"-{self.options.deliver}"
        if self.options.chop:
            name += f"-chop-{self.options.chop}"
        if reference is not None:
            name += f"-beside-{reference.slug}"
        if self.options.shard is not None:
            name += f"-{self.options.shard.slug}"
        elif not complete:
            name += "-part"  # so that it does not replace the report of a whole run
        taken = {path.stem for path in self.written}
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        return (self.options.report_dir or Path("reports")) / f"{next(one for one in names if one not in taken)}.json"

    def _page(self, paths: list[Path], out: Path) -> None:
        """Let the report make a page of results, if it is there."""
        try:
            from mclite.replay.report import html
        except ImportError as error:
            self._fail(f"{out} is not written: {error.name} is missing (pip install 'mclite[conformance]')")
            return
        try:
            html.write(paths, out)
        except WriteError as error:
            self._fail(str(error))
            return
        self.written.append(out)
