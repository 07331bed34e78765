"""A small institution with campaigns: a yearly review of accounts, one over units, one opened by hand.

Two colleges have accounts, a third unit has none; 李主任 heads the first college, 孙老师 reviews for the lead office.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from tests.engine.drawing import Drawing
from webapp import jobs
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.definitions.commands import deploy
from webapp.extensions import db, transactional
from webapp.organization.commands import add_person, grant_role
from webapp.organization.models import User
from webapp.organization.queries import institution, unit_by_code, user_by_name
from webapp.registry.commands import enter_existing
from webapp.workflow import commands
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, UserTask

CODE = "drill"
ZONE = ZoneInfo("Asia/Shanghai")

PACK = """
format: 1
institution: {code: drill, name_zh: 演练学院, name_en: Drill College, time_zone: Asia/Shanghai}
lead_unit: xcb
regulations: [regulations/drill.yaml]
platforms: [{key: weibo, name_zh: 微博, name_en: Weibo}, {key: qq_group, name_zh: QQ群, name_en: QQ group, group: true}]
unit_kinds: [{key: school, name_zh: 学校}, {key: department, name_zh: 部门}]
units:
  - {code: drill, name_zh: 演练学院, name_en: Drill College, kind: school}
  - {code: xcb, name_zh: 宣传部, name_en: Publicity Department, kind: department, parent: drill}
  - {code: sj, name_zh: 设计学院, name_en: School of Design, kind: department, parent: drill}
  - {code: jd, name_zh: 机电学院, name_en: School of Mechatronics, kind: department, parent: drill}
  - {code: tsg, name_zh: 图书馆, name_en: Library, kind: department, parent: drill}
roles:
  - {key: unit_head, name_zh: 部门负责人, found: case_unit}
  - {key: reviewer, name_zh: 宣传部审核人, found: unit, unit: xcb}
processes:
  - {key: review, diagram: review.bpmn, name_zh: 年度审查, start: {kinds: [staff]}, title_zh: "审查「{name}」",
     about: account, period_field: period, number: {series: filing, format: "演〔{year}〕{n:05d}"}}
  - {key: rectify, diagram: rectify.bpmn, name_zh: 整改, start: {}, title_zh: "整改「{name}」", about: account,
     number: {series: filing, format: "演〔{year}〕{n:05d}"}}
  - {key: report, diagram: report.bpmn, name_zh: 单位报告, start: {}, title_zh: "报告「{unit}」",
     number: {series: filing, format: "演〔{year}〕{n:05d}"}}
number_series:
  - {key: account, format: "演备〔{year}〕{n:05d}号"}
  - {key: bulletin, format: "通报〔{year}〕{n:02d}号"}
texts:
  review_bulletin:
    subject_zh: "{period} 年度审查情况通报"
    body_zh: "应报 {total}，已报 {filed}，未报 {unfiled}，通过 {passed}，未通过 {failed}，零报告 {zero}，\\
      逾期提交 {late}。\\n{units}"
campaigns:
  - key: yearly
    process: review
    name_zh: 年度审查
    name_en: Yearly review
    article: wzpt-1
    where: 'account.state != "deregistered" and not(account.group)'
    recurs: {month: 6, day: 1}
    last_day: {month: 6, day: 30}
    reminders: ["7 days", "2 working_days"]
    windows:
      - {key: self_check, name_zh: 自查, name_en: Self-check, days: [0, 14]}
      - {key: check, name_zh: 复核, days: [15, 29]}
    answers: {name: account.name, period: campaign.period, note: 'if last = null then "首次" else last.note'}
    zero_report: true
    on_close:
      bulletin: review_bulletin
      unfiled: {process: rectify, answers: {note: '"未按期提交 " + campaign.period'}, reason_zh: 未按期提交年度审查}
    manage_roles: [reviewer]
  - key: units_report
    process: report
    name_zh: 单位报告
    targets: units
    where: 'unit.kind = "department"'
    recurs: {month: 2, day: 9}
    last_day: {days: 17}
    reminders: ["3 working_days"]
    answers: {note: 'unit.name'}
    manage_roles: [reviewer]
  - key: by_hand
    process: review
    name_zh: 集中备案
    last_day: {days: 10}
    where: 'account.unit.code = "jd"'
    answers: {name: account.name, period: '"集中" + campaign.period'}
    manage_roles: [reviewer]
