"""The engine of the conformance suite: it replays conversations and judges the answers.

Nothing here imports any other part of mclite: a suite that shared the server's parser would share its
mistakes.
"""
