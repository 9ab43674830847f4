"""The command line of the mutants.

What imports mclite's server is imported late: a mutated module must be there first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from faulty import serve
from faulty.fault import Fault

DEFAULT = Path("reports/local/mutants")
"""Where the judgements are kept, so that a run that was interrupted goes on."""


def main(argv: list[str]) -> int:
    """Carry out a command; return the exit code: 0 fine, 1 when a fault survived, 2 for bad usage."""
    parser = argparse.ArgumentParser(prog="python tests/mutants", description="Faulty servers for the suite to find.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("list", help="name the faults")
    command.add_argument("words", nargs="*", help="only faults whose names contain one of these")
    command = commands.add_parser("serve", help="serve with a fault; further options are those of mclite serve")
    command.add_argument("--fault", required=True, metavar="NAME")
    command = commands.add_parser("nursery", help="fork servers as standard input asks")
    command.add_argument("--mutation", metavar="MODULE:OPERATOR:NUMBER")
    command = commands.add_parser("run", help="play the suite to each fault")
    command.add_argument("words", nargs="*", help="only faults whose names contain one of these")
    command.add_argument("--first", action="store_true", help="stop at the first scenario that fails")
    command.add_argument("--again", action="store_true", help="judge anew what has been judged already")
    command.add_argument("--jobs", type=int, default=1, help="so many at once")
    command = commands.add_parser("table", help="print what the runs found, as docs/mutants.md has it")
    command.add_argument("--write", type=Path, metavar="FILE.md", help="put it into this file, between its markers")
    command = commands.add_parser("source", help="play the suite to mutations of mclite's source")
    command.add_argument("--sample", type=int, default=100, help="so many mutations")
    command.add_argument("--seed", type=int, default=1645)
    command.add_argument("--again", action="store_true", help="judge anew what has been judged already")
    for name in ("run", "table", "source"):
        commands.choices[name].add_argument("--results", type=Path, default=DEFAULT, metavar="DIR")
    args, rest = parser.parse_known_args(argv)
    if rest and args.command != "serve":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if args.command == "nursery":
        return _nursery(args.mutation)
    from faulty import results

    match args.command:
        case "list":
            for fault in chosen(args.words):
                seen = f" ({fault.seen})" if fault.seen else ""
                print(f"{fault.name:34} {fault.chapters:26} {fault.imitates}{seen}")
            return 0
        case "serve":
            if not any(fault.name == args.fault for fault in chosen([])):
                parser.error(f"there is no fault {args.fault}; `list` names them")
            serve.put(args.fault)
            return serve.serve(rest)
        case "run":
            return results.run(chosen(args.words), args.results, first=args.first, again=args.again, jobs=args.jobs)
        case "source":
            from faulty import source

            return source.run(args.sample, args.seed, args.results, again=args.again)
    return results.table(chosen([]), args.results, args.write)


def _nursery(mutation: str | None) -> int:
    if mutation:
        from faulty import source

        source.install(mutation)
    import mclite.cli.serve  # noqa: F401  # what the servers need, once

    if mutation:
        from faulty.points import slow_path

        slow_path()
    return serve.nursery(faults=not mutation)


def chosen(words: list[str]) -> list[Fault]:
    """Return the faults whose names contain one of `words`, all for none."""
    from faulty.faults import FAULTS

    return [fault for fault in FAULTS.values() if not words or any(word in fault.name for word in words)]
