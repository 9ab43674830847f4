"""The bytes of the protocol: requests and replies as objects, both ways, without I/O, a clock or a store.

Imports nothing else of mclite.
"""
