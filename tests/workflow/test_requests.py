"""Cases the system starts: once each, whoever dies or runs beside, and a fault for what cannot be started."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.support.trial import fresh
from tests.support.watch import NOW, Watch, build_watch
from webapp import ledger
from webapp.extensions import db, transactional
from webapp.faults.commands import resolve
from webapp.faults.models import Fault
from webapp.ledger.models import EVENT
from webapp.notifications.models import Notice
from webapp.registry.models import Filing
from webapp.workflow import commands, requests
from webapp.workflow.binding import bind_task
from webapp.workflow.filing import Submission
from webapp.workflow.models import Answers, CaseRequest, ProcessInstance, Seat, UserTask
from webapp.workflow.openings import Opening, start_many
from webapp.workflow.requests import request_case, start_requested


@pytest.fixture
def watch(kept: Callable[[Callable[[], Watch]], Watch]) -> Watch:
    return kept(build_watch)


def count(noun: type, *where: Any) -> int:
    fresh()
    return db.session.scalar(select(func.count()).select_from(noun).where(*where)) or 0


def reviews() -> list[ProcessInstance]:
    fresh()
    rows = db.session.scalars(select(ProcessInstance).order_by(ProcessInstance.id)).all()
    return [row for row in rows if row.definition.key == "review"]


def the_request() -> CaseRequest:
    fresh()
    return db.session.scalars(select(CaseRequest)).one()


def ask(watch: Watch, account_id: int | None, key: str = "k", **more: Any) -> CaseRequest:
    return request_case(watch.institution, key, "review", account_id=account_id, now=NOW, **more)


def test_an_ordered_case_waits_at_its_application_and_its_applicant_is_told(watch: Watch) -> None:
    account_id = watch.enter()
    order = watch.order(account_id)
    assert start_requested(NOW) == 1
    assert start_requested(NOW) == 0
    (case,) = reviews()
    asked = the_request()
    assert (asked.state, asked.requested_by_id, asked.instance_id) == ("started", order, case.id)
    assert (case.applicant_id, case.state, case.title_zh) == (watch.zhang, "running", "审查「信息之窗」")
    seat = db.session.scalars(select(Seat).where(Seat.instance_id == case.id)).one()
    assert (seat.holder_id, seat.state, seat.role) == (watch.zhang, "open", "applicant")
    notice = db.session.scalars(select(Notice).where(Notice.instance_id == case.id)).one()
    assert notice.user_id == watch.zhang
    assert "须审查" in notice.body
    facts = (case.about or {})["cause"]
    reference = db.session.get_one(ProcessInstance, order).reference
    assert facts == {"process": "order", "reference": reference, "reason": "须审查"}


def test_the_open_application_starts_from_what_was_asked_and_goes_its_way(watch: Watch) -> None:
    account_id = watch.enter()
    watch.order(account_id)
    start_requested(NOW)
    (case,) = reviews()
    zhang = watch.user(watch.zhang)
    seat = db.session.scalars(select(Seat).where(Seat.instance_id == case.id)).one()
    bound = bind_task(zhang, seat, now=NOW)
    assert bound is not None
    answers = bound.answers
    assert (answers["note"], answers["lately"]) == ("请说明", "无")
    assert answers["account"]["id"] == account_id
    commands.answer(zhang, seat.id, seat.version, Submission(answers={**answers, "note": "已说明"}), now=NOW)
    fresh()
    waiting = db.session.scalars(
        select(UserTask).where(UserTask.instance_id == case.id, UserTask.state == "open")
    ).one()
    assert waiting.element == "Decide"
    assert ledger.verify(db.session(), watch.institution).problems == []


def test_the_applicant_is_the_first_of_its_people_who_is_still_there(watch: Watch) -> None:
    account_id = watch.enter()
    transactional(lambda: setattr(watch.user(watch.zhang), "active", False))()
    ask(watch, account_id)
    start_requested(NOW)
    assert [case.applicant_id for case in reviews()] == [watch.wang]


def test_the_same_key_is_asked_for_once(watch: Watch) -> None:
    account_id = watch.enter()
    assert ask(watch, account_id).id == ask(watch, account_id).id
    start_requested(NOW)
    ask(watch, account_id)
    start_requested(NOW)
    assert len(reviews()) == 1


def test_answers_are_filed_at_once_by_the_system(watch: Watch) -> None:
    account_id = watch.enter()
    ask(watch, account_id, answers={"note": "直接受理"}, open=False)
    start_requested(NOW)
    (case,) = reviews()
    filed = db.session.scalars(select(Answers).where(Answers.instance_id == case.id)).one()
    assert filed.data == {"account": watch.answer(account_id), "note": "直接受理", "lately": None}
    assert filed.form_key == "review"
    seat = db.session.scalars(select(Seat).where(Seat.instance_id == case.id).order_by(Seat.id)).first()
    assert seat is not None
    assert (seat.state, seat.answered_by_id) == ("answered", None)
    actors = db.session.execute(select(EVENT.c.actor_id).where(EVENT.c.instance_id == case.id)).scalars().all()
    assert set(actors) == {None}


def test_an_answer_the_form_does_not_ask_is_refused_by_name(watch: Watch) -> None:
    ask(watch, watch.enter(), answers={"nonsense": 1}, open=False)
    start_requested(NOW)
    assert the_request().attempts == 1
    assert reviews() == []


def test_what_cannot_be_started_is_tried_three_times_and_is_then_one_fault(watch: Watch) -> None:
    account_id = watch.enter(directly_responsible=None, administrators=[])
    ask(watch, account_id)
    now = NOW
    for minutes in (0, 1, 10, 60):
        now += timedelta(minutes=minutes)
        start_requested(now)
    fault = db.session.scalars(select(Fault)).one()
    assert (fault.kind, the_request().state) == ("request", "faulty")
    assert "责任人" in fault.sentence
    start_requested(now + timedelta(hours=1))
    assert count(Fault) == 1


def test_a_faulty_request_is_started_once_its_cause_is_gone(watch: Watch) -> None:
    account_id = watch.enter()
    people = (watch.zhang, watch.wang)
    transactional(lambda: [setattr(watch.user(user), "active", False) for user in people])()
    ask(watch, account_id)
    for minutes in (0, 1, 11):
        start_requested(NOW + timedelta(minutes=minutes))
    assert the_request().state == "faulty"
    transactional(lambda: setattr(watch.user(watch.wang), "active", True))()
    start_requested(NOW + timedelta(days=2))
    assert (the_request().state, len(reviews())) == ("started", 1)
    assert db.session.scalars(select(Fault)).one().resolved_at is not None


def test_who_closes_the_fault_gives_the_request_up(watch: Watch) -> None:
    account_id = watch.enter(directly_responsible=None, administrators=[])
    ask(watch, account_id)
    for minutes in (0, 1, 11):
        start_requested(NOW + timedelta(minutes=minutes))
    fault = db.session.scalars(select(Fault)).one()
    resolve(watch.institution, fault.id, by=None, now=NOW)
    start_requested(NOW + timedelta(days=2))
    assert the_request().state == "dropped"


def test_one_that_fails_is_not_in_the_others_way(watch: Watch) -> None:
    ask(watch, watch.enter("甲", directly_responsible=None, administrators=[]), "a")
    ask(watch, watch.enter("乙"), "b")
    start_requested(NOW)
    assert [case.title_zh for case in reviews()] == ["审查「乙」"]


def test_a_worker_that_dies_in_the_middle_loses_nothing_and_doubles_nothing(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("甲", "乙", "丙"):
        ask(watch, watch.enter(name), name)
    begin, begun = requests.begin_case, []

    class Killed(BaseException):
        pass

    def dying(*args: Any, **more: Any) -> Any:
        begun.append(begin(*args, **more))
        if len(begun) == 2:
            raise Killed
        return begun[-1]

    monkeypatch.setattr(requests, "begin_case", dying)
    with pytest.raises(Killed):
        start_requested(NOW)
    assert len(reviews()) == 1
    monkeypatch.undo()
    start_requested(NOW)
    assert [case.title_zh for case in reviews()] == ["审查「甲」", "审查「乙」", "审查「丙」"]
    assert [case.reference for case in reviews()] == [f"审〔2026〕{n:05d}" for n in (1, 2, 3)]


def test_two_workers_at_once_start_each_once(app: Flask, watch: Watch) -> None:
    for number in range(6):
        ask(watch, watch.enter(f"账号{number}"), f"k{number}")
    db.session.remove()
    ready, errors = threading.Barrier(2), []

    def work() -> None:
        with app.app_context():
            try:
                ready.wait()
                start_requested(NOW)
            except Exception as error:  # noqa: BLE001 - told below
                errors.append(error)
            finally:
                db.session.remove()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    assert len(reviews()) == 6
    assert count(Filing) == 6
    assert not db.session.scalars(select(Fault)).all()


def test_many_cases_are_opened_together_and_each_once(watch: Watch) -> None:
    from webapp.definitions.queries import newest

    definition = newest(watch.institution, "review")
    assert definition is not None
    accounts = [watch.enter(f"账号{number}") for number in range(5)]
    openings = [
        Opening(
            definition_id=definition.id,
            applicant_id=watch.wang,
            unit_id=watch.unit,
            account_id=account_id,
            prefill={"note": "年审"},
            campaign={"key": "yearly", "period": "2026"},
            key=f"campaign:1:{account_id}",
        )
        for account_id in accounts
    ]
    first = start_many(openings[:2], NOW)
    again = start_many(openings, NOW)
    assert [case.id for case in again[:2]] == [case.id for case in first]
    assert len({case.id for case in again}) == len({case.reference for case in again}) == 5
    assert [case.title_zh for case in again] == [f"审查「账号{number}」" for number in range(5)]
    assert count(Seat, Seat.holder_id == watch.wang, Seat.state == "open") == 5
    assert count(Notice) == 0
    (case,) = [case for case in reviews() if case.id == again[4].id]
    assert (case.about or {})["campaign"] == {"key": "yearly", "period": "2026"}
    seat = db.session.scalars(select(Seat).where(Seat.instance_id == case.id)).one()
    commands.answer(
        watch.user(watch.wang),
        seat.id,
        seat.version,
        Submission(answers={"account": watch.answer(accounts[4]), "note": "", "lately": ""}),
        now=NOW,
    )
    fresh()
    waiting = select(UserTask.element).where(UserTask.instance_id == case.id, UserTask.state == "open")
    assert db.session.scalars(waiting).all() == ["Decide"]
    assert ledger.verify(db.session(), watch.institution).problems == []


def test_a_request_for_a_process_there_is_not_is_no_end(watch: Watch) -> None:
    request_case(watch.institution, "k", "nonsense", account_id=watch.enter(), now=NOW)
    start_requested(NOW)
    assert the_request().attempts == 1
