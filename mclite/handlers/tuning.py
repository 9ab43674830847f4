"""slabs, lru and lru_crawler (protocol.txt 984-1194).

mclite has one LRU, so most of `lru` sets what `stats settings` shows. Slab pages are counted, not allocated; the
crawls and dumps are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mclite.handlers.register import serves
from mclite.protocol import errors, replies
from mclite.protocol.meta import encode_key
from mclite.protocol.numbers import UINT32, digits, signed_32, unsigned
from mclite.protocol.parser import Request
from mclite.store.item import BINARY_KEY, FETCHED
from mclite.store.slabs import AUTOMOVE_WINDOW, CLASSES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mclite.core.instance import Instance
    from mclite.handlers.caller import Caller
    from mclite.store.base import Store

_BAD_CLASS: Final = b"BADCLASS invalid class id\r\n"
_NOT_STARTED: Final = b"NOTSTARTED no items to crawl\r\n"
_BUSY: Final = b"BUSY currently processing crawler request\r\n"
PIECE_ITEMS: Final = 1000
"""Items that a crawl or a dump looks at before others get their turn."""
_SLEEP_MAX: Final = 1_000_000


@serves("slabs")
def slabs(session: Caller, request: Request) -> bytes:
    """Move memory between slab classes."""
    what, *args = request.args
    settings = session.instance.settings
    if request.noreply:
        args = args[:-1]
    if what == b"reassign" and len(args) == 2:
        source, dest = signed_32(args[0]), signed_32(args[1])
        if source is None or dest is None:
            return errors.BAD_FORMAT
        return _reassign(session, source, dest)
    if what == b"automove" and args:
        if args[0] == b"freeratio" or args[0] == b"ratio":
            ratio = _number(args[1]) if len(args) > 1 else None
            if ratio is None:
                return errors.ERROR
            if args[0] == b"ratio":
                settings.slab_automove_ratio = ratio
            else:
                settings.slab_automove_freeratio = ratio
            return replies.OK
        if args[0] == b"window":
            seconds = digits(args[1], UINT32) if len(args) > 1 else None
            if seconds is None:
                return errors.BAD_FORMAT
            if not AUTOMOVE_WINDOW[0] <= seconds <= AUTOMOVE_WINDOW[1]:
                return b"CLIENT_ERROR automove window too low or too high\r\n"
            settings.slab_automove_window = seconds
            return replies.OK
        level = digits(args[0], UINT32)
        if level is None:
            return errors.BAD_FORMAT
        if level > 2:
            return errors.ERROR
        settings.slab_automove = level
        return replies.OK
    return errors.ERROR


def _reassign(session: Caller, source: int, dest: int) -> bytes:
    classes = len(session.instance.store.slabs)
    if source == dest:
        return b"SAME src and dst class are identical\r\n"
    if source < -1 or source > classes or dest < 0 or dest > classes:
        return b"BADCLASS invalid src or dst class id\r\n"
    if not session.instance.store.move_page(source, dest):
        return b"NOSPARE source class has no spare pages\r\n"
    return replies.OK


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@serves("lru")
def lru(session: Caller, request: Request) -> bytes:
    """Set the numbers of the segmented LRU."""
    what, *args = request.args
    settings = session.instance.settings
    if what == b"tune" and len(args) >= 4:
        hot, warm = digits(args[0], UINT32), digits(args[1], UINT32)
        hot_factor, warm_factor = _number(args[2]), _number(args[3])
        if hot is None or warm is None or hot_factor is None or warm_factor is None:
            return errors.ERROR
        if hot + warm > 80:
            return b"ERROR hot and warm pcts must not exceed 80\r\n"
        if hot_factor <= 0 or warm_factor <= 0:
            return b"ERROR hot/warm age factors must be greater than 0\r\n"
        settings.hot_lru_pct, settings.warm_lru_pct = hot, warm
        settings.hot_max_factor, settings.warm_max_factor = hot_factor, warm_factor
        return replies.OK
    if what == b"mode" and args and args[0] in (b"flat", b"segmented") and settings.lru_maintainer:
        settings.lru_segmented = args[0] == b"segmented"
        return replies.OK
    if what == b"temp_ttl" and args:
        ttl = signed_32(args[0])
        if ttl is None or not settings.lru_maintainer:
            return errors.ERROR
        settings.temp_lru = ttl >= 0
        if ttl >= 0:
            settings.temporary_ttl = ttl
        session.instance.store.temporary_ttl = max(ttl, -1)
        session.instance.refresh()
        return replies.OK
    return errors.ERROR


@serves("lru_crawler")
def lru_crawler(session: Caller, request: Request) -> bytes:
    """Free what has expired, or list the items."""
    what, *args = request.args
    settings = session.instance.settings
    if what == b"enable":
        if settings.lru_crawler:
            return b"ERROR failed to start lru crawler thread\r\n"
        settings.lru_crawler = True
        return replies.OK
    if what == b"disable":
        settings.lru_crawler = False
        return replies.OK
    if not args:
        return errors.ERROR
    if what == b"sleep":
        microseconds = digits(args[0], UINT32)
        if microseconds is None:
            return errors.BAD_FORMAT
        if microseconds > _SLEEP_MAX:
            return errors.SLEEP_TOO_LONG
        settings.lru_crawler_sleep = microseconds
        return replies.OK
    if what == b"tocrawl":
        most = digits(args[0], UINT32)
        if most is None:
            return errors.BAD_FORMAT
        settings.lru_crawler_tocrawl = most
        return replies.OK
    if what == b"crawl":
        if len(args) - request.noreply > 1:
            return errors.ERROR
        return _crawl(session, args[0])
    if what in (b"metadump", b"mgdump"):
        if len(args) - request.noreply > 1:
            return errors.ERROR
        return _dump(session, what, args[0])
    return errors.ERROR


def _classes(text: bytes) -> set[int] | None:
    """Read class ids, separated by commas; None for a bad one."""
    numbers = [unsigned(part) or 0 for part in text.split(b",") if part]
    return set(numbers) if all(0 < number <= CLASSES_MAX for number in numbers) else None


def _crawl(session: Caller, which: bytes) -> bytes:
    instance = session.instance
    if not instance.settings.lru_crawler:
        return errors.CRAWLER_DISABLED
    if which == b"hash":
        return b"ERROR an unknown error happened\r\n"
    if which != b"all":
        classes = _classes(which)
        if not classes:
            return _BAD_CLASS if classes is None else _NOT_STARTED
    pieces = _crawl_in_pieces(instance, instance.settings.lru_crawler_tocrawl or len(instance.store))
    return _begin(session, pieces)


def _crawl_in_pieces(instance: Instance, most: int) -> Iterator[bytes]:
    """Look at up to `most` items, PIECE_ITEMS at a time; the answer comes first."""
    instance.store.reclaim(min(most, PIECE_ITEMS))
    yield replies.OK
    while (most := most - PIECE_ITEMS) > 0:
        instance.store.reclaim(min(most, PIECE_ITEMS))
        yield b""


def _begin(session: Caller, pieces: Iterator[bytes]) -> bytes:
    """Return the first of `pieces`, and leave the others for the next turns, in which others are told BUSY."""
    instance = session.instance
    if instance.crawling:
        return _BUSY
    instance.stats.lru_crawler_starts += 1
    first = next(pieces)
    second = next(pieces, None)
    if second is None:
        return first
    instance.crawling = True
    session.rest = _to_the_end(instance, [first, second], pieces)
    return next(session.rest)


def _to_the_end(instance: Instance, made: list[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from made
        yield from pieces
    finally:
        instance.crawling = False  # also when the client has gone


def _dump(session: Caller, what: bytes, which: bytes) -> bytes:
    instance = session.instance
    store = instance.store
    if not instance.settings.lru_crawler:
        return errors.CRAWLER_DISABLED
    if not instance.settings.dump_enabled:
        return b"ERROR %b not allowed\r\n" % (b"metadump" if what == b"metadump" else b"key dump")
    if session.pipelined:
        return b"ERROR cannot pipeline other commands before %b\r\n" % what
    classes = None
    if which not in (b"all", b"hash"):
        classes = _classes(which)
        if not classes:
            return _BAD_CLASS if classes is None else _NOT_STARTED
    return _begin(session, _dump_in_pieces(store, what == b"mgdump", classes))


def _dump_in_pieces(store: Store, keys_only: bool, classes: set[int] | None) -> Iterator[bytes]:
    """Make the lines of a dump, those of PIECE_ITEMS items at a time."""
    from urllib.parse import quote_from_bytes  # here, since a server starts sooner without it

    out = [replies.OK]
    for number, (key, item) in enumerate(store.items(), 1):
        if number % PIECE_ITEMS == 0:
            yield b"".join(out)
            out.clear()
        if (classes is not None and item.slab_class not in classes) or store.expired(item):
            continue
        if keys_only:
            out.append(b"mg %b b\r\n" % encode_key(key) if item.state & BINARY_KEY else b"mg %b\r\n" % key)
        else:
            fetched = "yes" if item.state & FETCHED else "no"
            out.append(
                f"key={quote_from_bytes(key, safe='')} exp={item.exptime or -1} la={item.time} cas={item.cas} "
                f"fetch={fetched} cls={item.slab_class} size={store.size_of(key, item)} flags={item.flags} \n".encode()
            )
    out.append(replies.EN if keys_only else replies.END)
    yield b"".join(out)
