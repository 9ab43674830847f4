"""What each verb does: HANDLERS answers a request, CHECKS judges one with a data block before the block comes.

A handler returns the whole answer as bytes. A check returns an error, and then the data block is thrown away, or what
takes the data block and returns the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mclite.handlers import admin, meta, retrieval, storage, tuning
from mclite.handlers.statistics import stats
from mclite.handlers.watching import watch
from mclite.protocol.parser import Request

if TYPE_CHECKING:
    from mclite.handlers.caller import Caller

Handler = Callable[["Caller", Request], bytes]
Check = Callable[["Caller", Request], "bytes | Callable[[bytes], bytes]"]

CHECKS: Final[dict[bytes, Check]] = {
    **dict.fromkeys((b"set", b"add", b"replace", b"append", b"prepend", b"cas"), storage.check_store),
    b"ms": meta.check_set,
}

HANDLERS: Final[dict[bytes, Handler]] = {
    b"get": retrieval.get,
    b"gets": retrieval.gets,
    b"gat": retrieval.gat,
    b"gats": retrieval.gats,
    b"touch": retrieval.touch,
    b"delete": storage.delete,
    b"incr": storage.incr,
    b"decr": storage.decr,
    b"mg": meta.get,
    b"md": meta.delete,
    b"ma": meta.arithmetic,
    b"me": meta.debug,
    b"mn": meta.no_op,
    b"flush_all": admin.flush_all,
    b"version": admin.version,
    b"verbosity": admin.verbosity,
    b"quit": admin.quit_,
    b"cache_memlimit": admin.cache_memlimit,
    b"shutdown": admin.shutdown,
    b"misbehave": admin.misbehave,
    b"debugtime": admin.debugtime,
    b"stats": stats,
    b"slabs": tuning.slabs,
    b"lru": tuning.lru,
    b"lru_crawler": tuning.lru_crawler,
    b"watch": watch,
}
