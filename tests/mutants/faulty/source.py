"""Mutations of mclite's own source: cosmic-ray's operators, a sample with a fixed seed, the suite as the only judge.

Nothing is written to the tree: an import hook gives the nursery the mutated module instead of the one on disk.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faulty.judge import Judgement, judge, suite
from faulty.nursery import Nursery

PACKAGES = ("protocol", "handlers", "store")
LEFT_OUT = {
    "mclite.store.stats": "a table of names",
    "mclite.store.registry": "finds engines by name",
    "mclite.store.simple": "a base for engines of others",
    "mclite.protocol.binary": "the suite speaks the text protocol",
    "mclite.handlers.binary": "the suite speaks the text protocol",
    "mclite.protocol.reader": "is the client's",
}
CHAPTERS = {
    "mclite.handlers.meta": ("meta_get", "meta_set", "meta_delete", "meta_arithmetic", "meta_debug"),
    "mclite.protocol.meta": ("meta_syntax", "meta_get", "meta_set", "meta_arithmetic"),
    "mclite.handlers.storage": ("storage", "deletion", "arithmetic", "limits"),
    "mclite.handlers.retrieval": ("retrieval", "gat", "touch"),
    "mclite.handlers.statistics": tuple(
        f"stats_{group}" for group in ("general", "settings", "items", "slabs", "conns", "sizes", "detail", "tls")
    ),
    "mclite.handlers.tuning": ("slabs", "lru", "lru_crawler"),
    "mclite.handlers.authentication": ("authentication",),
    "mclite.handlers.admin": ("flush_all", "verbosity", "cache_memlimit", "shutdown"),
    "mclite.store.base": ("storage", "meta_set", "expiration", "flush_all", "arithmetic"),
    "mclite.store.memory": ("eviction", "flush_all", "lru_crawler"),
    "mclite.store.slabs": ("stats_slabs", "stats_settings", "slabs", "limits", "eviction"),
    "mclite.store.pages": ("slabs", "stats_slabs"),
    "mclite.store.clock": ("expiration", "touch", "flush_all"),
    "mclite.handlers.watching": ("watchers",),
    "mclite.protocol.datagram": ("udp",),
    "mclite.protocol.parser": ("errors", "keys", "meta_syntax", "wire"),
    "mclite.protocol.numbers": ("arithmetic", "storage", "meta_arithmetic"),
}
"""Where a mutation is likely to be noticed first; the rest of the suite comes after."""


SAME = {
    f"core/ReplaceComparisonOperator_{before}_{after}"
    for before, after in (("Is", "Eq"), ("Eq", "Is"), ("IsNot", "NotEq"), ("NotEq", "IsNot"))
}
"""Operators whose mutations mean the same: mclite compares with `is` only None and the members of enums."""


class CosmicRayMissingError(Exception):
    """cosmic-ray is not installed."""


def _operators() -> tuple[Any, Any]:
    try:
        from cosmic_ray import mutating, plugins
    except ImportError:
        raise CosmicRayMissingError("mutations are cosmic-ray's: pip install cosmic-ray") from None
    return mutating, plugins


def places(module: str) -> Iterator[str]:
    """Yield `module`:OPERATOR:NUMBER for each mutation that there is of a module."""
    _, plugins = _operators()
    from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-not-found,unused-ignore]

    nodes = list(ast_nodes(get_ast(_source(module))))
    for name in sorted(plugins.operator_names()):
        operator_class = plugins.get_operator(name)
        if name in SAME or operator_class.arguments():
            continue
        operator = operator_class()
        count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        yield from (f"{module}:{name}:{number}" for number in range(count))


def _meaning(source: str) -> str:
    """Return what `source` does, its annotations and docstrings left out."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in (*node.args.args, *node.args.kwonlyargs):
                argument.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return ast.dump(tree)


def _path(module: str) -> Path:
    """Return the file of a module without importing what is around it."""
    found = importlib.util.find_spec("mclite")
    assert found is not None
    assert found.origin is not None
    parts = module.split(".")[1:]
    return Path(found.origin).parent.joinpath(*parts[:-1], f"{parts[-1]}.py") if parts else Path(found.origin)


