"""A small institution for tests of reliability: processes with timers, an opinion block and a registration.

`approval` is the workload: apply, the unit's opinion, the publicity decision (both with a seven-day interrupting
timer), register and notify. `opinions` has two branches at once. `automatic` registers when its timer fires, and its
reminders and escalations go to 计时 roles; an application without a name makes that registration fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from tests.engine.drawing import Drawing
from webapp.definitions.commands import deploy
from webapp.extensions import db, in_transaction, transactional
from webapp.organization.commands import add_person, grant_role
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code, user_by_name
from webapp.workflow import commands
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.starting import start_case

CODE = "trial"
# A Monday in a week without holidays.
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

PACK = """
format: 1
institution: {code: trial, name_zh: 试验学院, name_en: Trial College, time_zone: Asia/Shanghai}
lead_unit: xcb
regulations: [regulations/trial.yaml]
platforms: [{key: weibo, name_zh: 微博, name_en: Weibo}]
unit_kinds: [{key: school, name_zh: 学校}, {key: department, name_zh: 部门}]
units:
  - {code: trial, name_zh: 试验学院, kind: school}
  - {code: xcb, name_zh: 宣传部, kind: department, parent: trial}
roles:
  - {key: unit_head, name_zh: 审批人, found: unit, unit: xcb}
  - {key: overseer, name_zh: 督办人, found: unit, unit: xcb}
processes:
  - {key: approval, diagram: approval.bpmn, name_zh: 备案, start: {kinds: [staff]}, title_zh: "备案「{name}」",
     number: {series: filing, format: "试〔{year}〕{n:05d}"}}
  - {key: opinions, diagram: opinions.bpmn, name_zh: 会签, start: {kinds: [staff]}, title_zh: "会签「{name}」",
     number: {series: filing, format: "试〔{year}〕{n:05d}"}}
  - {key: automatic, diagram: automatic.bpmn, name_zh: 到期登记, start: {kinds: [staff]}, title_zh: "到期「{name}」",
     number: {series: filing, format: "试〔{year}〕{n:05d}"}}
number_series: [{key: account, format: "试备〔{year}〕{n:05d}号"}]
texts:
  registered: {subject_zh: "已备案 {reference}", body_zh: "您的账号已经备案。"}
"""
REGULATION = """
document: trial
title_zh: 试验办法
in_force_from: 2018-01-01
articles:
  - number: 第一条
    clauses:
      - {id: wzpt-1, kind: step, process: approval, duty_zh: 逐级审批, duty_en: Approved step by step}
      - {id: wzpt-5, kind: rule, process: approval, duty_zh: 分级, duty_en: Tiers}
      - {id: wzpt-6, kind: deadline, process: approval, duty_zh: 七日内办理, duty_en: Within seven days}
"""
FORM = """{"type": "default", "id": "form", "schemaVersion": 19, "components": [
  {"id": "f", "type": "textfield", "key": "name", "label": "名称", "properties": {"article": "wzpt-1"}},
  {"id": "g", "type": "textfield", "key": "platform", "label": "平台", "properties": {"article": "wzpt-1"}}]}"""
DECIDES = "approve,request_correction,reject"


def files() -> dict[str, bytes]:
    """The pack's files, as `deploy` takes them."""
    return {
        "pack.yaml": PACK.encode(),
        "regulations/trial.yaml": REGULATION.encode(),
        "forms/form.form": FORM.encode(),
        "approval.bpmn": _approval().xml(),
        "opinions.bpmn": _opinions().xml(),
        "automatic.bpmn": _automatic().xml(),
    }


def _begun(key: str) -> Drawing:
    drawing = Drawing(f"{CODE}_{key}")
    drawing.start("Start")
    drawing.gateway("Merge")
    drawing.user("Application", pauses_clock="true")
    drawing.flow("Start", "Merge", "Application")
    return drawing


def _registered(drawing: Drawing) -> None:
    drawing.service(
        "Register",
        "registry.register_account",
        result="Registered",
        inputs={"application": "Application", "tier": '"1"'},
    )
    drawing.service("Notify", "notifications.notify", result="", inputs={"to": '"applicant"', "text": '"registered"'})
    drawing.end("Done")
    drawing.flow("Register", "Notify", "Done")


def _lapses(drawing: Drawing, task: str) -> None:
    drawing.timer(f"{task}Late", task)
    drawing.end(f"{task}Lapsed")
    drawing.flow(f"{task}Late", f"{task}Lapsed")


def _approval() -> Drawing:
    drawing = _begun("approval")
    for task in ("UnitOpinion", "PublicityDecision"):
        drawing.user(task, decisions=DECIDES, due_date='due(5, "working_days")')
        drawing.gateway(f"{task}Made", default=f"{task}Refused")
        _lapses(drawing, task)
        drawing.end(f"{task}Rejected")
        drawing.flow(task, f"{task}Made")
        drawing.flow(f"{task}Made", f"{task}Rejected", id=f"{task}Refused")
        drawing.flow(f"{task}Made", "Merge", when=f'{task}.decision = "request_correction"')
    drawing.flow("Application", "UnitOpinion")
    drawing.flow("UnitOpinionMade", "PublicityDecision", when='UnitOpinion.decision = "approve"')
    _registered(drawing)
    drawing.flow("PublicityDecisionMade", "Register", when='PublicityDecision.decision = "approve"')
    return drawing


