"""Real client libraries, used as an application uses them: which of them work with a target, and which do not.

Nothing here imports a client library before it is asked for; one that is not installed is said to be missing, by name.
"""
