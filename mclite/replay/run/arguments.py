"""The options of a run: `pytest conformance` and `mclite check` take the same, from this table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from mclite.replay.play.delivery import DELIVERIES
from mclite.replay.scenario.scenario import LEVELS


class Option(NamedTuple):
    """An option, with the fields that `add_argument` of argparse takes."""

    flag: str
    fields: dict[str, Any]

    @property
    def dest(self) -> str:
        """The name of its value."""
        return str(self.fields.get("dest") or self.flag.removeprefix("--").replace("-", "_"))


OPTIONS: tuple[Option, ...] = (
    Option(
        "--target",
        {
            "action": "append",
            "default": [],
            "metavar": "ADDRESS",
            "help": "judge this server: host:port, unix:/path or tls://host:port; may be repeated",
        },
    ),
    Option(
        "--spawn",
        {
            "action": "append",
            "default": [],
            "metavar": "SERVER",
            "help": "start the server: a command with {port}, a target file, or a name of conformance/targets, "
            "e.g. memcached=/path/to/memcached; may be repeated. Without --target and --spawn: mclite",
        },
    ),
    Option(
        "--name",
        {
            "action": "append",
            "default": [],
            "dest": "names",
            "metavar": "NAME",
            "help": "call the target so in the report and in the names of its files; of several targets each has one: "
            "first those of --target, then those of --spawn",
        },
    ),
    Option(
        "--reference",
        {"metavar": "ADDRESS", "help": "every scenario also goes to this server: where do the answers differ?"},
    ),
    Option(
        "--reference-spawn",
        {"metavar": "SERVER", "help": "start the reference: as --spawn takes it, e.g. memcached"},
    ),
    Option("--as", {"dest": "judge_as", "metavar": "VERSION", "help": "judge as this memcached version"}),
    Option(
        "--deliver",
        {
            "choices": DELIVERIES,
            "default": "whole",
            "help": "put the same requests on the wire in other pieces: byte by byte, line by line, or all ahead",
        },
    ),
    Option(
        "--transport",
        {
            "choices": ("tcp", "unix", "tls", "udp"),
            "default": "tcp",
            "help": "speak so to the servers that the suite starts; of others the address says it",
        },
    ),
    Option("--chop", {"type": int, "default": 0, "metavar": "N", "help": "cut every write into pieces of N bytes"}),
    Option(
        "--destructive",
        {
            "action": "store_true",
            "help": "also send what flushes or changes a server that the suite did not start, or shows others' keys "
            "(docs/safety.md)",
        },
    ),
    Option(
        "--lacks",
        {
            "action": "append",
            "default": [],
            "metavar": "NAMES",
            "help": "what the target does not have, and need not: commands, options or groups of "
            "conformance/offers.toml, e.g. incr,meta",
        },
    ),
    Option(
        "--require",
        {
            "action": "append",
            "default": [],
            "metavar": "NAMES",
            "help": "what the target must have, whatever profile or release it is judged as: touch,gat",
        },
    ),
    Option("--profile", {"metavar": "NAME", "help": "what the target is meant to have: classic, meta or full"}),
    Option(
        "--shard",
        {
            "metavar": "I/N",
            "help": "play only part I of N, each about as long; `mclite report merge` makes one report of all parts",
        },
    ),
    Option("--clients", {"action": "store_true", "help": "also try the client libraries that are installed"}),
    Option(
        "--gate",
        {
            "choices": LEVELS,
            "help": "the lowest level at which a wrong answer fails the run; default: what the target file says, "
            "else must",
        },
    ),
    Option("--baseline", {"type": Path, "metavar": "FILE", "help": "known deviations of the target"}),
    Option("--update-baseline", {"action": "store_true", "help": "write the deviations of this run into it"}),
    Option("--report-dir", {"type": Path, "metavar": "DIR", "help": "where the results go; default: reports"}),
    Option("--no-report", {"action": "store_true", "help": "write no results"}),
)
