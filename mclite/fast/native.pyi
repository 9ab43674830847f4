"""The compiled fast path has the interface of the one in Python."""

from mclite.fast.path import FastPath as FastPath
