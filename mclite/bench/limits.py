"""How many files a process may have open: raised for the load and for the servers that it starts."""

from __future__ import annotations

import resource


def allow_files(count: int) -> None:
    """Raise the limit of open files to `count`, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return
    for limits in ((count, max(hard, count)), (hard, hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            return
        except (ValueError, OSError):
            continue
