"""Accounts that fall silent: asked about once for each silence, across holidays, until an update is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.trial import fresh
from tests.support.watch import Watch, build_watch
from webapp import ledger
from webapp.bulletins.models import Bulletin
from webapp.extensions import db
from webapp.faults.models import Fault
from webapp.jobs import run_due
from webapp.registry import standing
from webapp.registry.models import Account, Measure
from webapp.workflow.models import Answers, CaseRequest, ProcessInstance, Seat, UserTask

# 2026-02-17 is Spring Festival; the holiday lasts from the 15th to the 23rd.
ENTERED = datetime(2025, 12, 31, 2, 0, tzinfo=UTC)


@pytest.fixture
def watch(kept: Callable[[Callable[[], Watch]], Watch]) -> Watch:
    return kept(build_watch)


def at(day: date, hour: int = 10) -> datetime:
    """That hour of the day in the institution's zone."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(hours=8)


def work(now: datetime) -> None:
    while run_due(now):
        pass
    fresh()


def requests() -> list[CaseRequest]:
    fresh()
    return list(db.session.scalars(select(CaseRequest).order_by(CaseRequest.id)))


def case() -> ProcessInstance:
    fresh()
    return db.session.scalars(select(ProcessInstance).order_by(ProcessInstance.id.desc()).limit(1)).one()


def account(account_id: int) -> Account:
    fresh()
    return db.session.get_one(Account, account_id)


def test_two_months_without_an_update_ask_for_one_rectification(watch: Watch) -> None:
    account_id = watch.enter(now=ENTERED)
    # Two months from the last of December end on the last of February, the holiday counted like any day.
    work(at(date(2026, 2, 28)))
    assert requests() == []
    for day in (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 9)):
        work(at(day))
    (asked,) = requests()
    assert (asked.state, asked.account_id, asked.since) == ("started", account_id, date(2025, 12, 31))
    found = case()
    assert (found.id, found.applicant_id, found.unit_id) == (asked.instance_id, watch.zhang, watch.unit)
    assert found.title_zh == "整改「信息之窗」"
    assert "2025-12-31" in found.about["cause"]["reason"]
    assert account(account_id).state == "rectification"
    filed = db.session.scalars(select(Answers)).one()
    assert filed.data["last_update_on"] == "2025-12-31"
    assert filed.data["account"]["id"] == account_id


def test_the_first_day_counts_from_the_last_update(watch: Watch) -> None:
    account_id = watch.enter(now=ENTERED)
    standing.record_update(watch.institution, account_id, date(2026, 2, 10), now=at(date(2026, 2, 11)))
    work(at(date(2026, 4, 10), 23))
    assert requests() == []
    work(at(date(2026, 4, 11), 0))
    assert [row.since for row in requests()] == [date(2026, 2, 10)]


def test_groups_and_accounts_that_are_not_run_are_left_alone(watch: Watch) -> None:
    watch.enter("教师群", platform="qq_group", now=ENTERED)
    suspended = watch.enter("停更", now=ENTERED)
    standing.set_state(watch.institution, suspended, "suspended", now=ENTERED)
    gone = watch.enter("已注销", now=ENTERED)
    standing.deregister(watch.institution, gone, now=ENTERED)
    work(at(date(2026, 6, 1)))
    assert requests() == []


def test_an_update_recorded_anywhere_ends_the_waiting(watch: Watch) -> None:
    account_id = watch.enter(now=ENTERED)
    work(at(date(2026, 3, 2)))
    work(at(date(2026, 3, 20)))
    assert case().state == "running"
    standing.record_update(watch.institution, account_id, date(2026, 3, 20), now=at(date(2026, 3, 20), 11))
    work(at(date(2026, 3, 20), 12))
    assert (case().state, case().outcome) == ("ended", "approved")
    assert account(account_id).state == "active"
    task = db.session.scalars(select(UserTask).where(UserTask.element == "PutRight")).one()
    seat = db.session.scalars(select(Seat).where(Seat.task_id == task.id)).one()
    assert (task.state, seat.state, seat.answered_by_id) == ("completed", "answered", None)
    answers = db.session.scalars(select(Answers).where(Answers.element == "PutRight")).one()
    assert answers.data == {"updated_on": "2026-03-20"}
    work(at(date(2026, 4, 20)))
    assert not db.session.scalars(select(Bulletin)).all()
    # A new silence is asked about anew.
    work(at(date(2026, 5, 21)))
    assert [row.since for row in requests()] == [date(2025, 12, 31), date(2026, 3, 20)]


def test_an_update_just_before_the_timer_stops_it(watch: Watch) -> None:
    account_id = watch.enter(now=ENTERED)
    work(at(date(2026, 3, 2)))
    late = at(date(2026, 4, 30))
    standing.record_update(watch.institution, account_id, date(2026, 3, 3), now=at(date(2026, 3, 4)))
    work(late)
    assert case().outcome == "approved"
    assert not db.session.scalars(select(Measure)).all()


def test_without_an_update_the_ladder_goes_on_by_itself(watch: Watch) -> None:
    account_id = watch.enter(now=ENTERED)
    work(at(date(2026, 3, 2)))
    work(at(date(2026, 4, 3)))
    bulletin = db.session.scalars(select(Bulletin)).one()
    assert (bulletin.number, bulletin.kind, bulletin.account_id) == ("守报〔2026〕01期", "criticism", account_id)
    assert bulletin.title_zh == "关于信息之窗的通报批评（守报〔2026〕01期）"
    measure = db.session.scalars(select(Measure)).one()
    assert (measure.kind, measure.account_id, measure.unit_id) == ("criticism", account_id, watch.unit)
    work(at(date(2026, 9, 1)))
    assert len(requests()) == 1
    assert ledger.verify(db.session(), watch.institution).problems == []


def test_an_update_between_asking_and_starting_makes_the_request_pointless(watch: Watch) -> None:
    from webapp.workflow.inactivity import ask_for_idle
    from webapp.workflow.requests import start_requested

    account_id = watch.enter(now=ENTERED)
    now = at(date(2026, 3, 2))
    assert ask_for_idle(now) == 1
    standing.record_update(watch.institution, account_id, date(2026, 3, 2), now=now)
    start_requested(now)
    assert [row.state for row in requests()] == ["dropped"]
    assert not db.session.scalars(select(ProcessInstance)).all()


def test_a_task_that_an_update_cannot_complete_is_left_to_people_with_a_fault(watch: Watch) -> None:
    account_id = watch.enter(now=ENTERED)
    work(at(date(2026, 3, 2)))
    # Deregistered meanwhile: what follows the task cannot put it back into use.
    standing.record_update(watch.institution, account_id, date(2026, 3, 3), now=at(date(2026, 3, 3)))
    standing.deregister(watch.institution, account_id, now=at(date(2026, 3, 3)))
    work(at(date(2026, 3, 4)))
    fault = db.session.scalars(select(Fault)).one()
    assert (fault.kind, fault.element) == ("operation", "PutRight")
    assert case().state == "running"
    work(at(date(2026, 3, 5)))
    assert len(db.session.scalars(select(Fault)).all()) == 1
