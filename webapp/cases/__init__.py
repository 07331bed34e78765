"""A case as people read it: its route, opinions by round, filed forms with their changes, events and files."""
