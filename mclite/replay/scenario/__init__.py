"""What is to be said: scenarios, their talk and texts, releases and guards, the lint and coverage of the suite.

It does no I/O but reading files, and imports nothing else of `mclite.replay`.
"""
