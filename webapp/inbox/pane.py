"""The reading pane: a task in short, and plain agreement where the step asks for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from werkzeug.datastructures import MultiDict

from webapp.inbox.desk import Desk
from webapp.inbox.effects import Act
from webapp.workflow import binding, queries

# What agreeing is called where it may be done from the list.
_AGREEING = ("approve", "receive")


@dataclass
class Pane:
    """What the pane shows beside the desk's own parts."""

    desk: Desk

    @cached_property
    def agreement(self) -> Act | None:
        """The way forward where it needs no page of its own: nothing is to be filled in, and nothing was begun."""
        desk = self.desk
        if desk.obstacle or desk.only_opinion or desk.correcting:
            return None
        act = next((act for act in desk.acts if act.primary and act.name in _AGREEING), None)
        if act is None or queries.draft(desk.file.reader, seat_id=desk.seat.id) is not None:
            return None
        return act if self._is_complete() else None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The step's form as it stands, to be sent along."""
        typed = self.desk.bound.typed if self.desk.bound else {}
        return [(name, value) for name, values in typed.items() for value in values]

    def _is_complete(self) -> bool:
        """Whether the step's form would be taken just as it is shown."""
        desk = self.desk
        if desk.bound is None:
            return True
        moments, shown = desk.file.moments, MultiDict(self.pairs)
        sent = binding.bind_task(desk.file.reader, desk.seat, posted=shown, locale=moments.locale, now=moments.now)
        return sent is not None and sent.validate()
