"""A small institution whose accounts change: for tests of cases about a registered account.

`change` is to be filed within 7 working days of `changed_on`, an old one by the end of January 2026; it is decided by
审批人, or by 负责人 when it is late, who then confirms it by the last day to file. `report` is filed once for each
year. `relief` is for accounts under rectification only. `chain` has three steps of three roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from tests.engine.drawing import Drawing, properties
from webapp.definitions.commands import deploy
from webapp.extensions import db, in_transaction, transactional
from webapp.organization.commands import add_person, grant_role
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.commands import enter_existing
from webapp.registry.models import Account
from webapp.workflow import commands
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.starting import start_case

# A Monday in a week without holidays.
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_NUMBER = 'number: {series: filing, format: "变〔{year}〕{n:04d}"}'

PACK = f"""
format: 1
institution: {{code: changing, name_zh: 变更学院, name_en: Changing College, time_zone: Asia/Shanghai}}
lead_unit: xcb
regulations: [regulations/changing.yaml]
platforms:
  - {{key: weibo, name_zh: 微博, name_en: Weibo, article: wzpt-1}}
  - {{key: qq_group, name_zh: QQ 群, name_en: QQ group, group: true, article: wzpt-1}}
unit_kinds: [{{key: school, name_zh: 学校}}, {{key: department, name_zh: 部门}}]
units:
  - {{code: changing, name_zh: 变更学院, kind: school}}
  - {{code: xcb, name_zh: 宣传部, kind: department, parent: changing}}
  - {{code: xx, name_zh: 信息学院, kind: department, parent: changing}}
  - {{code: xxtw, name_zh: 信息学院团委, kind: department, parent: xx}}
roles:
  - {{key: unit_head, name_zh: 审批人, found: unit, unit: xcb, article: wzpt-1}}
  - {{key: publicity_head, name_zh: 负责人, found: unit, unit: xcb, article: wzpt-1}}
  - {{key: finance, name_zh: 财务, found: unit, unit: xcb, article: wzpt-1}}
processes:
  - {{key: change, diagram: change.bpmn, name_zh: 变更备案, start: {{kinds: [staff]}}, about: account, article: wzpt-1,
     title_zh: "变更「{{account}}」", {_NUMBER},
     deadline: [
       {{fixed: {{last_day: "2026-01-31", when: 'kind = "old"'}}, article: wzpt-5}},
       {{n: 7, unit: working_days, since: changed_on, article: wzpt-6}}]}}
  - {{key: report, diagram: report.bpmn, name_zh: 年度报告, start: {{kinds: [staff]}}, about: account, article: wzpt-1,
     one_open: false, period_field: period, title_zh: "年报「{{account}}」", {_NUMBER}}}
  - {{key: relief, diagram: relief.bpmn, name_zh: 整改完成, start: {{kinds: [staff]}}, about: account, article: wzpt-1,
     account_states: [rectification], title_zh: "整改「{{account}}」", {_NUMBER}}}
  - {{key: chain, diagram: chain.bpmn, name_zh: 三级审批, start: {{kinds: [staff]}}, article: wzpt-1,
     title_zh: "三级审批", {_NUMBER}}}
number_series:
  - {{key: account, format: "变备〔{{year}}〕{{n:03d}}号", article: wzpt-1}}
"""
REGULATION = """
document: changing
title_zh: 变更办法
in_force_from: 2018-01-01
articles:
  - number: 第一条
    clauses:
      - {id: wzpt-1, kind: step, process: change, duty_zh: 变更备案, duty_en: Changes are filed}
      - {id: wzpt-5, kind: rule, process: change, duty_zh: 旧账的期限, duty_en: Old ones}
      - {id: wzpt-6, kind: deadline, process: change, duty_zh: 七日内, duty_en: Within seven days}
"""
_FORM = '{"type": "default", "id": "%s", "schemaVersion": 19, "components": [%s]}'
_ACCOUNT = """{"id": "a", "type": "select", "key": "account", "label": "账号", "values": [],
  "validate": {"required": true},
  "properties": {"kind": "account", "article": "wzpt-1"}}"""
_KIND = """{"id": "k", "type": "select", "key": "kind", "label": "类别", "values": [{"value": "new", "label": "新"},
  {"value": "old", "label": "旧"}], "properties": {"article": "wzpt-1"}}"""
_CHANGED_ON = """{"id": "d", "type": "datetime", "subtype": "date", "key": "changed_on", "label": "变更日期",
  "properties": {"article": "wzpt-6"}}"""
_NAME = """{"id": "n", "type": "textfield", "key": "name", "label": "名称",
  "properties": {"article": "wzpt-1", "current": "case.account.name"}}"""
_PERSON = """{"id": "p", "type": "select", "key": "directly_responsible", "label": "直接责任人", "values": [],
  "properties": {"kind": "person", "article": "wzpt-1", "current": "case.account.directly_responsible"}}"""
_PERIOD = """{"id": "y", "type": "textfield", "key": "period", "label": "年度", "properties": {"article": "wzpt-1"}}"""
_NOTE = """{"id": "n", "type": "textfield", "key": "note", "label": "说明", "properties": {"article": "wzpt-1"}}"""


def files() -> dict[str, bytes]:
    """The pack's files, as `deploy` takes them."""
    forms = {
        "change": (_ACCOUNT, _KIND, _CHANGED_ON, _NAME, _PERSON),
        "report": (_ACCOUNT, _PERIOD),
        "relief": (_ACCOUNT,),
        "form": (_NOTE,),
    }
    return {
        "pack.yaml": PACK.encode(),
        "regulations/changing.yaml": REGULATION.encode(),
        **{f"forms/{key}.form": (_FORM % (key, ",".join(fields))).encode() for key, fields in forms.items()},
        "change.bpmn": _change().xml(),
        "report.bpmn": _short("report").xml(),
        "relief.bpmn": _short("relief").xml(),
        "chain.bpmn": _chain().xml(),
    }


