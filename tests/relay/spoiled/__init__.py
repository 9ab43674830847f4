"""A real memcached behind a relay that spoils one thing, and what the suite says of it."""
