"""The packages that an extra of mclite brings, and the sentence that says which extra is missing."""

from __future__ import annotations

import importlib.util
from typing import Final

#: module: the extra of pyproject.toml that brings it
EXTRAS: Final = {
    **dict.fromkeys(("hypothesis", "jinja2", "markupsafe", "pytest", "xdist"), "conformance"),
    **dict.fromkeys(
        ("aiomcache", "bmemcached", "emcache", "memcache", "meta_memcache", "pylibmc", "pymemcache"), "clients"
    ),
    "prompt_toolkit": "shell",
    "uvloop": "fast",
}


def sentence(error: ModuleNotFoundError) -> str | None:
    """Return what to install for a module that was not found, or None when no extra brings it."""
    module = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(module)
    return f"this needs {module}, which is not installed: pip install 'mclite[{extra}]'" if extra else None


def need(*modules: str) -> None:
    """Find `modules` before anything is begun that needs them; `mclite` says what is missing, and exits with 2.

    They are not imported: pytest warns of plugins that were imported before it. Raises ModuleNotFoundError.
    """
    for name in modules:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
