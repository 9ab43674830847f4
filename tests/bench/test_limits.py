from __future__ import annotations

import resource

import pytest

from mclite.bench import limits
from mclite.bench.limits import allow_files


class System:
    """Limits of open files as a system has them: above `hard` only `root` may go."""

    RLIMIT_NOFILE, RLIM_INFINITY = resource.RLIMIT_NOFILE, resource.RLIM_INFINITY

    def __init__(self, soft: int, hard: int, root: bool) -> None:
        self.now, self.root = (soft, hard), root

    def getrlimit(self, which: int) -> tuple[int, int]:
        assert which == self.RLIMIT_NOFILE
        return self.now

    def setrlimit(self, which: int, limits: tuple[int, int]) -> None:
        if limits[1] > self.now[1] and not self.root:
            raise ValueError("not allowed to raise maximum limit")
        self.now = limits


@pytest.mark.parametrize(
    ("soft", "hard", "root", "now"),
    [
        (1024, 4096, True, (2000, 4096)),
        (1024, 4096, False, (2000, 4096)),
        (1024, 1500, True, (2000, 2000)),
        (1024, 1500, False, (1500, 1500)),  # as far as the system allows
        (2000, 4096, True, (2000, 4096)),
        (9999, 9999, True, (9999, 9999)),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, True, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
    ],
)
def test_the_limit_is_raised_and_never_lowered(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, root: bool, now: tuple[int, int]
) -> None:
    system = System(soft, hard, root)
    monkeypatch.setattr(limits, "resource", system)
    allow_files(2000)
    assert system.now == now


def test_the_limits_of_this_system() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_files(10)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
