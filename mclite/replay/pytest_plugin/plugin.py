"""The suite inside pytest: hooks that conformance/conftest.py loads by name, and by nothing else.

The process that the user started reaches or starts each target and probes it once. It, or each of its xdist
workers, then plays scenarios: those that wait begin first, all at once, and are collected last. The records
travel with pytest's reports; at the end they become one results file a target, a summary and the exit code.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from mclite.replay.judge.baseline import BaselineError
from mclite.replay.judge.faults import FaultsError
from mclite.replay.judge.record import Record
from mclite.replay.judge.verdicts import UNREACHABLE, USAGE
from mclite.replay.play.transport import Address, Unreachable
from mclite.replay.pytest_plugin import junit
from mclite.replay.pytest_plugin import terminal as summary
from mclite.replay.pytest_plugin import terminal_reference as beside
from mclite.replay.pytest_plugin.items import ScenarioFile, ScenarioItem
from mclite.replay.pytest_plugin.offer_items import OfferFile, OfferItem, is_table
from mclite.replay.pytest_plugin.options import UsageError, add_options, read_options
from mclite.replay.pytest_plugin.session import Session
from mclite.replay.pytest_plugin.shard import leave_out
from mclite.replay.pytest_plugin.share import StaticScheduling, is_controller, worker_share
from mclite.replay.results.document import Client
from mclite.replay.results.schema import from_json, to_json
from mclite.replay.run.prepare import prepare
from mclite.replay.run.stage import NotPlayed, TargetInfo
from mclite.replay.run.target_run import TargetRun
from mclite.replay.scenario.lint import holds_scenarios
from mclite.replay.scenario.scenario import LEVELS
from mclite.replay.target.processes import end_with_parent, temporary_folder
from mclite.replay.target.spec import TargetError

if TYPE_CHECKING:
    from mclite.replay.pytest_plugin.client import ClientSuite

_SESSION = pytest.StashKey[Session]()
_CLIENTS: pytest.StashKey[ClientSuite] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    add_options(parser)


#: The exit code of a run that could not begin.
_NOT_BEGUN = pytest.StashKey[int]()


def _refuse(config: pytest.Config, reason: str, code: int) -> NoReturn:
    """Begin no run, for a reason in one sentence, and end with an exit code."""
    config.stash[_NOT_BEGUN] = code
    raise pytest.UsageError(reason)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Say once why a run cannot begin, and end with the exit code of that."""
    try:
        return (yield)
    except pytest.UsageError as error:
        if _NOT_BEGUN not in config.stash:
            raise
        print(error, file=sys.stderr)
        return config.stash[_NOT_BEGUN]


def session_of(config: pytest.Config) -> Session:
    """Return the session of the suite."""
    return config.stash[_SESSION]


def configure(config: pytest.Config, root: Path) -> None:
    """Prepare a session for the suite at `root`; conftest.py calls it, for it knows where it lies."""
    try:
        options = read_options(config, root)
        if config.getoption("client"):
            from mclite.replay.pytest_plugin.client import ClientSuite  # most runs judge a server

            config.stash[_CLIENTS] = ClientSuite(config, root)
    except UsageError as error:
        _refuse(config, f"usage: {error}", USAGE)
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: a scenario of this level")
    config.stash[_SESSION] = Session(config, root, options)
    arguments = config.invocation_params.args
    if not any(str(item).startswith("-r") and not str(item).startswith("--") for item in arguments):
        config.option.reportchars = ""  # the summary of the suite names what failed, and counts the rest


