"""What a substitute claimed and did not answer goes back when the rule ends, by hand or by its date, and only that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.substitution.conftest import NOW
from tests.support.desk import case_of, open_seat
from webapp.extensions import db
from webapp.ledger import Event
from webapp.organization.models import Delegation, User
from webapp.substitution import commands
from webapp.substitution.releasing import release_ended
from webapp.workflow.models import Seat

Appoint = Callable[..., Delegation]
Person = Callable[[str], User]


def decision_of_publicity() -> int:
    return open_seat(case_of("wzpt", "waiting_for_publicity"), "PublicityDecision")


@pytest.fixture
def claimed(kept: Callable[[Callable[[], int]], int], person: Person) -> int:
    """A seat of 孙老师's queue that 陈老师 claimed on behalf of 孙老师."""
    seat_id = kept(decision_of_publicity)
    seat = db.session.get_one(Seat, seat_id)
    seat.holder_id, seat.on_behalf_of_id = person("wzpt.chen").id, person("wzpt.sun").id
    db.session.commit()
    return seat_id


def held(seat_id: int) -> tuple[int | None, int | None]:
    db.session.rollback()
    seat = db.session.get_one(Seat, seat_id, populate_existing=True)
    return seat.holder_id, seat.on_behalf_of_id


def test_revoking_puts_back_what_was_claimed(app: Flask, appoint: Appoint, person: Person, claimed: int) -> None:
    made = appoint("wzpt.sun", "wzpt.chen")
    assert release_ended(NOW) == 0
    commands.revoke(person("wzpt.sun"), made.id, now=NOW)
    assert release_ended(NOW) == 1
    assert release_ended(NOW) == 0
    assert held(claimed) == (None, None)
    assert db.session.scalar(select(Event.seq).where(Event.action == "workflow:task:unclaimed")) is not None


def test_a_rule_that_runs_out_puts_it_back_the_day_after(app: Flask, appoint: Appoint, claimed: int) -> None:
    appoint("wzpt.sun", "wzpt.chen", 0, 1)
    assert release_ended(NOW + timedelta(days=1)) == 0
    assert release_ended(NOW + timedelta(days=2)) == 1
    assert held(claimed) == (None, None)


def test_another_rule_that_holds_keeps_it(app: Flask, appoint: Appoint, person: Person, claimed: int) -> None:
    made = appoint("wzpt.sun", "wzpt.chen")
    commands.revoke(person("wzpt.sun"), made.id, now=NOW)
    appoint("wzpt.sun", "wzpt.chen", process="new_account")
    assert release_ended(NOW) == 0


def test_what_one_claimed_in_an_own_right_stays(app: Flask, appoint: Appoint, person: Person, claimed: int) -> None:
    seat = db.session.get_one(Seat, claimed)
    seat.on_behalf_of_id = None
    db.session.commit()
    made = appoint("wzpt.sun", "wzpt.chen")
    commands.revoke(person("wzpt.sun"), made.id, now=NOW)
    assert release_ended(NOW) == 0
    assert held(claimed)[0] is not None
