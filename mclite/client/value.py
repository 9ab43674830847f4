"""The type of a client's values: bytes, or str with `text`. To type checkers `Client` alone is `Client[bytes]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # type checkers bring it along; typing has the default from 3.13 on

    V = TypeVar("V", default=bytes)
else:
    from typing import TypeVar

    V = TypeVar("V")
