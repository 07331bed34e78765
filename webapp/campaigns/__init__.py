"""Campaigns: what a whole institution files at one time, such as the yearly review or a collective filing."""
