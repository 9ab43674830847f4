"""Saying it: connections of every transport, the player that follows a script, and the outcome of playing.

It imports `scenario` only.
"""
