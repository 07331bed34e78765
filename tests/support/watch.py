"""A small institution that watches its accounts, for tests of what the system starts by itself.

`rectification` is asked for when an account is silent for two months: it is put right by an update, else a criticism is
published after a month. `review` is left open to its applicant and decided by 审批人. `order` asks for a review of its
account. The people of the account are 张老师 (directly responsible) and 王老师 (administrator).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.engine.drawing import Drawing
from webapp.definitions.commands import deploy
from webapp.extensions import db, transactional
from webapp.organization.commands import add_person, grant_role
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.commands import enter_existing
from webapp.registry.models import Account
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.starting import start_case

# A Monday in a week without holidays.
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

PACK = """
format: 1
institution: {code: watch, name_zh: 守望学院, name_en: Watch College, time_zone: Asia/Shanghai}
lead_unit: xcb
regulations: [regulations/watch.yaml]
platforms:
  - {key: weibo, name_zh: 微博, name_en: Weibo, article: wzpt-1}
  - {key: qq_group, name_zh: QQ 群, name_en: QQ group, group: true, article: wzpt-1}
unit_kinds: [{key: school, name_zh: 学校}, {key: department, name_zh: 部门}]
units:
  - {code: watch, name_zh: 守望学院, kind: school}
  - {code: xcb, name_zh: 宣传部, kind: department, parent: watch}
  - {code: xx, name_zh: 信息学院, kind: department, parent: watch}
  - {code: xxtw, name_zh: 信息学院团委, kind: department, parent: xx}
roles:
  - {key: unit_head, name_zh: 审批人, found: unit, unit: xcb, article: wzpt-1}
processes:
  - {key: rectification, diagram: rectification.bpmn, name_zh: 整改, start: {}, about: account, article: wzpt-6,
     title_zh: "整改「{account}」", number: {series: filing, format: "整〔{year}〕{n:05d}"}}
  - {key: review, diagram: review.bpmn, name_zh: 审查, start: {kinds: [staff]}, about: account, article: wzpt-1,
     title_zh: "审查「{account}」", number: {series: filing, format: "审〔{year}〕{n:05d}"}}
  - {key: order, diagram: order.bpmn, name_zh: 责令, start: {kinds: [staff]}, about: account, article: wzpt-1,
     title_zh: "责令「{account}」", number: {series: filing, format: "令〔{year}〕{n:05d}"}}
inactivity: {months: 2, process: rectification, article: wzpt-6}
number_series:
  - {key: account, format: "守备〔{year}〕{n:03d}号", article: wzpt-1}
  - {key: group, format: "守群〔{year}〕{n:03d}号", article: wzpt-1}
  - {key: bulletin, format: "守报〔{year}〕{n:02d}期", article: wzpt-1}
texts:
  criticism: {subject_zh: "关于{name}的通报批评（{number}）", body_zh: "{name}在 {reference} 中逾期未改。",
              subject_en: "Criticism of {name}", body_en: "{name} was not put right."}
  told: {subject_zh: "请看 {reference}", body_zh: "请处理。"}
"""
REGULATION = """
document: watch
title_zh: 守望办法
in_force_from: 2018-01-01
articles:
  - number: 第一条
    clauses:
      - {id: wzpt-1, kind: step, process: review, duty_zh: 审查, duty_en: Review}
      - {id: wzpt-5, kind: rule, process: review, duty_zh: 分级, duty_en: Tiers}
      - {id: wzpt-6, kind: deadline, process: rectification, duty_zh: 久不更新的整改, duty_en: Silence is put right}
"""
_ACCOUNT = """{"id": "a", "type": "select", "key": "account", "label": "账号", "values": [],
  "properties": {"kind": "account", "article": "wzpt-1"}}"""
_FORM = """{"type": "default", "id": "%s", "schemaVersion": 19, "components": [%s]}"""
_SINCE = """{"id": "s", "type": "textfield", "key": "last_update_on", "label": "最近更新",
  "properties": {"article": "wzpt-6"}}"""
_NOTE = """{"id": "n", "type": "textfield", "key": "note", "label": "说明", "properties": {"article": "wzpt-1"}}"""
_LATELY = """{"id": "l", "type": "textfield", "key": "lately", "label": "近况", "defaultValue": "无",
  "properties": {"article": "wzpt-1"}}"""


def files() -> dict[str, bytes]:
    """The pack's files, as `deploy` takes them."""
    forms = {"rectification": (_ACCOUNT, _SINCE), "review": (_ACCOUNT, _NOTE, _LATELY), "form": (_NOTE,)}
    return {
        "pack.yaml": PACK.encode(),
        "regulations/watch.yaml": REGULATION.encode(),
        **{f"forms/{key}.form": (_FORM % (key, ",".join(fields))).encode() for key, fields in forms.items()},
        "rectification.bpmn": _rectification().xml(),
        "review.bpmn": _review().xml(),
        "order.bpmn": _order().xml(),
    }


