"""Attachments: bytes in the database, with their digest and a checked type."""