"""
REGULATION = """
document: drill
title_zh: 演练办法
in_force_from: 2018-01-01
articles:
  - number: 第一条
    clauses:
      - {id: wzpt-1, kind: calendar, process: annual_review, duty_zh: 每年六月审查, duty_en: Reviewed every June}
      - {id: wzpt-5, kind: rule, process: annual_review, duty_zh: 分级, duty_en: Tiers}
      - {id: wzpt-6, kind: deadline, process: annual_review, duty_zh: 时限, duty_en: Deadlines}
"""


def _form(key: str, *fields: tuple[str, str, dict[str, Any]]) -> bytes:
    import json

    components = [
        {
            "id": f"Field_{name}",
            "type": "select" if "kind" in more else "textfield",
            "key": name,
            "label": label,
            "properties": {"article": "wzpt-1", **more},
        }
        for name, label, more in fields
    ]
    return json.dumps({"type": "default", "id": key, "schemaVersion": 19, "components": components}).encode()


def files(pack: str = PACK) -> dict[str, bytes]:
    """The pack's files, as `deploy` takes them."""
    about = ("account", "账号", {"kind": "account", "scope": "all"})
    name = ("name", "名称", {"current": "case.account.name"})
    period, note = ("period", "年度", {}), ("note", "说明", {})
    return {
        "pack.yaml": pack.encode(),
        "regulations/drill.yaml": REGULATION.encode(),
        "forms/review.form": _form("review", about, name, period, note),
        "forms/rectify.form": _form("rectify", about, note),
        "forms/report.form": _form("report", note),
        "review.bpmn": _review().xml(),
        "rectify.bpmn": _simple("rectify").xml(),
        "report.bpmn": _simple("report").xml(),
    }


def _review() -> Drawing:
    drawing = Drawing(f"{CODE}_review")
    drawing.start("Start")
    drawing.user("Application", form="review")
    drawing.user("UnitOpinion", form=None, decisions="approve,reject")
    drawing.gateway("Made", default="Refused")
    drawing.raw(
        "Rejected",
        '<bpmn:endEvent id="Rejected" name="未通过"><bpmn:extensionElements><camunda:properties>'
        '<camunda:property name="outcome" value="refused" /></camunda:properties></bpmn:extensionElements>'
        "</bpmn:endEvent>",
    )
    drawing.end("Done")
    drawing.flow("Start", "Application", "UnitOpinion", "Made")
    drawing.flow("Made", "Rejected", id="Refused")
    drawing.flow("Made", "Done", when='UnitOpinion.decision = "approve"')
    return drawing


def _simple(key: str) -> Drawing:
    drawing = Drawing(f"{CODE}_{key}")
    drawing.start("Start")
    drawing.user("Application", form=key)
    drawing.end("Done")
    drawing.flow("Start", "Application", "Done")
    return drawing


