"""Measurements of the product against what it must be worth; see README.md."""
