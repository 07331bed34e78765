"""Handing over (离职交接) everything of a person who leaves: tasks, cases, accounts."""