def _source(module: str) -> str:
    return _path(module).read_text(encoding="utf-8")


def mutated(mutation: str) -> tuple[str, str]:
    """Return the name of the module that `mutation` is of, and its mutated source."""
    mutating, plugins = _operators()
    module, name, number = mutation.rsplit(":", 2)
    operator = plugins.get_operator(name)()
    made = mutating.mutate_code(_source(module), operator, int(number))
    if made is None:
        raise ValueError(f"there is no mutation {mutation}")
    return module, made


class _Loader(importlib.abc.SourceLoader):
    """Loads one module from source that is not on disk."""

    def __init__(self, path: str, source: str) -> None:
        self._path = path
        self._source = source

    def get_filename(self, fullname: str) -> str:
        return self._path

    def get_data(self, path: str) -> bytes:
        return self._source.encode("utf-8")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, source: str) -> None:
        self._module = module
        self._source = source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        sys.meta_path.remove(self)
        file = str(_path(fullname))
        return importlib.util.spec_from_loader(fullname, _Loader(file, self._source), origin=file)


def install(mutation: str) -> None:
    """Let this process import the mutated module; nothing of mclite's server may have been imported before."""
    module, source = mutated(mutation)
    if module in sys.modules:
        raise ValueError(f"{module} is imported already")
    sys.meta_path.insert(0, _Finder(module, source))


def modules() -> list[str]:
    """Return the modules that are mutated."""
    root = _path("mclite").parent
    found = [f"mclite.{package}.{path.stem}" for package in PACKAGES for path in sorted((root / package).glob("*.py"))]
    return [name for name in found if name not in LEFT_OUT and not name.endswith("__init__")]


def sample(size: int, seed: int) -> list[str]:
    """Return `size` mutations that change what mclite does, chosen at random with `seed`."""
    everything = [place for module in modules() for place in places(module)]
    random.Random(seed).shuffle(everything)
    chosen: list[str] = []
    for mutation in everything:
        module, source = mutated(mutation)
        try:
            changed = _meaning(source) != _meaning(_source(module))
        except SyntaxError:
            continue  # the operator made no Python of it
        if changed:
            chosen.append(mutation)
        if len(chosen) == size:
            break
    return chosen


def difference(mutation: str) -> tuple[int, str, str]:
    """Return the line of the module that `mutation` changes, and that line before and after."""
    module, source = mutated(mutation)
    pairs = enumerate(zip(_source(module).split("\n"), source.split("\n"), strict=False), 1)
    return next(((number, old.strip(), new.strip()) for number, (old, new) in pairs if old != new), (0, "", ""))


def run(size: int, seed: int, folder: Path, *, again: bool) -> int:
    """Judge a sample of mutations; print a line each and the score. Return 0: survivors are for people to look at."""
    try:
        chosen = sample(size, seed)
    except CosmicRayMissingError as error:
        print(error, file=sys.stderr)
        return 2
    scenarios = suite()
    path = folder / "source" / f"{seed}.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and not again else {}
    if "" not in known:
        with Nursery() as nursery:
            known[""] = sorted(judge(nursery, scenarios).killers)
    ignored = set(known[""])
    for mutation in chosen:
        if mutation in known:
            continue
        module = mutation.split(":", 1)[0]
        with Nursery(mutation=mutation) as nursery:
            made = judge(nursery, scenarios, CHAPTERS.get(module, ("storage",)), True, ignored)
        number, before, after = difference(mutation)
        known[mutation] = {"line": number, "before": before, "after": after, **_plain(made)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known, indent=1), encoding="utf-8")
        print(f"{'killed  ' if made.killers else 'SURVIVED'} {module}:{number}: {before}  ->  {after}", flush=True)
    killed = [mutation for mutation in chosen if known[mutation]["killers"]]
    print(f"{len(killed)} of {len(chosen)} mutations are killed, seed {seed}")
    for module, count in sorted(Counter(one.split(":", 1)[0] for one in chosen).items()):
        print(f"  {module}: {sum(one.startswith(module + ':') for one in killed)} of {count}")
    return 0


def _plain(made: Judgement) -> dict[str, Any]:
    return {"killers": list(made.killers), "dead": made.dead, "seconds": made.seconds}
