"""Output files: a regular file is replaced whole or not at all, everything else is written to directly."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

#: Folders whose entries name files that a process has open: `/dev/stdout` leads there.
_DESCRIPTORS = ("/dev/fd", "/proc")


class WriteError(OSError):
    """An output file cannot be written; its text names the file and says why."""

    def __str__(self) -> str:
        return f"{self.filename} cannot be written: {self.strerror}"


def write(data: str | bytes, out: Path) -> None:
    """Write `data` to `out`, text as UTF-8, and make the folders that are missing.

    A reader of a regular file sees the old content or the new one, never a half; links are followed, and the mode
    is kept. A device, a pipe or a descriptor such as `/dev/stdout` is opened and written to: a file that is renamed
    over it would destroy it. Raise WriteError, or BrokenPipeError when the reader of a pipe is gone.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    try:
        if _is_replaced(out):
            _replace(raw, Path(os.path.realpath(out)))
        else:
            with out.open("wb", buffering=0) as file:
                _write_all(file.fileno(), raw)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _named(error, out) from None


def check(out: Path) -> None:
    """Raise WriteError when it is certain, before any work is done, that `out` cannot be written.

    A folder that is missing counts: it is more likely mistyped than meant.
    """
    try:
        if not _is_replaced(out):
            if not os.access(out, os.W_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
            return
        folder = Path(os.path.realpath(out)).parent
        if not folder.is_dir():
            raise OSError(errno.ENOENT, f"there is no folder {folder}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _named(error, out) from None


def _named(error: OSError, out: Path) -> WriteError:
    return WriteError(error.errno, error.strerror or str(error), str(out))


def _is_replaced(out: Path) -> bool:
    """Tell whether `out` is a regular file, or none yet; raise OSError when it is a folder."""
    try:
        mode = out.stat().st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    return stat.S_ISREG(mode) and not _is_descriptor(out)


def _is_descriptor(out: Path) -> bool:
    """Tell whether a path names a file by a descriptor of some process, directly or through links."""
    for _ in range(40):  # as many links as Linux follows
        folder = os.path.realpath(out.parent)
        if any(folder == name or folder.startswith(f"{name}/") for name in _DESCRIPTORS):
            return True
        if not out.is_symlink():
            return False
        out = out.parent / out.readlink()
    return False


def _replace(raw: bytes, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".mclite-{secrets.token_hex(6)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            _write_all(handle, raw)
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(handle, stat.S_IMODE(out.stat().st_mode))
        finally:
            os.close(handle)
        temporary.replace(out)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _write_all(handle: int, raw: bytes) -> None:
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(handle, rest) :]
