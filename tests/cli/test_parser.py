"""Usage errors of every subcommand: a short usage, and the error last."""

from __future__ import annotations

import contextlib

import pytest

from mclite.cli import COMMANDS, main
from mclite.cli.report import REPORTS
from mclite.cli.suite import COMMANDS as SUITE


@pytest.mark.parametrize(
    ("command", "last"),
    [
        ("serve -p 99999", "mclite serve: -p 99999 is out of range"),
        ("serve --nosuch", "mclite serve: option --nosuch not recognized"),
        ("check --nosuch", "mclite check: error: unrecognized arguments: --nosuch"),
        ("check --chop x", "mclite check: error: argument --chop: invalid int value: 'x'"),
        ("compare --seconds x a b", "mclite compare: error: argument --seconds: invalid number value: 'x'"),
        ("compare a:99999 b", "mclite compare: 'a:99999' is no address such as"),
        ("bench --seconds -1", "mclite bench: error: argument --seconds: -1 is not above 0"),
        ("bench 127.0.0.1:99999", "mclite bench: '127.0.0.1:99999' is no host:port"),
        ("record", "mclite record: error: the following arguments are required: --listen, --target"),
        ("record --listen :99999 --target x", "mclite record: --listen :99999: it takes a port"),
        ("report html", "mclite report html: error: the following arguments are required: RESULTS.json"),
        ("shell 127.0.0.1:99999", "mclite shell: '127.0.0.1:99999' is not host:port"),
        ("shell --timeout x", "mclite shell: error: argument --timeout: invalid float value: 'x'"),
        ("nosuch", "mclite: error: argument COMMAND: invalid choice: 'nosuch'"),
        ("", "mclite: error: the following arguments are required: COMMAND"),
    ],
)
def test_the_error_is_last_and_the_usage_short(capfd: pytest.CaptureFixture[str], command: str, last: str) -> None:
    try:
        code: object = main(command.split())
    except SystemExit as error:
        code = error.code
    out, err = capfd.readouterr()
    assert code == 2
    assert out == ""
    lines = err.splitlines()
    assert len(lines) <= 2
    assert lines[-1].startswith(last)
    assert all(line.startswith("usage: mclite") for line in lines[:-1])


NESTED = [*(("report", name) for name in REPORTS), *(("suite", name) for name in SUITE)]


@pytest.mark.parametrize("words", [*((name,) for name in COMMANDS), *NESTED], ids=" ".join)
def test_every_help_has_examples(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):  # which argparse raises, and `mclite serve` does not
        main([*words, "--help"])
    examples = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"  mclite {' '.join(words)}")]
    assert examples
