"""What the speed of a step must not cost: what a command reads is what is there, whatever was read before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.organization.policy import held_queues, identified


def rename(username: str, name: str) -> None:
    """Somebody else changes a person's name, on a connection of their own."""
    with db.engine.begin() as connection:
        connection.execute(
            text('UPDATE "user" SET name_zh = :name WHERE username = :who'), {"name": name, "who": username}
        )


def test_a_command_sees_what_was_committed_after_the_page_had_read(app: Flask, person: Callable[[str], User]) -> None:
    user = person("wzpt.zhang")
    assert user.name_zh == "张老师"
    if db.engine.dialect.name == "sqlite":
        db.session.rollback()
    rename("wzpt.zhang", "章老师")

    @transactional
    def named() -> str:
        return user.name_zh

    assert named() == "章老师"


def test_what_a_page_left_pending_is_not_written_by_the_next_command(app: Flask, person: Callable[[str], User]) -> None:
    user = person("wzpt.zhang")
    user.name_zh = "未保存"

    @transactional
    def nothing() -> None: ...

    nothing()
    db.session.rollback()
    assert person("wzpt.zhang").name_zh == "张老师"


def test_a_page_that_met_a_database_error_does_not_spoil_the_next_command(
    app: Flask, person: Callable[[str], User]
) -> None:
    person("wzpt.zhang")
    with pytest.raises(DatabaseError, match="no_such_table"):
        db.session.execute(text("SELECT * FROM no_such_table"))

    @transactional
    def counted() -> int:
        return db.session.query(User).count()

    assert counted() > 0


def test_who_asks_is_read_with_the_institution_and_the_queues_in_one_statement(
    app: Flask, person: Callable[[str], User]
) -> None:
    from bench.statements import captured

    user_id = person("wzpt.li").id
    db.session.remove()
    with captured(db.engine) as seen:
        user = identified(user_id)
        assert user is not None
        assert user.institution.code == "wzpt"
        assert [queue.split(":")[0] for queue in held_queues(user)] == ["unit_head"]
    assert len(seen.texts) == 1


def test_nobody_is_identified_by_an_unknown_number(app: Flask) -> None:
    assert identified(10**9) is None