def _opinions() -> Drawing:
    drawing = Drawing(f"{CODE}_opinions")
    drawing.start("Start")
    drawing.user("Application", pauses_clock="true")
    drawing.block("Opinions", ("Finance",), ("Data",))
    drawing.user("Decision", decisions="approve,reject")
    drawing.end("Done")
    drawing.flow("Start", "Application", "Opinions", "Decision", "Done")
    return drawing


def _automatic() -> Drawing:
    drawing = Drawing(f"{CODE}_automatic")
    drawing.start("Start")
    drawing.user("Application", pauses_clock="true")
    drawing.user(
        "Review",
        decisions="approve,reject",
        due_date='due(5, "working_days")',
        remind_before="1 working_days",
        escalate_to="overseer",
        escalate_after="0 working_days",
    )
    drawing.timer("ReviewLate", "Review", "P30D")
    drawing.end("Reviewed")
    drawing.flow("Start", "Application", "Review", "Reviewed")
    _registered(drawing)
    drawing.flow("ReviewLate", "Register")
    return drawing


@dataclass(frozen=True)
class Trial:
    """Ids only, as rows expire at every commit. Approvers hold `unit_head`; 督办 is the overseer."""

    institution: int
    unit: int
    applicant: int
    approvers: tuple[int, ...]
    overseer: int

    def user(self, user_id: int) -> User:
        found = db.session.get(User, user_id)
        assert found is not None
        return found

    def answers(self, name: str | None = "微博账号") -> dict[str, Any]:
        """An application; without a name it cannot be registered."""
        unit = {"id": self.unit, "code": "xcb", "name": "宣传部"}
        filled: dict[str, Any] = {"platform": "weibo", "unit": unit, "purpose": "发布通知"}
        return filled | ({"name": name} if name else {})

    def start(
        self, process: str = "approval", *, name: str | None = "微博账号", key: str | None = None, now: datetime = NOW
    ) -> int:
        """File an application; returns the case's id."""
        submission = Submission(answers=self.answers(name), form=("form", "0" * 64), key=key)
        return start_case(self.user(self.applicant), process, submission, now=now).id

    def seat(self, instance_id: int, element: str) -> tuple[int, int]:
        """Id and version of the open seat at a step of a case."""
        statement = select(Seat.id, Seat.version).join(UserTask, UserTask.id == Seat.task_id)
        statement = statement.where(Seat.instance_id == instance_id, UserTask.element == element, Seat.state == "open")
        row = db.session.execute(statement).one()
        if not in_transaction():
            db.session.rollback()
        return row[0], row[1]

    def decide(
        self,
        instance_id: int,
        element: str,
        decision: str = "approve",
        *,
        by: int | None = None,
        key: str | None = None,
        now: datetime = NOW,
        answers: dict[str, Any] | None = None,
    ) -> ProcessInstance:
        """Answer the open seat of a step as the first approver, or as `by`."""
        seat_id, version = self.seat(instance_id, element)
        actor = self.user(by or self.approvers[0])
        return commands.answer(actor, seat_id, version, deciding(decision, key, answers), now=now)


def deciding(decision: str, key: str | None = None, answers: dict[str, Any] | None = None) -> Submission:
    """A decision with all the words it needs."""
    grounds = ("wzpt-1",) if decision == "reject" else ()
    words = "" if decision == "submit" else "意见如上"
    return Submission(decision, words, grounds, answers or {}, None, key)


def build_trial(approvers: int = 4) -> Trial:
    """Deploy the pack and add its people: 张老师 applies, 审批人 1.. approve, 督办老师 watches."""
    institution = deploy(files(), specs(), actor=None, note="trial").institution.id
    _people(institution, approvers)
    return find_trial()


@transactional
def _people(institution: int, approvers: int) -> None:
    unit = unit_by_code(institution, "xcb")
    assert unit is not None

    def person(username: str, name: str, *roles: str) -> None:
        more = {"name_zh": name, "kind": "staff", "permanent": True, "email": f"{username}@example.test"}
        user = add_person(institution, username, unit_id=unit.id, password_hash="", **more)
        for role in roles:
            grant_role(institution, user.id, role, unit.id, actor=None)

    person("trial.zhang", "张老师")
    for number in range(1, approvers + 1):
        person(f"trial.approver{number}", f"审批人{number}", "unit_head")
    person("trial.overseer", "督办老师", "overseer")


def find_trial() -> Trial:
    """The trial institution of a database that already has it."""
    applicant, overseer = user_by_name("trial.zhang"), user_by_name("trial.overseer")
    assert applicant is not None
    assert overseer is not None
    assert applicant.unit_id is not None
    statement = select(User.id).where(User.username.startswith("trial.approver")).order_by(User.id)
    approvers = tuple(db.session.scalars(statement))
    found = Trial(applicant.institution_id, applicant.unit_id, applicant.id, approvers, overseer.id)
    db.session.rollback()
    return found


def fresh() -> None:
    """End the session's read transaction and forget what it has read: what comes next is as the tables have it."""
    db.session.rollback()
    db.session.expire_all()


def new_key() -> str:
    """A submission key, as a page carries one."""
    return uuid4().hex


def later(**amount: float) -> datetime:
    """The trial's first moment, moved on."""
    return NOW + timedelta(**amount)


Act = Callable[[], Any]
