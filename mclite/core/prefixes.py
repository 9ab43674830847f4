"""The counters of `stats detail`: by the prefix of the keys, up to a delimiter."""

from __future__ import annotations

from typing import Final

_GETS, _HITS, _SETS, _DELETES = range(4)
PREFIXES_MAX: Final = 10_000
"""Prefixes counted at most, so that a client cannot fill the memory with them."""


class PrefixStats:
    """Gets, hits, sets and deletes for each key prefix, a prefix being the text before the first `delimiter`."""

    def __init__(self, delimiter: str = ":") -> None:
        self._delimiter = delimiter.encode()
        self._counts: dict[bytes, list[int]] = {}

    def _of(self, key: bytes) -> list[int]:
        prefix, found, _ = key.partition(self._delimiter)
        counts = self._counts.get(prefix) if found else [0, 0, 0, 0]
        if counts is None:
            counts = [0, 0, 0, 0]
            if len(self._counts) < PREFIXES_MAX:
                self._counts[prefix] = counts
        return counts

    def count_get(self, key: bytes, hit: bool) -> None:
        """Count a retrieval of `key`."""
        counts = self._of(key)
        counts[_GETS] += 1
        counts[_HITS] += hit

    def count_set(self, key: bytes) -> None:
        """Count a storage command on `key`."""
        self._of(key)[_SETS] += 1

    def count_delete(self, key: bytes) -> None:
        """Count a deletion of `key`."""
        self._of(key)[_DELETES] += 1

    def clear(self) -> None:
        """Forget all counts."""
        self._counts.clear()

    def dump(self) -> bytes:
        """Return the lines of `stats detail dump`, without END."""
        return b"".join(
            b"PREFIX %b get %d hit %d set %d del %d\r\n" % (prefix, gets, hits, sets, deletes)
            for prefix, (gets, hits, sets, deletes) in self._counts.items()
        )
