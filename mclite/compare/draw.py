"""Sessions drawn by Hypothesis, which makes every choice of the grammar: batch after batch, as a seed says.

Hypothesis also mutates what it drew and prefers the ends of each choice. It is asked to draw only: what shrinks a
difference (shrink.py) knows requests, keys and flags, and goes on while other sessions are still to be drawn.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from mclite.compare import grammar
from mclite.compare.dialogue import Session

#: Sessions that are drawn together. Hypothesis remembers what it drew: so it never holds more than these.
BATCH = 500


class Enough(BaseException):
    """Ends the drawing: as KeyboardInterrupt does, it is no failure that Hypothesis would look into."""


def sessions(destructive: bool = False, waits: bool = True) -> st.SearchStrategy[Session]:
    """Return the grammar as a strategy; with `destructive` some flush the server, with `waits` some take seconds."""
    return st.randoms(use_true_random=False).map(lambda random: grammar.session(random, destructive, waits))


def draw(strategy: st.SearchStrategy[Session], number: int, use: Callable[[Session], None]) -> None:
    """Hand sessions to `use`, the same for the same seed `number`, until it raises Enough."""
    with contextlib.suppress(Enough):
        for batch in itertools.count():
            _batch(strategy, f"{number}:{batch}", use)


def _batch(strategy: st.SearchStrategy[Session], name: str, use: Callable[[Session], None]) -> None:
    drawn: set[Session] = set()  # Hypothesis begins with small ones, and repeats itself there

    @seed(name)
    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(session: Session) -> None:
        if session not in drawn:
            use(session)
            drawn.add(session)

    each()
