"""The parser of the command line: a usage error is a short usage and then the error."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser whose error messages name no options: `--help` does, and keeps the lines of its examples."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **{"formatter_class": argparse.RawDescriptionHelpFormatter, **fields})

    def error(self, message: str) -> NoReturn:
        """Print the arguments of the command without its options, and then `message`; exit with 2."""
        formatter = argparse.HelpFormatter(f"{self.prog} [options]")
        formatter.add_usage(None, [action for action in self._actions if not action.option_strings], [])
        usage = " ".join(formatter.format_help().split())
        self.exit(2, f"{usage} (--help names the options)\n{self.prog}: error: {message}\n")
