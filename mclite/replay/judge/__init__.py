"""What an outcome means: verdicts, known deviations, the reference, and the release that a server resembles.

It imports `scenario` and `play`.
"""