def _rectification() -> Drawing:
    drawing = Drawing("watch_rectification")
    drawing.start("Start")
    drawing.user("Application", form="rectification")
    state = "registry.set_account_state"
    drawing.service("Begin", state, inputs={"account": "case.account.id", "state": '"rectification"'})
    drawing.user("PutRight", assignee="applicant", completed_by="account_update", due_date='due(1, "months")')
    drawing.service("Restore", state, inputs={"account": "case.account.id", "state": '"active"'})
    drawing.end("Done")
    drawing.timer("Late", "PutRight", 'due(1, "months")')
    values = "{name: case.account.name}"
    given = {"text": '"criticism"', "values": values, "kind": '"criticism"', "account": "case.account.id"}
    drawing.service("Criticise", "bulletins.publish", inputs=given)
    measured = {"kind": '"criticism"', "note": '"久未更新"', "account": "case.account.id"}
    drawing.service("Measure", "registry.record_measure", inputs=measured)
    drawing.end("Criticised")
    drawing.flow("Start", "Application", "Begin", "PutRight", "Restore", "Done")
    drawing.flow("Late", "Criticise", "Measure", "Criticised")
    return drawing


def _review() -> Drawing:
    drawing = Drawing("watch_review")
    drawing.start("Start")
    drawing.user("Application", form="review")
    drawing.user("Decide", form=None, decisions="approve,reject")
    given = {"account": "case.account.id", "period": '"2026"', "result": '"passed"', "note": "Application.note"}
    drawing.service("Keep", "registry.record_review", inputs=given)
    drawing.end("Done")
    drawing.flow("Start", "Application", "Decide", "Keep", "Done")
    return drawing


def _order() -> Drawing:
    drawing = Drawing("watch_order")
    drawing.start("Start")
    drawing.user("Application", form="review")
    given = {"process": '"review"', "account": "case.account.id", "answers": '{note: "请说明"}', "reason": '"须审查"'}
    drawing.service("Ask", "cases.request", inputs=given)
    drawing.end("Done")
    drawing.flow("Start", "Application", "Ask", "Done")
    return drawing


@dataclass(frozen=True)
class Watch:
    """Ids only, as rows expire at every commit."""

    institution: int
    unit: int
    office: int
    zhang: int
    wang: int
    head: int

    def user(self, user_id: int) -> User:
        return db.session.get_one(User, user_id)

    def enter(self, name: str = "信息之窗", now: datetime = NOW, unit_id: int | None = None, **more: Any) -> int:
        """An account of 信息学院 or another unit, entered at `now`; returns its id."""
        people = {
            "directly_responsible": {"id": self.zhang, "name": "张老师"},
            "administrators": [{"person": {"id": self.wang, "name": "王老师"}, "kind": "staff"}],
        }
        stated = {"platform": "weibo", "name": name, **people, **more}
        return enter_existing(self.institution, unit_id or self.unit, stated, now=now).id

    def answer(self, account_id: int) -> dict[str, Any]:
        """The answer of a form field of kind account."""
        row = db.session.get_one(Account, account_id)
        return {"id": row.id, "filing_number": row.filing_number, "name": row.name, "platform": row.platform}

    def order(self, account_id: int, now: datetime = NOW) -> int:
        """审批人 orders a review of the account; returns the ordering case's id."""
        answers = {"account": self.answer(account_id), "note": "", "lately": ""}
        return start_case(self.user(self.head), "order", Submission(answers=answers), now=now).id


def build_watch(password_hash: str = "") -> Watch:
    """Deploy the pack and add its people; without a hash nobody of them can log in."""
    return _people(deploy(files(), specs(), actor=None, note="watch").institution.id, password_hash)


@transactional
def _people(institution: int, password_hash: str) -> Watch:
    unit, office = unit_by_code(institution, "xx"), unit_by_code(institution, "xcb")
    assert unit is not None
    assert office is not None

    def person(username: str, name: str, unit_id: int) -> int:
        more = {"name_zh": name, "kind": "staff", "permanent": True, "email": f"{username}@example.test"}
        return add_person(institution, username, unit_id=unit_id, password_hash=password_hash, **more).id

    zhang, wang = person("watch.zhang", "张老师", unit.id), person("watch.wang", "王老师", unit.id)
    head = person("watch.head", "审批人", office.id)
    grant_role(institution, head, "unit_head", office.id, actor=None)
    return Watch(institution, unit.id, office.id, zhang, wang, head)
