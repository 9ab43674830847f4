"""Servers with faults, and whether the suite finds them."""
