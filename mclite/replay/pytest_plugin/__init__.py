"""The suite inside pytest: hooks, options, items, the share of a worker and the end on the terminal.

It is the only folder that imports pytest; nothing but the suite's `conftest.py` imports it.
"""
