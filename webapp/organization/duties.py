"""Duties that are kept apart (三员分立): who administers or audits the system decides nothing in it.

System, security and audit administrators are three people, and none of them approves: the one who could change
the record of an approval must not be the one who gave it.
"""

from __future__ import annotations

from collections.abc import Iterable

# Role -> the duty it belongs to; every other role may decide cases.
DUTIES = {"system_admin": "system", "security_admin": "security", "audit_admin": "audit", "auditor": "audit"}
ADMINISTRATORS = tuple(DUTIES)


def conflicting(held: Iterable[str], wanted: str) -> str | None:
    """The role among `held` that `wanted` must not be joined with, None when there is none."""
    return next((role for role in held if DUTIES.get(role) != DUTIES.get(wanted)), None)
