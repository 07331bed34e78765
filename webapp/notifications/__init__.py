"""Notices on the page, and an outbox of messages that leave the house after the commit."""
