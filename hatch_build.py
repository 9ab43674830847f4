"""The optional compiled build (docs/speed.md): the modules below become C with Cython, and are put into the wheel.

Taken by the build only with HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 in the environment. Nothing is left beside the sources.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
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


class CompiledBuild(BuildHookInterface[Any]):
    """Compile MODULES into a folder of their own, and have them packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before a wheel is packed. Raises what the compiler says."""
        if version == "editable":
            raise RuntimeError("the compiled build cannot be installed as editable: leave out -e")
        from Cython.Build import cythonize
        from setuptools import Distribution, Extension

        self.folder = tempfile.TemporaryDirectory()
        extensions = [
            Extension(name.rpartition(".")[0].replace("/", "."), [name], extra_compile_args=["-O2"])
            for name in (*MODULES, *(LINUX_MODULES if sys.platform == "linux" else ()))
        ]
        with contextlib.chdir(self.root):
            made = cythonize(
                extensions,
                build_dir=self.folder.name,
                language_level=3,
                compiler_directives={"annotation_typing": False},
            )
            command = Distribution({"name": "mclite", "ext_modules": made}).get_command_obj("build_ext")
            command.build_lib = command.build_temp = self.folder.name
            command.parallel = os.cpu_count()
            command.ensure_finalized()
            command.run()
        for extension in made:
            path = command.get_ext_fullpath(extension.name)
            build_data["force_include"][path] = os.path.relpath(path, self.folder.name)
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clear up."""
        self.folder.cleanup()