def at(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of the institution."""
    return datetime.combine(date(year, month, day), time(hour, minute), ZONE).astimezone(UTC)


@dataclass(frozen=True)
class School:
    """Ids of the institution and of its people."""

    institution: int
    units: dict[str, int]

    def user(self, name: str) -> User:
        found = user_by_name(f"{CODE}.{name}")
        assert found is not None, name
        return found

    def campaign(self, key: str, period: str | None = None) -> Campaign:
        """The campaign of this key, the newest that is not only planned when no period is named."""
        db.session.rollback()
        statement = select(Campaign).where(Campaign.institution_id == self.institution, Campaign.key == key)
        statement = (
            statement.where(Campaign.period == period) if period else statement.where(Campaign.state != "planned")
        )
        found = db.session.scalar(
            statement.order_by(Campaign.id.desc()).limit(1), execution_options={"populate_existing": True}
        )
        assert found is not None, key
        return found

    def items(self, campaign: Campaign, kind: str = "case") -> list[CampaignItem]:
        db.session.rollback()
        statement = select(CampaignItem).where(CampaignItem.campaign_id == campaign.id, CampaignItem.kind == kind)
        return list(
            db.session.scalars(statement.order_by(CampaignItem.id), execution_options={"populate_existing": True})
        )

    def register(self, unit: str, name: str, person: str | None, **more: Any) -> int:
        """An account entered under the unit, run by this person; its id."""
        user = self.user(person) if person else None
        people = [{"id": user.id, "name": user.name_zh}] if user else []
        facts = {"platform": "weibo", "name": name, "directly_responsible": people, **more}
        return enter_existing(self.institution, self.units[unit], facts, now=at(2025, 3, 1)).id

    def seat(self, item: CampaignItem, element: str = "Application") -> Seat:
        """The open seat of an item's case at a step."""
        db.session.rollback()
        statement = select(Seat).join(UserTask, UserTask.id == Seat.task_id)
        statement = statement.where(Seat.instance_id == item.instance_id, UserTask.element == element)
        return db.session.scalars(statement.where(Seat.state == "open")).one()

    def file(self, item: CampaignItem, now: datetime, **answers: Any) -> ProcessInstance:
        """File an item's application as its applicant, with what was filled in for them."""
        seat = self.seat(item)
        assert seat.holder is not None
        prefill = db.session.get_one(ProcessInstance, item.instance_id).prefill or {}
        sent = Submission(answers={**prefill, **answers}, form=("review", "0" * 64))
        return commands.answer(seat.holder, seat.id, seat.version, sent, now=now)

    def decide(self, item: CampaignItem, decision: str, now: datetime, by: str = "li") -> ProcessInstance:
        seat = self.seat(item, "UnitOpinion")
        grounds = ("wzpt-1",) if decision == "reject" else ()
        sent = Submission(decision, "意见如上", grounds)
        return commands.answer(self.user(by), seat.id, seat.version, sent, now=now)


def build_school(pack: str = PACK) -> School:
    """Deploy the pack and add its people and no account."""
    deploy(files(pack), specs(), actor=None, note="drill")
    _people()
    return find_school()


@transactional
def _people() -> None:
    found = institution(CODE)
    assert found is not None
    for username, name, unit_code, roles in (
        ("zhang", "张老师", "sj", ()),
        ("wang", "王老师", "jd", ()),
        ("li", "李主任", "sj", (("unit_head", "sj"), ("unit_head", "jd"))),
        ("chen", "陈馆长", "tsg", (("unit_head", "tsg"),)),
        ("sun", "孙老师", "xcb", (("reviewer", "xcb"),)),
    ):
        unit = unit_by_code(found.id, unit_code)
        assert unit is not None
        more = {"name_zh": name, "kind": "staff", "permanent": True, "email": f"{username}@example.test"}
        from webapp.organization.passwords import hash_password

        user = add_person(found.id, f"{CODE}.{username}", unit_id=unit.id, password_hash=_hashed(hash_password), **more)
        for role, place in roles:
            there = unit_by_code(found.id, place)
            assert there is not None
            grant_role(found.id, user.id, role, there.id, actor=None)


_hashes: list[str] = []


def _hashed(make: Any) -> str:
    """The hash of the demo's password, made once."""
    if not _hashes:
        _hashes.append(make("beian-demo"))
    return _hashes[0]


def find_school() -> School:
    """The school of a database that already has it."""
    found = institution(CODE)
    assert found is not None
    codes = ("drill", "xcb", "sj", "jd", "tsg")
    units = {code: unit.id for code in codes if (unit := unit_by_code(found.id, code)) is not None}
    db.session.rollback()
    return School(found.id, units)


def work(now: datetime) -> int:
    """Let the background jobs do everything due at this moment; returns how much was done."""
    total = 0
    while done := sum(job(now) for job in jobs.JOBS):
        total += done
    db.session.rollback()
    return total


def days(first: datetime, last: datetime) -> list[datetime]:
    """The same hour of each day from the first to the last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
