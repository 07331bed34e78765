"""温职: 孙老师 or 张老师 leaves; 卫老师 administers the system. The clock stands where the scenarios leave it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.desk import case_of, open_seat
from webapp.extensions import db
from webapp.handover import commands
from webapp.handover.carrying import hand_over_due
from webapp.handover.holdings import NOUNS
from webapp.handover.models import Handover, HandoverLine
from webapp.organization.models import User
from webapp.organization.queries import institution, people, unit_by_code, user_by_name
from webapp.registry.commands import enter_existing
from webapp.workflow.models import ProcessInstance, Seat

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class House:
    """Short words for what the tests do again and again."""

    def user(self, name: str) -> User:
        found = db.session.scalar(
            select(User).where(User.username == f"wzpt.{name}"), execution_options={"populate_existing": True}
        )
        assert found is not None, name
        return found

    def culr(self) -> tuple[User, User, User]:
        """Three people of a pack whose accounts have several administrators."""
        place = institution("culr")
        assert place is not None
        first, second, third, *_more = people(place.id, "staff")
        return first, second, third

    def held(self, name: str, key: str = "waiting_for_publicity", element: str = "PublicityDecision") -> int:
        """A seat of a new case, claimed by this person."""
        seat_id = open_seat(case_of("wzpt", key), element)
        db.session.get_one(Seat, seat_id).holder_id = self.user(name).id
        db.session.commit()
        return seat_id

    def account(self, name: str, label: str = "造物集", **more: Any) -> int:
        """An account for which this person is directly responsible."""
        user = self.user(name)
        unit = unit_by_code(user.institution_id, "sjcy")
        assert unit is not None
        people = [{"id": user.id, "name": user.name_zh}]
        stated = {"platform": "weibo", "name": label, "directly_responsible": people, **more}
        return enter_existing(user.institution_id, unit.id, stated, now=NOW).id

    def order(
        self, leaver: str, successor: str, nouns: Collection[str] = NOUNS, by: str = "wei", **more: Any
    ) -> Handover:
        people = (self.user(leaver).id, self.user(successor).id)
        return commands.order(self.user(by), *people, more.get("reason", "退休"), nouns, now=NOW)

    def work(self, now: datetime = NOW) -> int:
        """The background job until nothing is due."""
        total = 0
        while done := hand_over_due(now):
            total += done
        db.session.rollback()
        return total

    def through(self, leaver: str, successor: str, nouns: Collection[str] = NOUNS, **more: Any) -> list[HandoverLine]:
        """Order, work, and the lines as they stand then."""
        made = self.order(leaver, successor, nouns, **more).id
        self.work()
        return self.lines(made)

    def lines(self, handover_id: int) -> list[HandoverLine]:
        statement = select(HandoverLine).where(HandoverLine.handover_id == handover_id).order_by(HandoverLine.id)
        return list(db.session.scalars(statement, execution_options={"populate_existing": True}))

    def results(self, lines: list[HandoverLine]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in lines:
            found.setdefault(line.noun, []).append(line.state)
        return found

    def seat(self, seat_id: int) -> Seat:
        db.session.rollback()
        return db.session.get_one(Seat, seat_id, populate_existing=True)

    def case(self, case_id: int) -> ProcessInstance:
        db.session.rollback()
        return db.session.get_one(ProcessInstance, case_id, populate_existing=True)


@pytest.fixture
def house(app: Flask) -> House:
    return House()


@pytest.fixture
def others(app: Flask) -> Callable[[], int]:
    """The id of an active person of another institution."""

    def found() -> int:
        zhang = user_by_name("wzpt.zhang")
        assert zhang is not None
        other = select(User.id).where(User.institution_id != zhang.institution_id, User.active).limit(1)
        return db.session.scalars(other).one()

    return found
