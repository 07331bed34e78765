"""The database itself refuses to change the log, whoever asks."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.ledger import Signer, checkpoint, create_triggers, drop_triggers, missing_triggers, verify

Tell = Callable[..., None]
REFUSED = [
    "UPDATE event SET action = 'x:y:z' WHERE seq = 2",
    "UPDATE event SET seq = 99 WHERE seq = 2",
    "DELETE FROM event WHERE seq = 3",
    "DELETE FROM event",
    "INSERT INTO event SELECT * FROM event WHERE seq = 1",
    "DELETE FROM event_payload WHERE seq = 1",
    "INSERT INTO event_payload SELECT * FROM event_payload WHERE seq = 1",
    "UPDATE event_payload SET kept = '{}' WHERE seq = 1",
    "UPDATE event_payload SET kept_salt = erasable_salt WHERE seq = 1",
    "UPDATE event_payload SET erasable = '{}' WHERE seq = 1",
    "UPDATE event_payload SET erasable = NULL WHERE seq = 1",
    "UPDATE event_payload SET erasable = NULL, erasable_salt = NULL, kept = '{}' WHERE seq = 1",
    "UPDATE event_payload SET erasable = NULL, erasable_salt = NULL, seq = 77 WHERE seq = 1",
    "UPDATE checkpoint SET size = 2",
    "DELETE FROM checkpoint",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 1",
    "INSERT OR REPLACE INTO event_payload SELECT institution_id, seq, '{}', kept_salt, NULL, NULL FROM event_payload",
    "UPDATE OR REPLACE event SET seq = 1 WHERE seq = 2",
    "INSERT OR REPLACE INTO checkpoint SELECT * FROM checkpoint",
]
ON_POSTGRESQL = [
    "TRUNCATE event",
    "TRUNCATE event_payload",
    "TRUNCATE event, event_payload, checkpoint CASCADE",
    "SET session_replication_role = replica; DELETE FROM event",
    "INSERT INTO event SELECT * FROM event WHERE seq = 1 ON CONFLICT (institution_id, seq) DO UPDATE SET action = 'x'",
    "INSERT INTO event_payload SELECT * FROM event_payload ON CONFLICT (institution_id, seq) DO UPDATE SET kept = '{}'",
]


@pytest.fixture
def told(session: Session, tell: Tell, signer: Signer) -> Session:
    tell(4)
    checkpoint(session, 1, signer)
    session.commit()
    return session


def attempt(session: Session, statement: str) -> None:
    for part in statement.split("; "):
        session.execute(text(part))
    session.commit()


def test_every_change_of_the_log_is_refused(told: Session, engine: Engine) -> None:
    for statement in REFUSED + (ON_SQLITE if engine.dialect.name == "sqlite" else ON_POSTGRESQL):
        with pytest.raises(DBAPIError, match=r"append-only|UNIQUE|duplicate key"):
            attempt(told, statement)
        told.rollback()
    report = verify(told, 1)
    assert (report.ok, report.events) == (True, 4)


def test_erasing_both_text_and_salt_is_let_through(told: Session) -> None:
    attempt(told, "UPDATE event_payload SET erasable = NULL, erasable_salt = NULL WHERE seq = 1")
    assert [problem.rule for problem in verify(told, 1).problems] == ["erasure"]


def test_the_same_changes_pass_once_the_triggers_are_gone(told: Session) -> None:
    drop_triggers(told.connection())
    told.commit()
    attempt(told, "UPDATE event SET action = 'x:y:z' WHERE seq = 2")
    rules = {problem.rule for problem in verify(told, 1).problems}
    assert {"leaf", "root", "head", "trigger"} <= rules


def test_missing_triggers_are_named_and_can_be_created_again(told: Session) -> None:
    connection = told.connection()
    assert missing_triggers(connection) == []
    drop_triggers(connection)
    assert "event_payload_refuse_update" in missing_triggers(connection)
    create_triggers(connection)
    create_triggers(connection)
    told.commit()
    assert missing_triggers(told.connection()) == []
    with pytest.raises(DBAPIError, match="append-only"):
        attempt(told, "DELETE FROM event")
    told.rollback()
