"""Beian: the registry of a university's official new-media accounts."""
