"""What a person types is kept as it stands, per person and place, and forgotten once it is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from tests.support.cases import run_case
from webapp import jobs
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.organization.models import User
from webapp.workflow import commands, drafts, queries
from webapp.workflow.filing import Submission
from webapp.workflow.models import AnswerDraft, ProcessInstance, Seat

pytestmark = pytest.mark.usefixtures("app")
Person = Callable[[str], User]


def test_a_draft_keeps_every_pair_in_order_but_the_token(person: Person) -> None:
    zhang = person("wzpt.zhang")
    posted = MultiDict([("kinds", "a"), ("kinds", "b"), ("name", "<b>"), ("csrf_token", "secret")])
    drafts.save_draft(zhang, posted, process_key="new_account", title="新开")
    drafts.save_draft(zhang, MultiDict([("name", "第二次")]), process_key="other", title="另一件")
    kept = drafts.posted_of(queries.draft(zhang, process_key="new_account"))
    assert kept is not None
    assert list(kept.items(multi=True)) == [("kinds", "a"), ("kinds", "b"), ("name", "<b>")]


def test_saving_again_replaces_the_draft(person: Person) -> None:
    zhang = person("wzpt.zhang")
    for name in ("一", "二"):
        drafts.save_draft(zhang, MultiDict([("name", name)]), process_key="new_account", title=name)
    (row,) = db.session.scalars(select(AnswerDraft).where(AnswerDraft.user_id == zhang.id)).all()
    assert (row.title, row.version, row.posted) == ("二", 2, [["name", "二"]])


def test_an_absurdly_long_draft_is_refused(person: Person) -> None:
    with pytest.raises(Invalid):
        drafts.save_draft(
            person("wzpt.zhang"), MultiDict([("name", "长" * 600_000)]), process_key="new_account", title="长"
        )


def test_nobody_discards_somebody_elses_draft(person: Person) -> None:
    row = drafts.save_draft(person("wzpt.zhang"), MultiDict([("a", "1")]), process_key="new_account", title="新开")
    draft_id = row.id
    drafts.discard_draft(person("wzpt.liu"), draft_id)
    assert db.session.scalars(select(AnswerDraft.id)).all() == [draft_id]
    drafts.discard_draft(person("wzpt.zhang"), draft_id)
    assert db.session.scalars(select(AnswerDraft.id)).all() == []


def test_drafts_of_answered_tasks_are_forgotten_and_others_stay(person: Person) -> None:
    run = run_case("wzpt", "straight_way", steps=2)
    instance = db.session.get(ProcessInstance, run.instance_id)
    assert instance is not None
    (task,) = queries.open_tasks(instance).values()
    seat_id, version = task.seats[0].id, task.seats[0].version
    sun, qian = person("wzpt.sun"), person("wzpt.qian")
    for someone in (sun, qian):
        drafts.save_draft(someone, MultiDict([("opinion", "写到一半")]), seat_id=seat_id, title="意见")
    drafts.save_draft(qian, MultiDict([("name", "新号")]), process_key="new_account", title="新开")
    jobs.run_due(run.now)
    assert len(db.session.scalars(select(AnswerDraft)).all()) == 3
    commands.answer(sun, seat_id, version, Submission("approve", "同意"), now=run.now)
    jobs.run_due(run.now + timedelta(minutes=1))
    (left,) = db.session.scalars(select(AnswerDraft)).all()
    assert (left.user_id, left.process_key) == (qian.id, "new_account")
    seat = db.session.get(Seat, seat_id)
    assert seat is not None
    assert seat.state == "answered"
