"""Where a person's open tasks are: what they hold, what waits in their queues, and those of whom they stand in for."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.organization.models import User
from webapp.organization.policy import held_queues, substitutions


@dataclass(frozen=True)
class Place:
    """One stretch of an index: the seats a person holds, or those waiting in a queue.

    Cases whose applicant is one of `apart` are left out; `processes` are the only ones, when any are named.
    """

    holder: int | None = None
    queue: str | None = None
    apart: tuple[int, ...] = ()
    processes: tuple[str, ...] = ()


def own(user: User, *, held: bool = True) -> list[Place]:
    """What the person holds (unless not `held`) and the queues; nobody finds an own application in a queue."""
    mine = [Place(holder=user.id)] if held else []
    return [*mine, *(Place(queue=queue, apart=(user.id,)) for queue in held_queues(user))]


def on_behalf(user: User, principal_id: int) -> list[Place]:
    """What the person may do in place of a principal today: never where one of the two applied.

    Empty where the person does not stand in for that principal.
    """
    rules = [rule for rule in substitutions(user) if rule.principal_id == principal_id]
    if not rules:
        return []
    anywhere = any(rule.process_key is None for rule in rules)
    processes = () if anywhere else tuple(sorted({rule.process_key for rule in rules if rule.process_key}))
    apart = (user.id, principal_id)
    queues = sorted({queue for rule in rules for queue in rule.queues} - set(held_queues(user)))
    held = Place(holder=principal_id, apart=apart, processes=processes)
    return [held, *(Place(queue=queue, apart=apart, processes=processes) for queue in queues)]


def principals(user: User) -> list[int]:
    """Whom the person stands in for today."""
    return list(dict.fromkeys(rule.principal_id for rule in substitutions(user)))
