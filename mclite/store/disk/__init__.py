"""The engine that keeps items in an SQLite file, shared by every server that is given the same directory.

May import the rest of the store and the standard library.
"""
