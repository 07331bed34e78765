"""Packs: an institution's diagrams, tables, forms and regulation, deployed as immutable snapshots."""
