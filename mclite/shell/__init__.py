"""The shell: a line typed by a person to a request, and the answer to something that a person can read."""
