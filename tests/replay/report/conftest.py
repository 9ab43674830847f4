from __future__ import annotations

from made_results import (  # noqa: F401  # pytest finds fixtures by their names
    fleet_fixture,
    folder,
    hostile_fixture,
    make_fixture,
    with_reference_fixture,
)
