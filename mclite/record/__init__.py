"""A recording proxy: what an application says to a server becomes a scenario that can be replayed, `mclite record`.

May import `mclite.compare` and `mclite.replay`, which write and read scenarios, and the command table.
"""
