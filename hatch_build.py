"""The wheel: compiled where that is possible, pure Python elsewhere, and the same to who uses it (docs/speed.md).

`MCLITE_BUILD` says which: `auto` (the default) compiles when there is a compiler, and says in one line why it did not;
`compiled` fails in that case; `pure` makes the `py3-none-any` wheel. An editable installation is pure. Neither wheel
carries the sources of the compiled modules, and nothing is left beside them.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = (
    "mclite/fast/native.pyx",
    "mclite/core/instance.py",
    "mclite/server/receiver.py",
    "mclite/core/session.py",
    "mclite/store/stats.py",
    "mclite/store/item.py",
    "mclite/store/slabs.py",
)
"""A .py beside a .pxd is compiled with the types that stand there."""
LINUX_MODULES = ("mclite/server/sockets.pyx",)
"""What needs epoll: elsewhere the event loop's transports are used."""
NEEDED = ["cython>=3.1", "setuptools>=77"]
BUILDS = ("auto", "compiled", "pure")


class CompiledBuild(BuildHookInterface[Any]):
    """Compile MODULES into a folder of their own, and have them packed."""

    PLUGIN_NAME = "custom"
    folder: tempfile.TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return what compiling needs, when something is to be compiled."""
        return [] if asked() == "pure" or (asked() == "auto" and lacking()) else NEEDED

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before a wheel is packed. Raises what the compiler says if MCLITE_BUILD is `compiled`."""
        build = asked()
        if version == "editable" or build == "pure":
            if build == "compiled":
                raise RuntimeError("the compiled build cannot be installed as editable: leave out -e")
            return
        self.folder = tempfile.TemporaryDirectory()
        try:
            if build == "auto" and (what := lacking()):
                raise RuntimeError(what)
            made = compiled(Path(self.root), self.folder.name)
        except (Exception, SystemExit) as error:  # setuptools and the compiler raise many kinds
            if build == "compiled":
                raise
            why = (str(error).strip() or type(error).__name__).splitlines()[0]
            self.app.display_info(f"mclite is built as pure Python: {why}")
            return
        build_data["force_include"].update(made)
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clear up."""
        if self.folder is not None:
            self.folder.cleanup()


def asked() -> str:
    """Return what MCLITE_BUILD asks for. Raises ValueError."""
    build = os.environ.get("MCLITE_BUILD", "") or "auto"
    if build not in BUILDS:
        raise ValueError(f"MCLITE_BUILD is {build!r}; it may be {', '.join(BUILDS)}")
    return build


def lacking() -> str | None:
    """Return what is missing for compiling, or None; on Windows only trying tells."""
    if sys.platform == "win32":
        return None
    words = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    if shutil.which(words[0]) is None:
        return f"there is no C compiler {words[0]!r}"
    header = Path(sysconfig.get_path("include"), "Python.h")
    return None if header.is_file() else f"there is no {header.name} of Python {sysconfig.get_python_version()}"


def compiled(root: Path, folder: str) -> dict[str, str]:
    """Compile into `folder`; return the files made, each with its place in the wheel."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    extensions = [
        Extension(name.rpartition(".")[0].replace("/", "."), [name], extra_compile_args=["-O2"])
        for name in (*MODULES, *(LINUX_MODULES if sys.platform == "linux" else ()))
    ]
    with contextlib.chdir(root):
        made = cythonize(
            extensions,
            build_dir=folder,
            language_level=3,
            compiler_directives={"annotation_typing": False},
        )
        command = Distribution({"name": "mclite", "ext_modules": made}).get_command_obj("build_ext")
        command.build_lib = command.build_temp = folder
        command.parallel = os.cpu_count()
        command.ensure_finalized()
        command.run()
    paths = [command.get_ext_fullpath(extension.name) for extension in made]
    return {path: os.path.relpath(path, folder) for path in paths}
