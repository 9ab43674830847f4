"""Combinations: what a command can be combined with, and what protocol.txt says of each; committed as scenarios.

`table` says what there is, `cover` chooses rows so that every pair is there, `model` knows the answers, `generate`
writes the scenarios, `measure` reads them back.
"""
