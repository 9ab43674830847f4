from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

import mclite
from mclite.replay import files
from mclite.replay.files import WriteError

PACKAGE = Path(mclite.__file__).parent
#: Modules that write files which are no output of a command: a store, a pid file, what a started server reads.
OTHERS = {"cli/serve.py", "replay/target/servers.py"}


def test_a_file_and_its_folders_are_made(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "er" / "out.txt"
    files.write("é", out)
    assert out.read_bytes() == "é".encode()
    files.write(b"\xff", out)
    assert out.read_bytes() == b"\xff"
    assert [path.name for path in out.parent.iterdir()] == ["out.txt"]


def test_the_mode_is_what_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write("new", tmp_path / "new")
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)
    (tmp_path / "new").chmod(0o604)
    files.write("newer", tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o604


def test_a_reader_never_sees_a_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    files.write("old", out)
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[:4])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(WriteError, match="out cannot be written: No space left on device"):
        files.write("newer text", out)
    monkeypatch.undo()
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_written_in_parts_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    files.write("0123456789", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "0123456789"


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    link, real = tmp_path / "link", tmp_path / "folder" / "real"
    link.symlink_to(real)
    for text in ("one", "two"):
        files.write(text, link)
        assert link.is_symlink()
        assert real.read_text() == text


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_stays_a_pipe(tmp_path: Path, linked: bool) -> None:
    pipe = out = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        out = tmp_path / "link"
        out.symlink_to(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    files.write("x" * 100_000, out)
    reader.join(SECONDS_MAX)
    assert read == [b"x" * 100_000]
    assert pipe.is_fifo()
    assert out.is_symlink() == linked


@pytest.mark.parametrize("linked", [False, True])
def test_a_device_stays_a_device(tmp_path: Path, linked: bool) -> None:
    main, other = os.openpty()
    try:
        device = out = Path(os.ttyname(other))
        if linked:
            out = tmp_path / "link"
            out.symlink_to(device)
        files.write("hello", out)
        assert os.read(main, 100) == b"hello"
        assert device.is_char_device()
        assert out.is_symlink() == linked
        assert linked or not list(device.parent.glob(".mclite-*"))
    finally:
        os.close(main)
        os.close(other)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
def test_a_full_device_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")  # a link, so that a fault of ours would destroy only the link
    with pytest.raises(WriteError, match="full cannot be written: No space left on device"):
        files.write("x", tmp_path / "full")
    assert (tmp_path / "full").is_symlink()
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_a_descriptor_is_written_to(tmp_path: Path, name: str) -> None:
    """Renaming over the file behind standard output would lose what is printed afterwards."""
    (tmp_path / "link").symlink_to("/dev/stdout")
    program = (
        "import sys; from pathlib import Path; from mclite.replay import files; "
        "files.write('first\\n', Path(sys.argv[1])); print('then', flush=True)"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", program, name if name.startswith("/") else str(tmp_path / name)]
    with out.open("ab") as file:
        subprocess.run(command, stdout=file, cwd=PACKAGE.parent, timeout=60, check=True)
    assert out.read_text() == "first\nthen\n"


def test_a_reader_that_is_gone_is_no_write_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with pytest.raises(BrokenPipeError):
            files.write("x", Path(f"/dev/fd/{writer}"))
    finally:
        os.close(writer)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path, tmp_path / "file" / "out", tmp_path / ("x" * 300)):
        for function in (lambda out: files.write("x", out), files.check):
            if function is files.check and out.parent == tmp_path and out != tmp_path:
                continue  # a name that is too long shows when it is written
            with pytest.raises(WriteError) as caught:
                function(out)
            assert str(caught.value).startswith(f"{out} cannot be written: ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_check_before_the_work(tmp_path: Path) -> None:
    files.check(tmp_path / "new")
    (tmp_path / "old").touch()
    files.check(tmp_path / "old")
    files.check(Path("/dev/null"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old"]
    with pytest.raises(WriteError, match="there is no folder"):
        files.check(tmp_path / "none" / "new")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_check_finds_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WriteError, match="Permission denied"):
            files.check(tmp_path / "new")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_output_is_written_here(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    if name in OTHERS or name == "replay/files.py" or name.startswith("store/"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("write_text", "mkstemp", "NamedTemporaryFile"), f"{name}:{node.lineno}"
            if node.attr == "write_bytes":  # a function of that name writes the bytes of a talk
                assert isinstance(node.value, ast.Name), f"{name}:{node.lineno}"
