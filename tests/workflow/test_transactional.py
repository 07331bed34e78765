"""The one commit: all of a command or none of it, and what the person is told when it is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from tests.conftest import make_settings
from tests.support.trial import Trial, build_trial, fresh, later
from webapp import create_app, ledger
from webapp.errors import Invalid
from webapp.extensions import (
    BrokenTransactionError,
    after_commit,
    before_commit,
    db,
    has_work_waiting,
    in_transaction,
    transactional,
    work_waits,
)
from webapp.faults.models import Fault
from webapp.notifications.models import Notice, OutboxMessage
from webapp.organization.models import Institution
from webapp.registry.models import Account, AccountVersion, Decision, Filing, NumberSeries
from webapp.workflow import queries
from webapp.workflow.models import Answers, History, ProcessInstance, Seat, Timer, UserTask

NOUNS = (
    *(ProcessInstance, UserTask, Seat, Answers, Timer, History, Filing, Decision, Account, AccountVersion),
    *(NumberSeries, Notice, OutboxMessage, Fault, ledger.Event, ledger.EventPayload),
)


def rows() -> dict[str, int]:
    """How many rows every table has."""
    fresh()
    return {noun.__name__: db.session.scalar(select(func.count()).select_from(noun)) or 0 for noun in NOUNS}


@contextmanager
def commits() -> Iterator[list[int]]:
    seen: list[int] = []

    def note(_connection: Any) -> None:
        seen.append(1)

    event.listen(db.engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "commit", note)


@transactional
def rename(institution: int, name: str) -> None:
    db.session.get_one(Institution, institution).name_en = name


def name_of(institution: int) -> str:
    fresh()
    return db.session.get_one(Institution, institution).name_en


def test_a_command_inside_a_command_joins_its_transaction(trial: Trial) -> None:
    @transactional
    def both() -> None:
        rename(trial.institution, "one")
        assert in_transaction()
        rename(trial.institution, "two")

    with commits() as seen:
        both()
    assert (len(seen), name_of(trial.institution), in_transaction()) == (1, "two", False)


def test_a_command_works_on_what_is_there_now_not_on_what_its_session_remembers(trial: Trial) -> None:
    """Right after a commit the session holds no transaction, and another process may write before the next one."""

    @transactional
    def read() -> Institution:
        return db.session.get_one(Institution, trial.institution)

    held = read()  # as long as it is held, the session's map of what it has loaded keeps it
    with db.engine.connect().execution_options(write=True) as other:
        other.execute(text("UPDATE institution SET name_en = 'theirs' WHERE id = :id"), {"id": trial.institution})
        other.commit()
    assert read().name_en == "theirs"
    assert held.name_en == "theirs"


def test_an_exception_after_nested_commands_undoes_them_with_their_events(trial: Trial) -> None:
    before = rows()

    @transactional
    def all_of_it() -> None:
        rename(trial.institution, "lost")
        instance_id = trial.start()
        trial.decide(instance_id, "UnitOpinion")
        trial.decide(instance_id, "PublicityDecision")
        raise ZeroDivisionError

    with commits() as seen, pytest.raises(ZeroDivisionError):
        all_of_it()
    assert (len(seen), name_of(trial.institution)) == (0, "Trial College")
    assert rows() == before
    trial.start()
    assert ledger.verify(db.session(), trial.institution).ok


def test_a_step_is_one_commit_ledger_included(trial: Trial) -> None:
    with commits() as seen:
        instance_id = trial.start()
    assert len(seen) == 1
    seat = trial.seat(instance_id, "UnitOpinion")
    assert seat[1] == 1
    with commits() as seen:
        trial.decide(instance_id, "UnitOpinion")
    assert len(seen) == 1


def test_a_failing_before_commit_hook_undoes_the_command(trial: Trial) -> None:
    def hook(_session: object) -> None:
        raise ZeroDivisionError

    before_commit.append(hook)
    try:
        with pytest.raises(ZeroDivisionError):
            rename(trial.institution, "lost")
    finally:
        before_commit.remove(hook)
    assert name_of(trial.institution) == "Trial College"


def test_what_runs_after_the_commit_sees_it_and_not_what_was_undone(trial: Trial) -> None:
    seen: list[str] = []

    def look(_session: object) -> None:
        seen.append(name_of(trial.institution))

    after_commit.append(look)
    try:
        rename(trial.institution, "kept")
        with pytest.raises(ZeroDivisionError):
            transactional(lambda: (rename(trial.institution, "lost"), 1 // 0))()
    finally:
        after_commit.remove(look)
    assert seen == ["kept"]


def test_a_failed_statement_that_somebody_swallowed_cannot_be_committed_over(trial: Trial, backend: str) -> None:
    """PostgreSQL would answer the COMMIT with a silent rollback; SQLite undoes the one statement only."""

    @transactional
    def careless() -> None:
        db.session.get_one(Institution, trial.institution).name_en = "half"
        db.session.flush()
        with suppress(IntegrityError):
            db.session.execute(text("INSERT INTO institution (id, code) VALUES (:id, 'x')"), {"id": trial.institution})

    if backend == "postgresql":
        with pytest.raises((BrokenTransactionError, SQLAlchemyError)):
            careless()
        assert name_of(trial.institution) == "Trial College"
    else:
        careless()
        assert name_of(trial.institution) == "half"
    assert not in_transaction()


def test_work_is_announced_for_one_transaction_only(trial: Trial) -> None:
    seen: list[bool] = []

    def look(session: Any) -> None:
        seen.append(has_work_waiting(session))

    before_commit.insert(0, look)
    try:
        transactional(work_waits)()
        rename(trial.institution, "quiet")
        instance_id = trial.start()
        trial.decide(instance_id, "UnitOpinion")
        trial.decide(instance_id, "PublicityDecision")
    finally:
        before_commit.remove(look)
    assert seen == [True, False, False, False, True]


def test_a_failing_operation_leaves_the_task_open_the_person_told_and_a_fault(trial: Trial) -> None:
    instance_id = trial.start(name=None)
    trial.decide(instance_id, "UnitOpinion")
    before = rows()
    with pytest.raises(Invalid, match="名称"):
        trial.decide(instance_id, "PublicityDecision")
    after = rows()
    changed = {noun: after[noun] - before[noun] for noun in after if after[noun] != before[noun]}
    assert changed == {"Fault": 1, "Event": 1, "EventPayload": 1}
    fault = db.session.scalars(select(Fault)).one()
    assert (fault.kind, fault.instance_id, fault.element) == ("operation", instance_id, "Register")
    instance = db.session.get_one(ProcessInstance, instance_id)
    assert [task.element for task in queries.open_tasks(instance).values()] == ["PublicityDecision"]
    with pytest.raises(Invalid):
        trial.decide(instance_id, "PublicityDecision")
    assert rows()["Fault"] == 1
    assert trial.decide(instance_id, "PublicityDecision", "reject").state == "ended"
    assert ledger.verify(db.session(), trial.institution).ok


@pytest.fixture
def full_disk(prepared_sqlite: Any, tmp_path: Path) -> Iterator[tuple[Flask, Trial]]:
    """A SQLite database that may not grow any more."""
    application = create_app(make_settings(prepared_sqlite.copy(), tmp_path))
    with application.app_context():
        trial = build_trial()
        ready = trial.start()
        trial.decide(ready, "UnitOpinion")
        db.session.remove()
        db.engine.dispose()

        @event.listens_for(db.engine, "connect")
        def no_more_room(connection: Any, _record: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        yield application, trial
        db.session.remove()
        db.engine.dispose()


def test_a_full_disk_leaves_nothing_half_written(full_disk: tuple[Flask, Trial]) -> None:
    _app, trial = full_disk
    refused, done = set[str](), 0
    before = rows()
    for number in range(60):
        try:
            instance_id = trial.start(now=later(minutes=number))
            trial.decide(instance_id, "UnitOpinion")
            done += 1
        except OperationalError as error:
            refused.add(str(error.orig))
    assert refused == {"database or disk is full"}
    after = rows()
    started = after["ProcessInstance"] - before["ProcessInstance"]
    assert after["Filing"] - before["Filing"] == started
    assert after["Answers"] - before["Answers"] == started + (after["Decision"] - before["Decision"])
    assert started >= done
    fresh()
    assert ledger.verify(db.session(), trial.institution).ok
    assert after["Fault"] == before["Fault"]


def test_a_full_disk_is_answered_with_503_and_a_sentence(full_disk: tuple[Flask, Trial]) -> None:
    app, trial = full_disk

    def fill() -> str:
        for number in range(200):
            trial.start(now=later(minutes=number))
        return "never full"

    fill.policy = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/fill", view_func=fill)
    answer = app.test_client().get("/fill")
    assert answer.status_code == 503
    assert "请稍后再试" in answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)
    rename(trial.institution, "after")  # small things still fit, and the connection is usable
    assert name_of(trial.institution) == "after"


@pytest.mark.usefixtures("app")
def test_a_locked_database_is_503_and_a_wrong_statement_is_500(database_url: str, tmp_path: Path) -> None:
    own = create_app(make_settings(database_url, tmp_path))
    client = own.test_client()

    def failing(words: str) -> str:
        raise OperationalError("UPDATE ...", {}, Exception(words))

    failing.policy = "public"  # type: ignore[attr-defined]
    own.add_url_rule("/failing/<words>", view_func=failing)
    assert client.get("/failing/database is locked").status_code == 503
    assert client.get("/failing/no such column: x").status_code == 500
