"""Loads the engine of the suite into pytest; see README.md beside this file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("mclite") is None:  # in a checkout, run without being installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mclite.replay.pytest_plugin import plugin
from mclite.replay.pytest_plugin.plugin import (  # noqa: F401  # pytest finds its hooks by their names
    pytest_addoption,
    pytest_cmdline_main,
    pytest_collect_file,
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_collectreport,
    pytest_configure_node,
    pytest_generate_tests,
    pytest_ignore_collect,
    pytest_report_teststatus,
    pytest_runtest_logreport,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtestloop,
    pytest_sessionfinish,
    pytest_sessionstart,
    pytest_terminal_summary,
    pytest_xdist_make_scheduler,
    target,
)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the suite that lies in this folder."""
    plugin.configure(config, Path(__file__).resolve().parent)
