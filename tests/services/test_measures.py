"""Operations that keep measures, reviews and assessments, and what is made known to all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from services import bulletins, measures, notifications
from tests.services.acting import Acting, Ordered, begin_acting, order_review
from webapp.bulletins.models import Bulletin
from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.ledger import erase, verify
from webapp.ledger.models import EVENT, PAYLOAD
from webapp.notifications.models import Notice
from webapp.organization.queries import unit_by_code
from webapp.registry.events import MEASURED
from webapp.registry.models import Assessment, Measure, Review


@pytest.fixture
def acting(kept: Callable[[Callable[[], Ordered]], Ordered]) -> Acting:
    return begin_acting(*kept(order_review))


def test_a_measure_on_an_account_is_one_on_its_unit(acting: Acting) -> None:
    person = {"id": acting.watch.zhang, "name": "张老师"}
    given = measures.record_measure(
        acting.context,
        "criticism",
        "久未更新",
        account=acting.account,
        persons=person,
        authority="宣传部",
        article="wzpt-1",
    )
    row = db.session.get_one(Measure, given["measure_id"])
    assert (row.account_id, row.unit_id, row.year) == (acting.account, acting.watch.unit, 2026)
    assert (row.persons, row.filing_id) == ([person], acting.context.filing_id)
    payload = db.session.execute(
        select(PAYLOAD)
        .join(EVENT, (EVENT.c.seq == PAYLOAD.c.seq) & (EVENT.c.institution_id == PAYLOAD.c.institution_id))
        .where(EVENT.c.action == MEASURED)
    ).one()
    assert "张老师" not in payload.kept
    assert "久未更新" not in payload.kept


def test_breaches_are_those_of_a_year_on_the_unit_below_it_and_on_their_accounts(acting: Acting) -> None:
    context, watch = acting.context, acting.watch
    league = unit_by_code(watch.institution, "xxtw")
    assert league is not None
    below = watch.enter("团委", unit_id=league.id)
    measures.record_measure(context, "warning", "提醒", account=acting.account, article="wzpt-1")
    measures.record_measure(context, "veto", "一票否决", unit=acting.unit())
    measures.record_measure(context, "criticism", "", account=below)
    measures.record_measure(context, "circular", "", unit={"id": watch.office})
    found = measures.breaches(context, acting.unit(), 2026)
    assert (found["count"], [row["kind"] for row in found["measures"]]) == (3, ["warning", "veto", "criticism"])
    assert found["measures"][0] == {
        "id": found["measures"][0]["id"],
        "kind": "warning",
        "on": "2026-03-02",
        "account": acting.account,
        "article": "wzpt-1",
    }
    assert measures.breaches(context, acting.unit(), 2025) == {"count": 0, "measures": []}


def test_a_measure_must_be_of_a_known_kind_and_on_something_of_the_school(acting: Acting) -> None:
    with pytest.raises(Invalid, match="fine"):
        measures.record_measure(acting.context, "fine", "")
    with pytest.raises(NotFound):
        measures.record_measure(acting.context, "warning", "", account=4711)
    with pytest.raises(NotFound):
        measures.record_measure(acting.context, "warning", "", unit={"id": 1})


def test_a_period_is_reviewed_once(acting: Acting) -> None:
    given = measures.record_review(acting.context, acting.account, 2026, "passed", note="材料齐全")
    row = db.session.get_one(Review, given["review_id"])
    assert (row.period, row.result, row.note) == ("2026", "passed", "材料齐全")
    with pytest.raises(Refused, match="2026"):
        measures.record_review(acting.context, acting.account, "2026", "failed")
    measures.record_review(acting.context, acting.account, "2027", "rectify")
    with pytest.raises(Invalid):
        measures.record_review(acting.context, acting.account, "2028", "so-so")


def test_the_last_assessment_of_a_year_holds_and_both_stay(acting: Acting) -> None:
    from webapp.registry.measures import assessment_of

    measures.record_assessment(acting.context, acting.unit(), 2026, 7, items=[{"item": "更新", "points": 7}])
    measures.record_assessment(acting.context, acting.unit(), 2026, 6.5, eligible=False, vetoed=True)
    row = assessment_of(acting.watch.institution, acting.watch.unit, 2026)
    assert row is not None
    assert (row.points, row.eligible, row.vetoed) == (6.5, False, True)
    assert len(db.session.scalars(select(Assessment)).all()) == 2


TAMPERINGS: dict[str, Callable[[], Any]] = {
    "a measure's kind": lambda: update(Measure).values(kind="warning"),
    "a measure's note": lambda: update(Measure).values(note="没事"),
    "who a measure is on": lambda: update(Measure).values(persons=[]),
    "a deleted measure": lambda: delete(Measure),
    "a review's result": lambda: update(Review).values(result="passed"),
    "an assessment's points": lambda: update(Assessment).values(points=10),
    "an assessment's items": lambda: update(Assessment).values(items=[]),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_with_them_shows(acting: Acting, what: str) -> None:
    kept(acting)
    assert verify(db.session(), acting.watch.institution).problems == []
    transactional(lambda: db.session.execute(TAMPERINGS[what]()))()
    assert [problem.rule for problem in verify(db.session(), acting.watch.institution).problems] == ["registry"]


def kept(acting: Acting) -> None:
    person = {"id": acting.watch.zhang, "name": "张老师"}
    measures.record_measure(acting.context, "criticism", "久未更新", account=acting.account, persons=[person])
    measures.record_review(acting.context, acting.account, 2026, "failed", note="张老师未报")
    measures.record_assessment(acting.context, acting.unit(), 2026, 7, items=["更新"])


def test_what_names_people_can_be_erased_and_the_rest_still_follows(acting: Acting) -> None:
    kept(acting)
    wanted = select(EVENT.c.seq).where(EVENT.c.action == MEASURED, EVENT.c.institution_id == acting.watch.institution)
    seqs = list(db.session.execute(wanted).scalars())

    def forget() -> None:
        erase(
            db.session(),
            institution_id=acting.watch.institution,
            seqs=seqs,
            reason="保存期满",
            actor_id=None,
            actor_label="system",
        )
        db.session.execute(update(Measure).values(note="", persons=[]))

    transactional(forget)()
    assert verify(db.session(), acting.watch.institution).problems == []


def test_a_bulletin_is_numbered_and_keeps_its_words(acting: Acting) -> None:
    given = bulletins.publish(
        acting.context, "criticism", {"name": "信息之窗"}, kind="criticism", account={"id": acting.account}
    )
    row = db.session.get_one(Bulletin, given["bulletin_id"])
    assert given["number"] == row.number == "守报〔2026〕01期"
    assert row.title_zh == "关于信息之窗的通报批评（守报〔2026〕01期）"
    assert (row.title_en, row.account_id, row.instance_id) == (
        "Criticism of 信息之窗",
        acting.account,
        acting.context.instance.id,
    )
    assert bulletins.publish(acting.context, "told")["number"] == "守报〔2026〕02期"
    for text, kind in (("nothing", "bulletin"), ("told", "leaflet"), ("criticism", "criticism")):
        with pytest.raises(Invalid):
            bulletins.publish(acting.context, text, kind=kind)
    assert bulletins.publish(acting.context, "told")["number"] == "守报〔2026〕03期"


def told() -> set[int]:
    return {notice.user_id for notice in db.session.scalars(select(Notice))}


def test_notify_reaches_those_named_on_the_account(acting: Acting) -> None:
    notifications.notify(acting.context, "account_people", "told")
    assert told() == {acting.watch.zhang, acting.watch.wang}


def test_notify_reaches_a_units_heads_and_several_at_once_each_once(acting: Acting) -> None:
    watch = acting.watch
    notifications.notify(acting.context, ["unit:xcb", "account_people", "unit_head", "applicant"], "told")
    assert told() == {watch.head, watch.zhang, watch.wang}
    assert len(db.session.scalars(select(Notice)).all()) == 3


def test_a_unit_without_a_head_is_a_fault_and_an_unknown_one_is_refused(acting: Acting) -> None:
    notifications.notify(acting.context, "unit:xx", "told")
    fault = db.session.scalars(select(Fault)).one()
    assert "信息学院" in fault.sentence
    with pytest.raises(Invalid, match="nowhere"):
        notifications.notify(acting.context, "unit:nowhere", "told")
