"""Bytes to requests, replies to bytes, and back: no I/O, no clock, no store."""
