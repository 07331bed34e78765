"""Recording and appending: numbers without gaps, few statements, nothing from rolled-back work."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from webapp.ledger import Event, LedgerError, LedgerHead, append_collected, page, record, stream, verify
from webapp.ledger.merkle import root_of

Tell = Callable[..., None]


def note(session: Any, institution_id: int = 1, **changed: Any) -> None:
    facts: dict[str, Any] = {
        "action": "workflow:task:completed",
        "actor_id": 3,
        "actor_label": "王老师",
        "object_type": "task",
        "object_id": 12,
        "kept": {"decision": "approve"},
        "erasable": {"opinion": "同意"},
    }
    record(session, institution_id=institution_id, **(facts | changed))


def statements(engine: Engine) -> list[tuple[str, bool]]:
    seen: list[tuple[str, bool]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _listen(_c: object, _cursor: object, sql: str, _p: object, _x: object, many: bool) -> None:
        seen.append((sql.split()[0], many))

    return seen


def test_recording_runs_no_sql_and_appending_runs_four_statements(engine: Engine, session: Session, tell: Tell) -> None:
    tell(1)
    seen = statements(engine)
    for _ in range(5):
        note(session)
    assert seen == []
    append_collected(session)
    run = [(verb, many) for verb, many in seen if verb != "BEGIN"]
    assert run == [("SELECT", False), ("INSERT", True), ("INSERT", True), ("UPDATE", False)]


def test_numbers_run_from_one_without_gaps_and_the_head_follows(session: Session, tell: Tell) -> None:
    tell(9)
    told = session.scalars(select(Event).order_by(Event.seq)).all()
    assert [one.seq for one in told] == list(range(1, 10))
    assert verify(session, 1).root == root_of([one.leaf_hash for one in told]).hex()
    assert session.scalars(select(LedgerHead.size)).one() == 9


def test_each_institution_has_its_own_log(session: Session) -> None:
    for institution_id in (2, 1, 2):
        note(session, institution_id)
    append_collected(session)
    session.commit()
    counts = dict(
        session.execute(select(Event.institution_id, func.max(Event.seq)).group_by(Event.institution_id)).all()
    )
    assert counts == {1: 1, 2: 2}


def test_a_rolled_back_transaction_leaves_nothing_to_append(session: Session) -> None:
    session.connection()
    note(session)
    session.rollback()
    append_collected(session)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_a_rolled_back_savepoint_takes_its_events_with_it(session: Session) -> None:
    note(session, object_id="before")
    with session.begin_nested() as outer:
        note(session, object_id="outer")
        with session.begin_nested():
            note(session, object_id="released, then rolled back")
        outer.rollback()
    with session.begin_nested():
        note(session, object_id="released")
    note(session, object_id="after")
    append_collected(session)
    session.commit()
    assert list(session.scalars(select(Event.object_id).order_by(Event.seq))) == ["before", "released", "after"]


def test_a_scoped_session_records_as_its_session_does(engine: Engine) -> None:
    registry = scoped_session(sessionmaker(engine))
    note(registry)
    append_collected(registry)
    registry.commit()
    assert [one.kept for one in page(registry, 1)] == [{"decision": "approve"}]
    registry.remove()


def test_what_is_read_is_what_was_recorded(session: Session) -> None:
    at = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)
    kept = {"b": [1, 2.5, None, True], "a": {"名": "值\u0000\u2028\U0001f600"}, "big": 10**30, "small": 1e-7}
    note(session, kept=kept, at=at, on_behalf_of=9, instance_id=5, task_id=6, deployment_hash="ab" * 32)
    append_collected(session)
    session.commit()
    (read,) = stream(session, 1)
    assert (read.kept, read.erasable, read.actor_label, read.at) == (kept, {"opinion": "同意"}, "王老师", at)
    assert (read.on_behalf_of, read.instance_id, read.task_id, read.deployment_hash) == (9, 5, 6, "ab" * 32)
    assert verify(session, 1).ok


def test_a_machine_is_named_among_what_is_kept(session: Session) -> None:
    note(session, actor_id=None, actor_label="timer", erasable={})
    append_collected(session)
    session.commit()
    (read,) = stream(session, 1)
    assert (read.actor_id, read.actor_label, read.erasable) == (None, "timer", {})
    assert session.scalars(select(Event.erasable_commitment)).one() is None


@pytest.mark.parametrize("wrong", [date(2026, 1, 1), {1: "a"}, float("nan"), {"a", "b"}, b"x", "\ud800"])
def test_a_payload_that_is_not_plain_json_is_refused_at_once(session: Session, wrong: object) -> None:
    with pytest.raises(LedgerError):
        note(session, kept={"value": wrong})


def test_a_tag_without_three_parts_is_refused(session: Session) -> None:
    with pytest.raises(LedgerError):
        note(session, action="approved")


def test_pages_go_back_by_key_and_filter(session: Session, tell: Tell) -> None:
    tell(7)
    tell(2, action="workflow:task:completed", actor_id=8, object_type="task", instance_id=99)
    assert [one.seq for one in page(session, 1, limit=3)] == [9, 8, 7]
    assert [one.seq for one in page(session, 1, before=7, limit=3)] == [6, 5, 4]
    assert [one.seq for one in page(session, 1, action="workflow:")] == [9, 8]
    assert [one.seq for one in page(session, 1, object_type="account", object_id=3)] == [3]
    assert [one.seq for one in page(session, 1, instance_id=99)] == [9, 8]
    assert [one.seq for one in page(session, 1, actor_id=8, limit=1)] == [9]
    assert page(session, 1, until=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert len(page(session, 1, since=datetime(2020, 1, 1, tzinfo=UTC))) == 9
    assert page(session, 2) == []
