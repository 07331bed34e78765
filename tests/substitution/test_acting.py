"""The whole of it: a substitute sees, claims and decides; the record says for whom; the duties stay apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.desk import case_of, decide, open_seat, text_of, tree
from tests.support.web import Visitor, visitor
from webapp.errors import BeianError, Forbidden, NotFound
from webapp.extensions import db
from webapp.ledger import Event, verify
from webapp.notifications.models import Notice
from webapp.organization.models import Delegation, User
from webapp.organization.policy import identified
from webapp.registry.models import Decision
from webapp.substitution import commands
from webapp.workflow import commands as workflow
from webapp.workflow.filing import Submission
from webapp.workflow.models import Seat

Person = Callable[[str], User]
STEP = "PublicityDecision"


def stand_in(person: Person, principal: str, substitute: str, process: str | None = None) -> Delegation:
    """From today, as the pages see it, for a week."""
    now = datetime.now(UTC)
    today = now.astimezone().date()
    user, other = person(principal), person(substitute).id
    made = commands.appoint(user, other, process, today, today + timedelta(days=7), now=now)
    identified(other)
    return made


def decision_of_publicity() -> int:
    return open_seat(case_of("wzpt", "waiting_for_publicity"), STEP)


@pytest.fixture
def seat_id(kept: Callable[[Callable[[], int]], int]) -> int:
    """The decision of the publicity department on 徐老师's application; 何主任 gave the unit's opinion."""
    return kept(decision_of_publicity)


def fresh(seat_id: int) -> Seat:
    db.session.rollback()
    return db.session.get_one(Seat, seat_id, populate_existing=True)


def listed(visit: Visitor) -> str:
    """What the inbox lists on behalf of 孙老师."""
    (link,) = tree(visit.get("/inbox")).xpath('//main//a[contains(., "代 孙老师") and contains(@href, "/inbox")]/@href')
    return text_of(visit.get(link))


def answer(user: User, seat_id: int) -> None:
    """Decide on a seat as it stands."""
    identified(user.id)
    seat = fresh(seat_id)
    words = Submission("approve", "同意", (), {"positioning_review": "clear"})
    workflow.answer(user, seat.id, seat.version, words)


def test_a_substitute_sees_claims_and_decides_and_all_is_told(app: Flask, person: Person, seat_id: int) -> None:
    sun, zhang = person("wzpt.sun").id, person("wzpt.zhang").id
    visit = visitor(app, "wzpt.zhang")
    assert visit.get(f"/tasks/{seat_id}").status_code == 404
    stand_in(person, "wzpt.sun", "wzpt.zhang")
    assert "代码与人" in listed(visit)
    page = visit.get(f"/tasks/{seat_id}")
    assert page.status_code == 200
    assert "孙老师" in text_of(page)
    identified(zhang)
    seat = fresh(seat_id)
    workflow.claim(person("wzpt.zhang"), seat_id, seat.version)
    assert (fresh(seat_id).holder_id, fresh(seat_id).on_behalf_of_id) == (zhang, sun)
    done = decide(visit, seat_id, "approve", opinion="同意备案", positioning_review="clear")
    assert done.status_code == 302, text_of(done)
    seat = fresh(seat_id)
    assert (seat.answered_by_id, seat.on_behalf_of_id, seat.state) == (zhang, sun, "answered")
    decision = db.session.scalars(select(Decision).where(Decision.seat_id == seat_id)).one()
    assert (decision.decided_by_id, decision.on_behalf_of_id) == (zhang, sun)
    decided = select(Event).where(Event.action == "registry:decision:recorded").order_by(Event.seq.desc())
    written = db.session.scalars(decided.limit(1)).one()
    assert (written.actor_id, written.on_behalf_of) == (zhang, sun)
    told = db.session.scalars(select(Notice).where(Notice.user_id == sun, Notice.kind == "substitute")).all()
    assert any("张老师 代您办理了" in notice.subject for notice in told)
    assert verify(db.session(), seat.institution_id).problems == []
    case_id = seat.instance_id
    assert "代 孙老师" in text_of(visitor(app, "wzpt.xu").get(f"/cases/{case_id}"))


def test_what_the_principal_holds_is_seen_and_decided_too(app: Flask, person: Person, seat_id: int) -> None:
    fresh(seat_id).holder_id = person("wzpt.sun").id
    db.session.commit()
    stand_in(person, "wzpt.sun", "wzpt.zhang")
    assert "代码与人" in listed(visitor(app, "wzpt.zhang"))
    answer(person("wzpt.zhang"), seat_id)
    assert fresh(seat_id).on_behalf_of_id == person("wzpt.sun").id


def test_never_on_the_substitutes_own_application(app: Flask, person: Person, seat_id: int) -> None:
    stand_in(person, "wzpt.sun", "wzpt.xu")
    with pytest.raises(Forbidden):
        workflow.claim(person("wzpt.xu"), seat_id, fresh(seat_id).version)
    with pytest.raises(Forbidden):
        answer(person("wzpt.xu"), seat_id)
    links = tree(visitor(app, "wzpt.xu").get("/inbox")).xpath(f'//a[contains(@href, "/tasks/{seat_id}")]')
    assert links == []


def test_never_on_the_principals_own_application(app: Flask, person: Person, seat_id: int) -> None:
    fresh(seat_id).task.instance.applicant_id = person("wzpt.sun").id
    db.session.commit()
    stand_in(person, "wzpt.sun", "wzpt.zhang")
    with pytest.raises(BeianError):
        answer(person("wzpt.zhang"), seat_id)
    assert fresh(seat_id).state == "open"


def test_never_for_two_duties_of_one_case(app: Flask, person: Person, seat_id: int) -> None:
    stand_in(person, "wzpt.sun", "wzpt.he")  # who gave the unit's opinion
    with pytest.raises(Forbidden, match="另一角色"):
        answer(person("wzpt.he"), seat_id)


def test_never_where_the_principal_has_decided_in_another_role(app: Flask, person: Person, seat_id: int) -> None:
    opinion = select(Seat).where(Seat.instance_id == fresh(seat_id).instance_id, Seat.role == "unit_head")
    db.session.scalars(opinion).one().answered_by_id = person("wzpt.sun").id
    db.session.commit()
    stand_in(person, "wzpt.sun", "wzpt.zhang")
    with pytest.raises(Forbidden, match="另一角色"):
        answer(person("wzpt.zhang"), seat_id)


def test_never_through_a_chain(app: Flask, person: Person, seat_id: int) -> None:
    stand_in(person, "wzpt.sun", "wzpt.chen")
    stand_in(person, "wzpt.chen", "wzpt.zhang")
    with pytest.raises(NotFound):
        answer(person("wzpt.zhang"), seat_id)
    answer(person("wzpt.chen"), seat_id)


@pytest.mark.parametrize(("process", "allowed"), [("new_account", True), ("change_filing", False)])
def test_only_in_the_process_the_rule_is_for(
    app: Flask, person: Person, seat_id: int, process: str, allowed: bool
) -> None:
    stand_in(person, "wzpt.sun", "wzpt.zhang", process)
    if allowed:
        answer(person("wzpt.zhang"), seat_id)
        return
    with pytest.raises(NotFound):
        answer(person("wzpt.zhang"), seat_id)


def test_only_while_the_rule_holds(app: Flask, person: Person, seat_id: int) -> None:
    made = stand_in(person, "wzpt.sun", "wzpt.zhang")
    identified(person("wzpt.zhang").id)
    workflow.claim(person("wzpt.zhang"), seat_id, fresh(seat_id).version)
    commands.revoke(person("wzpt.sun"), made.id, now=datetime.now(UTC))
    with pytest.raises(Forbidden):
        answer(person("wzpt.zhang"), seat_id)
    from webapp.substitution.releasing import release_ended

    assert release_ended(datetime.now(UTC)) == 1
    answer(person("wzpt.sun"), seat_id)


def test_of_every_pair_nobody_decides_on_an_own_case(app: Flask, person: Person, seat_id: int) -> None:
    """Whoever stands in for whomever: the applicant of the case never decides on it, nor does who advised on it."""
    names = ("wzpt.xu", "wzpt.he", "wzpt.sun", "wzpt.zhang")
    for principal, substitute in product(names, names):
        if principal == substitute:
            continue
        made = stand_in(person, principal, substitute)
        for actor in ("wzpt.xu", "wzpt.he"):
            with pytest.raises(BeianError):
                answer(person(actor), seat_id)
        commands.revoke(person(principal), made.id, now=datetime.now(UTC))
    assert fresh(seat_id).state == "open"


def test_a_principal_who_has_left_is_stood_in_for_no_more(app: Flask, person: Person, seat_id: int) -> None:
    stand_in(person, "wzpt.sun", "wzpt.zhang")
    person("wzpt.sun").active = False
    db.session.commit()
    with pytest.raises(NotFound):
        answer(person("wzpt.zhang"), seat_id)
