"""The institution of `tests.support.changing`, whose process `chain` lets its first step be approved in batches."""

from __future__ import annotations

from sqlalchemy import select

from tests.support.changing import Changing, _people, files
from webapp.definitions.commands import deploy
from webapp.extensions import db, transactional
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.models import Seat
from webapp.workflow.starting import start_case

_FIRST = b'<bpmn:userTask id="First"'
_PROPERTIES = b"<camunda:properties>"


def build_batchable(password_hash: str = "") -> Changing:
    """Deploy the pack with the property `batch` on the step First, and add its people."""
    made = dict(files())
    head, tail = made["chain.bpmn"].split(_FIRST, 1)
    tail = tail.replace(_PROPERTIES, _PROPERTIES + b'<camunda:property name="batch" value="true" />', 1)
    made["chain.bpmn"] = head + _FIRST + tail
    return _people(deploy(made, specs(), actor=None, note="batchable").institution.id, password_hash)


def chains(made: Changing, count: int) -> list[int]:
    """That many cases of `chain`, filed in one transaction and waiting at First; ids of their open seats."""

    @transactional
    def begin() -> list[int]:
        zhang = made.user("zhang")
        return [start_case(zhang, "chain", Submission(answers={"note": f"第 {n} 件"})).id for n in range(count)]

    cases = begin()
    found = list(db.session.scalars(select(Seat.id).where(Seat.instance_id.in_(cases), Seat.state == "open")))
    db.session.rollback()
    return found
