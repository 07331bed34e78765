"""The system person of an institution: it carries the public's reports; nobody can be it, pick it or write to it."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.watch import NOW, build_watch
from webapp.definitions.queries import bundle, current_deployment
from webapp.extensions import db
from webapp.notifications.commands import tell
from webapp.notifications.models import Notice
from webapp.organization.commands import public_person
from webapp.organization.models import User
from webapp.organization.passwords import hash_password
from webapp.organization.policy import may_log_in
from webapp.organization.queries import people, user_by_name
from webapp.workflow.lookups import InstitutionLookups


def test_each_institution_has_one_from_its_deployment_on(app: Flask) -> None:
    watch = build_watch()
    rows = db.session.scalars(select(User).where(User.kind == "system", User.institution_id == watch.institution)).all()
    assert [row.username for row in rows] == ["watch.public"]
    assert public_person(watch.institution).id == rows[0].id


def test_nobody_logs_in_as_it_even_with_a_password(app: Flask, client: FlaskClient) -> None:
    watch = build_watch()
    user = public_person(watch.institution)
    assert not may_log_in(user)
    assert user_by_name(user.username) is None
    assert hash_password("x") != user.password_hash == ""


def test_it_is_in_no_list_of_people_and_gets_no_notice(app: Flask) -> None:
    watch = build_watch()
    user = public_person(watch.institution)
    deployment = current_deployment(watch.institution)
    assert deployment is not None
    lookups = InstitutionLookups(watch.user(watch.zhang), bundle(deployment), {})
    assert user.id not in {person.id for person in people(watch.institution)}
    assert str(user.id) not in {choice.value for choice in lookups.people(None, "")}
    assert lookups.person(str(user.id)) is None
    tell(watch.institution, [user.id], "主题", "内容", instance_id=None, now=NOW, key="k")
    assert db.session.scalars(select(Notice)).all() == []
