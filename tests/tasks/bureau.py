"""A small institution where everything can be done with a task: what the machine, races and batches run on.

`line`: 审核, whose answer carries over after a return unless the name changed, 审定 with a seven-day timer, and 落实 by
a named person. `panel`: an opinion block, one branch countersigned by all of 财务, then a decision. `signing`: three
steps countersigned by a share, one after another, and with a veto, and one that any of a role signs. `calling`: a
called process with a step of its own and one that a seat for each role signs, then a step with a timer.

Some people hold two roles, and an applicant holds some, so that duties can be mixed up in every way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from tests.engine.drawing import Drawing, properties
from webapp.definitions.commands import deploy
from webapp.extensions import db, transactional
from webapp.organization.commands import add_person, grant_role
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.workflow import commands
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.starting import start_case

# A Monday in a week without holidays.
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PROCESSES = ("line", "panel", "signing", "calling")
_ENTRY = """
  - {{key: {key}, diagram: {key}.bpmn, name_zh: {name}, start: {{kinds: [staff]}}, title_zh: "{name}「{{name}}」",
     number: {{series: filing, format: "办〔{{year}}〕{{n:05d}}"}}}}"""
PACK = """
format: 1
institution: {code: bureau, name_zh: 办事学院, name_en: Bureau College, time_zone: Asia/Shanghai}
lead_unit: xcb
regulations: [regulations/bureau.yaml]
platforms: [{key: weibo, name_zh: 微博, name_en: Weibo}]
unit_kinds: [{key: school, name_zh: 学校}, {key: department, name_zh: 部门}]
units:
  - {code: bureau, name_zh: 办事学院, kind: school}
  - {code: xcb, name_zh: 宣传部, kind: department, parent: bureau}
roles:
  - {key: head, name_zh: 部门负责人, found: unit, unit: xcb}
  - {key: chief, name_zh: 主管领导, found: unit, unit: xcb}
  - {key: finance, name_zh: 财务, found: unit, unit: xcb}
  - {key: clerk, name_zh: 数据, found: unit, unit: xcb}
  - {key: system_admin, name_zh: 系统管理员, found: unit, unit: bureau}
number_series: [{key: account, format: "办备〔{year}〕{n:05d}号"}]
processes:""" + "".join(
    _ENTRY.format(key=key, name=name)
    for key, name in zip(PROCESSES, ("逐级", "会办", "会签", "调用"), strict=True)
)  # fmt: skip
REGULATION = """
document: bureau
title_zh: 办事办法
in_force_from: 2018-01-01
articles:
  - number: 第一条
    clauses:
      - {id: wzpt-1, kind: step, process: line, duty_zh: 逐级审批, duty_en: Approved step by step}
      - {id: wzpt-6, kind: deadline, process: line, duty_zh: 七日内办理, duty_en: Within seven days}
"""
_TEXT = '{"id": "%s", "type": "textfield", "key": "%s", "label": "%s", "properties": {"article": "wzpt-1"}%s}'
_FORM = '{"type": "default", "id": "%s", "schemaVersion": 19, "components": [%s]}'
PEOPLE = {
    "zhang": ("张老师", "head", "finance"),
    "li": ("李主任", "head"),
    "wang": ("王老师", "head", "chief"),
    "zhao": ("赵老师", "chief", "finance"),
    "sun": ("孙老师", "chief"),
    "qian": ("钱老师", "finance"),
    "zhou": ("周老师", "finance", "clerk"),
    "wu": ("吴老师", "clerk"),
    "zheng": ("郑老师",),
    "feng": ("冯管理员", "system_admin"),
}
APPLICANTS = ("zhang", "wang", "zheng")
_ALL = "approve,request_correction,reject"


def files() -> dict[str, bytes]:
    """The pack's files, as `deploy` takes them."""
    required = ', "validate": {"required": true}'
    return {
        "pack.yaml": PACK.encode(),
        "regulations/bureau.yaml": REGULATION.encode(),
        "forms/form.form": (_FORM % ("form", _TEXT % ("f", "name", "名称", ""))).encode(),
        "forms/check.form": (_FORM % ("check", _TEXT % ("f", "checked", "核对", required))).encode(),
        "line.bpmn": _line().xml(),
        "panel.bpmn": _panel().xml(),
        "signing.bpmn": _signing().xml(),
        "calling.bpmn": _calling().xml(),
        "common/inner.bpmn": _inner().xml(),
    }


