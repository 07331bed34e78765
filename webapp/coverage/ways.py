"""Which way a case took through a diagram, found from the tasks a scenario says it passed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from webapp.engine import Definition
from webapp.engine import Element as Drawn

TASKS = ("userTask", "serviceTask", "businessRuleTask")
_FORKS = ("exclusiveGateway",)
_FAR = 1_000_000


@dataclass
class Way:
    """Ids of elements and flows passed from one task to the next; `at` is where in the path it arrives."""

    at: int
    passed: set[str] = field(default_factory=set)

    def with_(self, *ids: str) -> Way:
        return Way(self.at, self.passed | set(ids))


@dataclass(frozen=True)
class Walk:
    """A path through a definition. `opened`: tasks open at the end; `state`: how the case ended, "open" when not."""

    definition: Definition
    path: Sequence[str]
    opened: frozenset[str]
    state: str | None

    def passed(self) -> frozenset[str]:
        """Ids of everything on the way: tasks, events, gateways, blocks, calls, and sequence flows."""
        elements = self.definition.elements
        found = {name for name in (*self.path, *self.opened) if name in elements}
        first = self._starts(self.definition.process_id, ())
        ways = [self._from(first, -1, frozenset())] if first else []
        for index, name in enumerate(self.path):
            if name in elements:
                ways.append(self._after(elements[name], index, frozenset()))
        for way in ways:
            found |= way.passed if way is not None else set()
        for name in list(found):
            found |= self._around(elements.get(name))
        return frozenset(found)

    def _around(self, drawn: Drawn | None) -> set[str]:
        """The blocks and calls an element lies in."""
        if drawn is None:
            return set()
        found = set(drawn.scope)
        if drawn.process_id != self.definition.process_id:
            for call in self._callers(drawn.process_id):
                found |= {call.id, *self._around(call)}
        return found

    def _callers(self, process_id: str) -> list[Drawn]:
        return [call for call in self.definition.elements.values() if call.called == process_id]

    def _starts(self, process_id: str, scope: tuple[str, ...]) -> list[Drawn]:
        return [
            drawn
            for drawn in self.definition.elements.values()
            if drawn.kind == "startEvent" and drawn.process_id == process_id and drawn.scope == scope
        ]

    def _boundaries(self, host: str) -> list[Drawn]:
        return [drawn for drawn in self.definition.elements.values() if drawn.attached_to == host]

    def _after(self, drawn: Drawn, index: int, seen: frozenset[str]) -> Way | None:
        """The way from an element that was left in the usual manner."""
        return self._joined([self._flow(drawn, target, index, seen) for target in drawn.outgoing])

    def _flow(self, source: Drawn, target: str, index: int, seen: frozenset[str]) -> Way | None:
        flow = self.definition.flow_between(source.id, target)
        way = self._enter(self.definition.elements[target], index, seen)
        return way.with_(flow.id) if way is not None and flow is not None else way

    def _from(self, starts: Iterable[Drawn], index: int, seen: frozenset[str]) -> Way | None:
        return self._joined([self._enter(start, index, seen) for start in starts])

    def _enter(self, drawn: Drawn, index: int, seen: frozenset[str]) -> Way | None:
        """The way through `drawn` to the tasks the path names next; None when it did not go there."""
        if drawn.id in seen:
            return None
        seen = seen | {drawn.id}
        if drawn.kind in TASKS:
            way = self._arrival(drawn.id, index)
            # A task that was never finished may have been left by its timer.
            return way or self._left(drawn, index, seen)
        if drawn.kind == "endEvent":
            way = self._end(drawn, index, seen)
        elif drawn.kind in _FORKS:
            way = self._chosen([self._flow(drawn, target, index, seen) for target in drawn.outgoing])
        elif drawn.kind == "subProcess":
            way = self._from(self._starts(drawn.process_id, (*drawn.scope, drawn.id)), index, seen)
            way = way or self._left(drawn, index, seen) or self._after(drawn, index, seen)
        elif drawn.called:
            way = self._from(self._starts(drawn.called, ()), index, seen) or self._left(drawn, index, seen)
        else:
            way = self._after(drawn, index, seen)
        return way.with_(drawn.id) if way is not None else None

    def _arrival(self, task: str, index: int) -> Way | None:
        for at in range(index + 1, len(self.path)):
            if self.path[at] == task:
                return Way(at, {task})
        return Way(_FAR, {task}) if task in self.opened else None

    def _left(self, host: Drawn, index: int, seen: frozenset[str]) -> Way | None:
        way = self._chosen([self._enter(event, index, seen) for event in self._boundaries(host.id)])
        return way.with_(host.id) if way is not None else None

    def _end(self, drawn: Drawn, index: int, seen: frozenset[str]) -> Way | None:
        """Out of a block or a called process goes on behind it; the end of the case counts when it ended like that."""
        if drawn.scope:
            return self._after(self.definition.elements[drawn.scope[-1]], index, seen)
        if drawn.process_id != self.definition.process_id:
            return self._chosen([self._after(call, index, seen) for call in self._callers(drawn.process_id)])
        if self.state is None or self.state == "open":
            return None
        return Way(_FAR + 1) if (drawn.properties.get("outcome") or "recorded") == self.state else None

    @staticmethod
    def _chosen(ways: Iterable[Way | None]) -> Way | None:
        """Of several ways the one the path goes on with; ways that cannot be told apart are all taken."""
        open_ways = [way for way in ways if way is not None]
        if not open_ways:
            return None
        first = min(way.at for way in open_ways)
        return Way(first, set().union(*(way.passed for way in open_ways if way.at == first)))

    @staticmethod
    def _joined(ways: Iterable[Way | None]) -> Way | None:
        """Several ways at once."""
        open_ways = [way for way in ways if way is not None]
        if not open_ways:
            return None
        return Way(min(way.at for way in open_ways), set().union(*(way.passed for way in open_ways)))
