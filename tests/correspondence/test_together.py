"""Several people, or one with two windows, at the same moment; and the parts on a page of a task."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from flask import Flask, render_template_string
from flask_login import login_user
from lxml import html
from sqlalchemy import func, select

from tests.correspondence.conftest import NOW, People, the_case
from tests.support.desk import open_seat
from tests.support.racing import together
from webapp.correspondence import commands
from webapp.correspondence.models import Comment, Copy, Urge
from webapp.errors import Refused
from webapp.extensions import db
from webapp.notifications.models import Notice
from webapp.organization.models import User
from webapp.workflow.models import Seat


def at_once(app: Flask, act: Callable[[User], Any], user_id: int, times: int = 4) -> list[Any]:
    db.session.rollback()
    return together(app, [lambda: act(db.session.get_one(User, user_id))] * times)


def test_four_urgings_at_once_are_one(app: Flask, case_id: int, person: People) -> None:
    found = at_once(app, lambda user: commands.urge(user, case_id, now=NOW), person("wzpt.xu").id)
    assert [type(one) for one in found if not isinstance(one, Urge)] == [Refused] * 3
    assert db.session.scalar(select(func.count(Urge.id))) == 1
    assert db.session.scalar(select(func.count(Notice.id)).where(Notice.kind == "urge")) == 2


def test_four_copies_and_comments_at_once_are_one(app: Flask, case_id: int, person: People) -> None:
    wang_id, sun_id = person("wzpt.wang").id, person("wzpt.sun").id
    found = at_once(app, lambda user: commands.copy_to(user, case_id, [wang_id], now=NOW), sun_id)
    assert len([one for one in found if isinstance(one, Refused)]) == 3
    said = at_once(app, lambda user: commands.comment(user, case_id, "问", asked_id=wang_id, now=NOW).id, sun_id)
    assert len(set(said)) == 1
    assert db.session.scalar(select(func.count(Copy.id))) == 1
    assert db.session.scalar(select(func.count(Comment.id))) == 1
    assert db.session.scalar(select(func.count(Notice.id)).where(Notice.user_id == wang_id)) == 2


def test_the_parts_stand_on_a_task_s_page_and_lead_back_to_it(app: Flask, case_id: int, person: People) -> None:
    seat = db.session.get_one(Seat, open_seat(case_id, "PublicityDecision"))
    with app.test_request_context(f"/tasks/{seat.id}"):
        login_user(person("wzpt.sun"))
        desk = SimpleNamespace(seat=seat)
        section = "{% include 'correspondence/section.html' %}"
        page = render_template_string(section, instance=the_case(case_id), desk=desk)
    document: Any = html.document_fromstring(f"<main>{page}</main>")
    fields = document.xpath('//form[@id="comment-form"]//input[@type="hidden"]')
    hidden = {field.get("name"): field.get("value") for field in fields}
    assert hidden["task"] == str(seat.task_id)
    assert hidden["back"] == f"/tasks/{seat.id}"
