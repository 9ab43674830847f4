"""What each verb does: table.py has the handlers, which the session calls with itself and a request.

May import the instance, the store and the protocol; not the session, nor what is above it.
"""