def _begun(key: str) -> Drawing:
    drawing = Drawing(f"bureau_{key}")
    drawing.start("Start")
    drawing.gateway("Merge")
    drawing.user("Application", pauses_clock="true")
    drawing.flow("Start", "Merge", "Application")
    return drawing


def _decider(drawing: Drawing, id: str, groups: str, *, form: str = "", due: str = "", **given: str) -> str:
    told = {"article": "wzpt-1", "decisions": _ALL, **given}
    filled = f' camunda:formKey="{form}"' if form else ""
    until = f" camunda:dueDate='{due}'" if due else ""
    return drawing.raw(
        id,
        f'<bpmn:userTask id="{id}" name="{id}" camunda:candidateGroups="{groups}"{filled}{until}>'
        f"{properties(told)}</bpmn:userTask>",
    )


def _judged(drawing: Drawing, task: str, following: str) -> None:
    """After a task: corrections go back to the applicant, a refusal ends the case, else it goes on."""
    drawing.gateway(f"{task}Made", default=f"{task}Agreed")
    drawing.end(f"{task}Refused")
    drawing.flow(task, f"{task}Made")
    drawing.flow(f"{task}Made", "Merge", when=f'{task}.decision = "request_correction"')
    drawing.flow(f"{task}Made", f"{task}Refused", when=f'{task}.decision = "reject"')
    drawing.flow(f"{task}Made", following, id=f"{task}Agreed")


def _lapses(drawing: Drawing, task: str) -> None:
    drawing.timer(f"{task}Late", task)
    drawing.end(f"{task}Lapsed")
    drawing.flow(f"{task}Late", f"{task}Lapsed")


def _line() -> Drawing:
    drawing = _begun("line")
    _decider(drawing, "First", "head", after_return="straight", reviews="name", batch="true")
    _decider(
        drawing, "Second", "chief", due='due(5, "working_days")', after_return="again", batch="true",
        remind_before="1 working_days", escalate_to="head", escalate_after="0 working_days",
    )  # fmt: skip
    _lapses(drawing, "Second")
    drawing.user("Carry", assignee="=Application.helper")
    drawing.end("Done")
    drawing.flow("Application", "First")
    _judged(drawing, "First", "Second")
    _judged(drawing, "Second", "Carry")
    drawing.flow("Carry", "Done")
    return drawing


def _panel() -> Drawing:
    drawing = _begun("panel")
    with drawing.sub("Opinions"):
        drawing.start("OpinionsStart")
        drawing.gateway("OpinionsSplit", "parallel")
        drawing.gateway("OpinionsJoin", "parallel")
        drawing.end("OpinionsEnd")
        _decider(drawing, "Finance", "finance", countersign="all", decisions="approve,reject")
        _decider(drawing, "Data", "clerk", decisions="approve,reject", after_return="straight", reviews="name")
        drawing.flow("OpinionsStart", "OpinionsSplit")
        for branch in ("Finance", "Data"):
            drawing.flow("OpinionsSplit", branch, "OpinionsJoin")
        drawing.flow("OpinionsJoin", "OpinionsEnd")
    _decider(drawing, "Decision", "head", batch="true", form="check")
    drawing.end("Done")
    drawing.flow("Application", "Opinions", "Decision")
    _judged(drawing, "Decision", "Done")
    return drawing