def pytest_sessionstart(session: pytest.Session) -> None:
    """Reach or start the targets, before anything is collected."""
    config = session.config
    suite = session_of(config)
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        end_with_parent()  # pytest-xdist would let it play for some seconds more
        plain = worker["mclite"]
        suite.folder = Path(plain["folder"])
        suite.use(
            [TargetInfo(**info) for info in plain["targets"]],  # and the reference
            [None] * len(plain["targets"]),
            worker["workerid"],
        )
        return
    if config.getoption("collectonly") or _CLIENTS in config.stash:
        return
    suite.folder = temporary_folder("mclite-run-")
    infos, servers = [], []
    options = suite.options
    try:
        for asked in suite.asked:
            info, server = prepare(asked, options.judge_as, options.transport, options.destructive)
            infos.append(info)
            servers.append(server)
            if server is not None and is_controller(config):
                server.stop()  # each worker starts its own
    except (Unreachable, TargetError) as error:
        suite.close()
        for server in servers:
            if server is not None:
                server.stop()
        what = "server to judge" if len(infos) < len(suite.options.targets) else "reference to compare with"
        _refuse(config, f"no {what}: {error}", UNREACHABLE)
    try:
        suite.use(infos, servers, "")
    except (BaselineError, FaultsError) as error:
        suite.close()
        _refuse(config, f"usage: {error}", USAGE)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker what is known about the targets."""
    suite = session_of(node.config)
    node.workerinput["mclite"] = {
        "targets": [info.to_plain() for info in (*suite.infos, *([suite.reference] if suite.reference else []))],
        "folder": str(suite.folder),
    }


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker its share at once, so that it knows which of the waits are its own."""
    return StaticScheduling(config, log) if config.getoption("dist") == "load" else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the client libraries out unless they are asked for."""
    folder = session_of(config).root / "clients"
    return True if collection_path.is_relative_to(folder) and not config.getoption("clients") else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the TOML files of the suite that hold scenarios."""
    suite = session_of(parent.config)
    if clients := parent.config.stash.get(_CLIENTS, None):
        return clients.file(file_path, parent)
    if is_table(file_path, suite.root):
        table: OfferFile = OfferFile.from_parent(parent, path=file_path)
        table.suite = suite
        return table
    if not holds_scenarios(file_path, suite.root):
        return None
    file: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    file.suite = suite
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a `target` against every target of the run."""
    if "target" in metafunc.fixturenames:
        suite = session_of(metafunc.config)
        several = len(suite.options.targets) > 1
        ids = [asked.label for asked in suite.options.targets] if several else ["target"]
        metafunc.parametrize("target", range(len(suite.options.targets)), indirect=True, ids=ids)


class TestedTarget:
    """A target as a test of pytest sees it."""

    def __init__(self, run: TargetRun) -> None:
        """Show the target of `run`."""
        self._run = run
        self.info = run.info
        self.spec = run.spec
        self.shared = run.shared

    def place(self, *requires: str) -> Address:
        """Return the address of a server started as `requires` says; skip the test when there is none."""
        try:
            return self._run.place(*requires)
        except NotPlayed as not_played:
            pytest.skip(f"{not_played.verdict}: {not_played.reason}")


@pytest.fixture
def target(request: pytest.FixtureRequest) -> TestedTarget:
    """A target of the run, for tests of what a dialogue cannot say: `info`, and `place(*requires)`."""
    return TestedTarget(session_of(request.config).runs[request.param])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not about the version judged as; what disturbs others first, what waits last."""
    suite = session_of(config)
    if suite.infos:
        items[:] = [item for item in items if not isinstance(item, ScenarioItem) or suite.concerns(item)]
        if suite.options.shard is not None:
            config.hook.pytest_deselected(items=leave_out(items, suite.options.shard))
        items.sort(key=suite.rank)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin with what waits. What was collected stays to the end: it is not looked through for cycles again."""
    gc.freeze()
    suite = session_of(session.config)
    items = session.items
    if clients := session.config.stash.get(_CLIENTS, None):
        clients.choose(items)
    suite.choose([item for item in items if isinstance(item, ScenarioItem)])
    if suite.runs and not is_controller(session.config):
        suite.plan([item for item in worker_share(session.config, items) if isinstance(item, ScenarioItem)])


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Take note of files that cannot be read: workers report them one by one, and pytest forgets them then."""
    if report.failed and _CURRENT:
        _CURRENT[-1].malformed = True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Play a scenario: it has nothing to set up and nothing to tear down, so one call and one report are all."""
    if not isinstance(item, ScenarioItem):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    call = pytest.CallInfo.from_call(item.runtest, when="call", reraise=(pytest.exit.Exception, KeyboardInterrupt))
    report = hook.pytest_runtest_makereport(item=item, call=call)
    hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the record travel with the report of the call."""
    report = yield
    if isinstance(item, OfferItem) and call.when == "call" and item.made is not None:
        report.user_properties.append(("mclite-offer", {"target": item.target, "id": item.made.id}))
    if isinstance(item, ScenarioItem) and call.when == "call" and item.made is not None:
        for made in (item.made, *item.suite.late(item.target)):
            report.user_properties.append(("mclite", {"target": item.target, "record": to_json(made)}))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather the records, in the process that the user started."""
    kept = []
    for name, value in report.user_properties:
        if name == "mclite" and _CURRENT:
            travelled: Any = value
            made = from_json(Record, travelled["record"], "a record")
            _CURRENT[-1].gather(travelled["target"], made)
            junit.show_case(_CURRENT[-1].config, report, made)
        elif name == "mclite-offer" and _CURRENT:
            travelled = value
            _CURRENT[-1].offers[travelled["target"]].asked.add(travelled["id"])
        elif name == "mclite-client" and _CURRENT:
            if report.when == "call":
                travelled = value
                _CURRENT[-1].gather_client(
                    travelled["target"], from_json(Client, travelled["client"], "a client library")
                )
        else:
            kept.append((name, value))
    report.user_properties[:] = kept


#: The session of the process that the user started; a report does not say which it belongs to.
_CURRENT: list[Session] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Take note of who gathers the records."""
    if not hasattr(session.config, "workerinput"):
        _CURRENT.append(session_of(session.config))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Stop the servers, write the results and set the exit code."""
    if _SESSION not in session.config.stash:
        return
    suite = session_of(session.config)
    suite.close()
    if hasattr(session.config, "workerinput"):
        return
    _leave_out_hypothesis(session.config)
    if suite in _CURRENT:
        _CURRENT.remove(suite)
    if suite.infos:
        suite.finish()
        junit.show_run(suite)
    if clients := session.config.stash.get(_CLIENTS, None):
        clients.finish()
        session.exitstatus = clients.exit_code(int(exitstatus), suite.malformed)
        return
    session.exitstatus = suite.exit_code(int(exitstatus), session.testsfailed)


def _leave_out_hypothesis(config: pytest.Config) -> None:
    """Unless tests used Hypothesis: its plugin imports all of it at the end, to find that it has nothing to say.

    That costs more than playing a hundred scenarios.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if "hypothesis" in sys.modules or reporter is None:
        return
    reports = (report for kind in reporter.stats.values() for report in kind)
    if not any("hypothesis" in name for report in reports for name in getattr(report, "__dict__", ())):
        config.pluginmanager.unregister(name="hypothesispytest")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say the verdict, what failed first, and where the report is."""
    if _CLIENTS in config.stash:
        config.stash[_CLIENTS].summary(terminalreporter)
    if _SESSION in config.stash and session_of(config).infos:
        summary.show(terminalreporter, session_of(config))
        beside.show(terminalreporter, session_of(config))


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    """Show what is played: a scenario that is not played prints no letter."""
    if isinstance(report, pytest.TestReport) and report.skipped and not hasattr(report, "wasxfail"):
        return "skipped", "", "SKIPPED"
    return None