def decider(drawing: Drawing, id: str, groups: str, *, due: str = "", **given: str) -> str:
    """A task of decisions for these candidate groups."""
    told = {"article": "wzpt-1", "decisions": "approve,request_correction,reject", **given}
    until = f" camunda:dueDate='{due}'" if due else ""
    return drawing.raw(
        id,
        f'<bpmn:userTask id="{id}" name="{id}" camunda:candidateGroups=\'{groups}\'{until}>'
        f"{properties(told)}</bpmn:userTask>",
    )


def _change() -> Drawing:
    drawing = Drawing("changing_change")
    drawing.start("Start")
    drawing.gateway("Merge")
    drawing.user("Application", form="change", pauses_clock="true")
    role = '=if case.late then "publicity_head" else "unit_head"'
    decider(drawing, "Decide", role, roles="unit_head, publicity_head")
    drawing.gateway("Decided", default="Approved")
    decider(drawing, "Confirm", "publicity_head", due="case.last_day")
    drawing.end("Done")
    drawing.flow("Start", "Merge", "Application", "Decide", "Decided")
    drawing.flow("Decided", "Merge", when='Decide.decision = "request_correction"')
    drawing.flow("Decided", "Confirm", id="Approved")
    drawing.flow("Confirm", "Done")
    return drawing


def _short(key: str) -> Drawing:
    drawing = Drawing(f"changing_{key}")
    drawing.start("Start")
    drawing.user("Application", form=key)
    decider(drawing, "Decide", "unit_head")
    drawing.gateway("Decided", default="Approved")
    drawing.end("Done")
    drawing.raw("Refused", f'<bpmn:endEvent id="Refused" name="R">{properties({"outcome": "refused"})}</bpmn:endEvent>')
    drawing.flow("Start", "Application", "Decide", "Decided")
    drawing.flow("Decided", "Refused", when='Decide.decision = "reject"')
    drawing.flow("Decided", "Done", id="Approved")
    return drawing


def _chain() -> Drawing:
    drawing = Drawing("changing_chain")
    drawing.start("Start")
    drawing.user("Application", form="form")
    for step, role in (("First", "unit_head"), ("Second", "publicity_head"), ("Third", "finance")):
        decider(drawing, step, role)
    drawing.end("Done")
    drawing.flow("Start", "Application", "First", "Second", "Third", "Done")
    return drawing


@dataclass(frozen=True)
class Changing:
    """Ids only, as rows expire at every commit. `people` by name: zhang, wang, head, chief, money."""

    institution: int
    unit: int
    office: int
    people: dict[str, int]

    def user(self, name: str) -> User:
        return db.session.get_one(User, self.people[name])

    def enter(self, name: str = "信息之窗", **more: Any) -> int:
        """An account of 信息学院, whose 张老师 is directly responsible; returns its id."""
        person = {"id": self.people["zhang"], "name": "张老师"}
        stated = {"platform": "weibo", "name": name, "directly_responsible": person, **more}
        return enter_existing(self.institution, more.pop("unit_id", None) or self.unit, stated, now=NOW).id

    def answers(self, account_id: int, **more: Any) -> dict[str, Any]:
        row = db.session.get_one(Account, account_id)
        kept = {"id": row.id, "filing_number": row.filing_number, "name": row.name, "platform": row.platform}
        return {"account": kept, **more}

    def start(self, process: str, answers: dict[str, Any], *, by: str = "zhang", now: datetime = NOW) -> int:
        return start_case(self.user(by), process, Submission(answers=answers), now=now).id

    def decide(self, case_id: int, element: str, by: str, decision: str = "approve", **more: Any) -> ProcessInstance:
        seat_id, version = self.seat(case_id, element)
        grounds = ("wzpt-1",) if decision == "reject" else ()
        answers = more.pop("answers", {})
        words = Submission(decision, "意见如上" if decision != "submit" else "", grounds, answers)
        return commands.answer(self.user(by), seat_id, version, words, now=more.get("now", NOW))

    def seat(self, case_id: int, element: str) -> tuple[int, int]:
        """Id and version of the open seat at a step of a case."""
        statement = select(Seat.id, Seat.version).join(UserTask, UserTask.id == Seat.task_id)
        statement = statement.where(Seat.instance_id == case_id, UserTask.element == element, Seat.state == "open")
        row = db.session.execute(statement).one()
        if not in_transaction():
            db.session.rollback()
        return row[0], row[1]


def build_changing(password_hash: str = "") -> Changing:
    """Deploy the pack and add its people; without a hash nobody of them can log in."""
    return _people(deploy(files(), specs(), actor=None, note="changing").institution.id, password_hash)


@transactional
def _people(institution: int, password_hash: str) -> Changing:
    unit, office = unit_by_code(institution, "xx"), unit_by_code(institution, "xcb")
    assert unit is not None
    assert office is not None
    named = {"zhang": "张老师", "wang": "王老师", "head": "审批人", "chief": "负责人", "money": "财务"}
    people = {}
    for key, name in named.items():
        place = unit.id if key in ("zhang", "wang") else office.id
        more = {"name_zh": name, "kind": "staff", "permanent": True, "email": f"{key}@example.test"}
        person = add_person(institution, f"changing.{key}", unit_id=place, password_hash=password_hash, **more)
        people[key] = person.id
    for key, role in (("head", "unit_head"), ("chief", "publicity_head"), ("money", "finance")):
        grant_role(institution, people[key], role, office.id, actor=None)
    return Changing(institution, unit.id, office.id, people)
