"""What serves each verb: importing the modules of the handlers has them registered."""

from mclite.handlers import admin, meta, retrieval, statistics, storage, tuning, watching
from mclite.handlers.register import CHECKS, HANDLERS

__all__ = ["CHECKS", "HANDLERS", "admin", "meta", "retrieval", "statistics", "storage", "tuning", "watching"]
