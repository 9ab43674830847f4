"""One process's part of a run: preparing targets, finding a server for a scenario, playing and judging it.

It imports every folder above but `report`, and no pytest.
"""
