"""Results as JSON: writing, reading and checking, merging and comparing them.

It imports `scenario`, `play` and `judge`.
"""
