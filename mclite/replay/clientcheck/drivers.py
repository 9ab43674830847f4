"""The drivers that come with the suite, and how a driver is found by what the user writes."""

from __future__ import annotations

import difflib
import os
import shlex
import shutil
import sys
from pathlib import Path

from mclite.replay.clientcheck.scenario import folder

#: suffix of a driver: the program that runs it; of several the first that is there
_INTERPRETERS: dict[str, tuple[str, ...]] = {
    ".py": (sys.executable or "python3",),
    ".js": ("node", "nodejs"),
    ".pl": ("perl",),
    ".php": ("php",),
    ".rb": ("ruby",),
}
_PREFIX = "drive_"


class UnknownDriverError(ValueError):
    """There is no such driver, or nothing that runs it; the text says what to do."""


def shipped() -> dict[str, Path]:
    """Return the drivers of the suite by name: `drive_python_memcached.py` is `python-memcached`."""
    paths = sorted(path for path in (folder() / "drivers").glob(f"{_PREFIX}*") if path.suffix in _INTERPRETERS)
    return {path.stem.removeprefix(_PREFIX).replace("_", "-"): path for path in paths}


def find(text: str) -> tuple[str, list[str]]:
    """Return the name and the command of the driver that `text` names: one of the suite, a file, or a command line.

    Raises UnknownDriverError.
    """
    known = shipped()
    if text in known:
        return text, _command(known[text])
    path = Path(text)
    if path.is_file():
        return path.stem.removeprefix(_PREFIX).replace("_", "-"), _command(path.resolve())
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UnknownDriverError(f"{text!r} is no command line: {error}") from None
    if words and shutil.which(words[0]):
        return Path(words[-1]).stem.removeprefix(_PREFIX).replace("_", "-"), words
    near = difflib.get_close_matches(text, known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UnknownDriverError(f"there is no driver {text!r}; {meant}There are {', '.join(known)}; or name a command")


def _command(path: Path) -> list[str]:
    programs = _INTERPRETERS.get(path.suffix)
    if programs is None:
        if os.access(path, os.X_OK):
            return [str(path)]
        raise UnknownDriverError(
            f"{path} cannot be executed, and {path.suffix or 'its name'} does not say what runs it"
        )
    for program in programs:
        if found := shutil.which(program):
            return [found, str(path)]
    raise UnknownDriverError(f"{path.name} needs {programs[0]}, which is not installed")
