"""`python tests/relay [NAME...]`: put faults before a real memcached, one at a time, and see what a whole run says.

Prints for each whether the run was red, and whether its first three lines name the command and what is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from spoiled import runs
from spoiled.reported import FAULTS


def main(argv: list[str]) -> int:
    """Judge faults; return 0 when all were red and named, 1 when one was not, 2 for bad usage."""
    parser = argparse.ArgumentParser(prog="python tests/relay", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a fault; `none` is a relay without one; default: all")
    parser.add_argument("--list", action="store_true", help="name the faults")
    parser.add_argument("--memcached", default=runs.find(), metavar="PROGRAM", help="default: %(default)s")
    parser.add_argument("-n", type=int, default=2, dest="workers", help="workers of a run; default: %(default)s")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the results of each run here, by the fault")
    parser.add_argument("-v", action="store_true", dest="verbose", help="print all that a run prints")
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in FAULTS and name != "none"]:
        parser.error(f"there is no fault {unknown[0]}; --list names them")
    if args.list:
        for fault in FAULTS.values():
            print(f"{fault.name:24} {fault.what}" + (f" ({fault.source})" if fault.source else ""))
        return 0
    if args.memcached is None:
        parser.error("there is no memcached; name one with --memcached")
    missed = 0
    for name in args.names or FAULTS:
        fault = FAULTS.get(name)
        began = time.monotonic()
        with runs.memcached(args.memcached) as port, runs.relay(port, fault) as front:
            made, printed = runs.whole(front, args.workers, args.keep / f"{name}.json" if args.keep else None)
        good = not made.red if fault is None else made.red and made.names(fault)
        missed += not good
        level = "must" if made.by_must else "observed" if made.red else "green"
        print(f"{'ok ' if good else 'BAD'} {name:24} {level}, {made.failing} failing, {time.monotonic() - began:.0f} s")
        for line in made.terminal:
            print(f"      {line[:200]}")
        if not good and fault is not None:
            print("".join(f"      md: {line[:200]}\n" for line in made.markdown), end="")
        if args.verbose:
            print(printed)
        sys.stdout.flush()
    print(f"{len(args.names or FAULTS) - missed} of {len(args.names or FAULTS)} as they have to be")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
