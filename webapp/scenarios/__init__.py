"""Scenarios: a process owner's examples of a process, run through the real commands in a database of their own."""
