"""Bulletins: what the institution makes known to everybody in it, numbered, for reading and for print."""