def _signing() -> Drawing:
    drawing = _begun("signing")
    _decider(drawing, "Share", "head", countersign="ratio 2/3")
    _decider(drawing, "Row", "head,chief,finance", countersign="sequence", countersigners="roles")
    _decider(drawing, "Veto", "finance", countersign="veto", after_return="straight", reviews="name")
    _decider(drawing, "Any", "chief", countersign="any", batch="true")
    drawing.end("Done")
    drawing.flow("Application", "Share")
    for task, following in (("Share", "Row"), ("Row", "Veto"), ("Veto", "Any"), ("Any", "Done")):
        _judged(drawing, task, following)
    return drawing


def _calling() -> Drawing:
    drawing = _begun("calling")
    _decider(drawing, "First", "head")
    drawing.call("Called", "bureau_inner")
    _decider(drawing, "Last", "chief", due='due(5, "working_days")')
    _lapses(drawing, "Last")
    drawing.end("Done")
    drawing.flow("Application", "First")
    _judged(drawing, "First", "Called")
    drawing.flow("Called", "Last")
    _judged(drawing, "Last", "Done")
    return drawing


def _inner() -> Drawing:
    drawing = Drawing("bureau_inner")
    drawing.start("InnerStart")
    _decider(drawing, "InnerOne", "clerk", decisions="approve,reject")
    _decider(
        drawing, "InnerTwo", "chief,finance", countersign="all", countersigners="roles", decisions="approve,reject"
    )
    drawing.end("InnerEnd")
    drawing.flow("InnerStart", "InnerOne", "InnerTwo", "InnerEnd")
    return drawing


@dataclass(frozen=True)
class Bureau:
    """Ids only, as rows expire at every commit. `people` by name."""

    institution: int
    unit: int
    people: dict[str, int]

    def user(self, name: str | int) -> User:
        return db.session.get_one(User, self.people[name] if isinstance(name, str) else name)

    def answers(self, name: str = "信息之窗", helper: str = "wu") -> dict[str, Any]:
        """What an application says; `helper` is who carries it out in the end."""
        return {"name": name, "helper": {"id": self.people[helper], "name": PEOPLE[helper][0]}}

    def start(self, process: str = "line", *, by: str = "zheng", now: datetime = NOW, **said: str) -> int:
        submission = Submission(answers=self.answers(**said), form=("form", "0" * 64))
        return start_case(self.user(by), process, submission, now=now).id

    def seat(self, case_id: int, element: str, *, position: int = 0) -> tuple[int, int]:
        """Id and version of the main seat of the open task at a step, answered or not."""
        statement = select(Seat.id, Seat.version).join(UserTask, UserTask.id == Seat.task_id)
        at = (Seat.instance_id == case_id, UserTask.element == element, UserTask.state.in_(["open", "suspended"]))
        row = db.session.execute(statement.where(*at, Seat.kind == "main", Seat.position == position)).one()
        db.session.rollback()
        return row[0], row[1]

    def decide(self, case_id: int, element: str, by: str, decision: str = "approve") -> ProcessInstance:
        """Answer the open seat of a step."""
        return commands.answer(self.user(by), *self.seat(case_id, element), saying(decision), now=NOW)


def saying(decision: str, **more: Any) -> Submission:
    """A decision or an opinion with all the words it needs."""
    words = "" if decision == "submit" else "意见如上"
    return Submission(decision, words, ("wzpt-1",) if decision == "reject" else (), **more)


def build_bureau(password_hash: str = "") -> Bureau:
    """Deploy the pack and add its people; without a hash nobody of them can log in."""
    return _people(deploy(files(), specs(), actor=None, note="bureau").institution.id, password_hash)


@transactional
def _people(institution: int, password_hash: str) -> Bureau:
    school, office = unit_by_code(institution, "bureau"), unit_by_code(institution, "xcb")
    assert school is not None
    assert office is not None
    people = {}
    for key, (name, *roles) in PEOPLE.items():
        more = {"name_zh": name, "kind": "staff", "permanent": True, "email": f"{key}@example.test"}
        person = add_person(institution, f"bureau.{key}", unit_id=office.id, password_hash=password_hash, **more)
        people[key] = person.id
        for role in roles:
            unit = school if role == "system_admin" else office
            grant_role(institution, person.id, role, unit.id, actor=None)
    return Bureau(institution, office.id, people)
