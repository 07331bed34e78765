"""A small institution where everything people do with a task can be tried: one process per construct.

`steps` is a sequence of three roles, `block` an opinion block, `signed_*` one countersigned step per rule, `called` a
call activity and `timed` a step with an interrupting timer. A step never done again after a return says so in `steps`
(`First`, `Second`) and in the block (`Finance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import g
from sqlalchemy import select, update

from tests.engine.drawing import Drawing, properties
from tests.support.trial import FORM, REGULATION
from webapp.definitions.commands import deploy
from webapp.extensions import db, transactional
from webapp.ledger import Event, verify
from webapp.organization.commands import add_person, grant_role
from webapp.organization.models import Delegation, User
from webapp.organization.queries import institution as institution_of
from webapp.organization.queries import local_day, unit_by_code
from webapp.workflow import commands, queries
from webapp.workflow.context import specs
from webapp.workflow.filing import Submission
from webapp.workflow.models import Answers, ProcessInstance, Seat, Timer, UserTask
from webapp.workflow.starting import start_case

# A Monday in a week without holidays.
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
RULES = {
    "signed_any": "any",
    "signed_all": "all",
    "signed_sequence": "sequence",
    "signed_ratio": "ratio 2/3",
    "signed_veto": "veto",
}
DECIDES = "approve,request_correction,reject"
_PROCESSES = ("steps", "block", *RULES, "signed_roles", "called", "timed")
_ENTRY = """
  - {{key: {key}, diagram: {key}.bpmn, name_zh: {key}, start: {{kinds: [staff]}}, title_zh: "{key}「{{name}}」",
     number: {{series: filing, format: "办〔{{year}}〕{{n:05d}}"}}}}"""
_PACK = """
format: 1
institution: {code: office, name_zh: 办事学院, name_en: Office College, time_zone: Asia/Shanghai}
lead_unit: xcb
regulations: [regulations/trial.yaml]
platforms: [{key: weibo, name_zh: 微博, name_en: Weibo}]
unit_kinds: [{key: school, name_zh: 学校}, {key: department, name_zh: 部门}]
units:
  - {code: office, name_zh: 办事学院, kind: school}
  - {code: xcb, name_zh: 宣传部, kind: department, parent: office}
  - {code: jcc, name_zh: 计财处, kind: department, parent: office}
roles:
  - {key: clerk, name_zh: 经办人, found: case_unit}
  - {key: head, name_zh: 负责人, found: unit, unit: xcb}
  - {key: chief, name_zh: 主管, found: unit, unit: xcb}
  - {key: finance, name_zh: 计财, found: unit, unit: jcc}
  - {key: system_admin, name_zh: 系统管理员, found: unit, unit: office}
number_series: [{key: account, format: "办备〔{year}〕{n:05d}号"}]
texts:
  registered: {subject_zh: "已备案 {reference}", body_zh: "您的账号已经备案。"}
processes:"""
# Who is there, by login: the name and the roles, each with the unit it is held in.
_PEOPLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "zhang": ("张老师", ()),
    "clerk1": ("经办一", ("clerk:xcb",)),
    "clerk2": ("经办二", ("clerk:xcb",)),
    "clerk3": ("经办三", ("clerk:jcc",)),
    "head1": ("负责一", ("head:xcb",)),
    "head2": ("负责二", ("head:xcb",)),
    "head3": ("负责三", ("head:xcb",)),
    "chief": ("主管一", ("chief:xcb",)),
    "chief2": ("主管二", ("chief:xcb",)),
    "finance": ("计财一", ("finance:jcc",)),
    "finance2": ("计财二", ("finance:jcc",)),
    "both": ("双岗老师", ("clerk:xcb", "chief:xcb")),
    "expert": ("专家老师", ()),
    "expert2": ("专家二", ()),
    "stand_in": ("代理老师", ()),
    "stranger": ("旁人老师", ()),
    "admin": ("管理老师", ("system_admin:office",)),
}


def files() -> dict[str, bytes]:
    """The pack's files, as `deploy` takes them."""
    pack = _PACK + "".join(_ENTRY.format(key=key) for key in _PROCESSES) + "\n"
    regulation = "".join(line for line in REGULATION.splitlines(True)).replace("process: approval", "process: steps")
    drawn = {
        "steps": _steps(),
        "block": _block(),
        "called": _called(),
        "timed": _timed(),
        "signed_roles": _signed("signed_roles", "all", groups="head,chief", countersigners="roles"),
        **{key: _signed(key, rule) for key, rule in RULES.items()},
    }
    return {
        "pack.yaml": pack.encode(),
        "regulations/trial.yaml": regulation.encode(),
        "forms/form.form": FORM.encode(),
        "common/hearing.bpmn": _hearing().xml(),
        **{f"{key}.bpmn": drawing.xml() for key, drawing in drawn.items()},
    }


def _begun(key: str) -> Drawing:
    drawing = Drawing(f"office_{key}")
    drawing.start("Start")
    drawing.gateway("Merge")
    drawing.user("Application", pauses_clock="true")
    drawing.flow("Start", "Merge", "Application")
    return drawing


def _decides(drawing: Drawing, task: str, groups: str, onwards: str, **settings: str) -> None:
    """A step whose approval goes on, whose correction goes back to the applicant and whose refusal ends the case."""
    drawing.user(task, groups=groups, decisions=DECIDES, form=None, **settings)
    drawing.gateway(f"{task}Made", default=f"{task}No")
    _refused(drawing, f"{task}Refused")
    drawing.flow(task, f"{task}Made")
    drawing.flow(f"{task}Made", f"{task}Refused", id=f"{task}No")
    drawing.flow(f"{task}Made", "Merge", when=f'{task}.decision = "request_correction"')
    drawing.flow(f"{task}Made", onwards, when=f'{task}.decision = "approve"')


def _refused(drawing: Drawing, id: str) -> None:
    given = properties({"outcome": "refused"})
    drawing.raw(id, f'<bpmn:endEvent id="{id}" name="{id}">{given}</bpmn:endEvent>')


def _steps() -> Drawing:
    drawing = _begun("steps")
    drawing.end("Done")
    straight = {"after_return": "straight"}
    _decides(drawing, "First", "clerk", "Second", batch="true", reviews="name", **straight)
    _decides(drawing, "Second", "head", "Third", due_date='due(5, "working_days")', reviews="purpose", **straight)
    _decides(drawing, "Third", "chief", "Done")
    drawing.flow("Application", "First")
    return drawing


def _block() -> Drawing:
    drawing = _begun("block")
    drawing.end("Done")
    _decides(drawing, "First", "clerk", "Opinions")
    with drawing.sub("Opinions"):
        drawing.start("OpinionsStart")
        drawing.gateway("Split", "parallel")
        drawing.gateway("Join", "parallel")
        drawing.end("OpinionsEnd")
        carried = {"after_return": "straight", "reviews": "name", "decisions": "approve,reject"}
        drawing.user("Finance", groups="finance", form=None, **carried)
        drawing.user("FinanceCheck", groups="finance", form=None, **carried)
        drawing.user("Data", groups="head", form=None, decisions="approve,reject")
        drawing.flow("OpinionsStart", "Split", "Finance", "FinanceCheck", "Join", "OpinionsEnd")
        drawing.flow("Split", "Data", "Join")
    _decides(drawing, "Decision", "chief", "Done")
    drawing.flow("Application", "First")
    drawing.flow("Opinions", "Decision")
    return drawing


def _signed(key: str, rule: str, groups: str = "head", **settings: str) -> Drawing:
    drawing = _begun(key)
    drawing.end("Done")
    drawing.end("Unanimous")
    _decides(drawing, "First", "clerk", "Sign")
    drawing.user("Sign", groups=groups, decisions=DECIDES, form="form", countersign=rule, **settings)
    drawing.gateway("Signed", default="Refuse")
    _refused(drawing, "Refused")
    drawing.flow("Application", "First")
    drawing.flow("Sign", "Signed")
    drawing.flow("Signed", "Refused", id="Refuse")
    drawing.flow("Signed", "Merge", when='Sign.decision = "request_correction"')
    drawing.flow("Signed", "Decision", when='Sign.decision = "approve" and Sign.agreed >= 1')
    _decides(drawing, "Decision", "chief", "Done")
    drawing.flow("Signed", "Unanimous", when='Sign.decision = "approve" and Sign.agreed = 0')
    return drawing


def _hearing() -> Drawing:
    drawing = Drawing("common_hearing")
    drawing.start("HearingStart")
    drawing.end("HearingEnd")
    decides = {"decisions": "approve", "form": None, "article": "as-called"}
    drawing.user("Hear", groups="head", **decides)  # type: ignore[arg-type]
    drawing.user("Report", groups="head", **decides)  # type: ignore[arg-type]
    drawing.flow("HearingStart", "Hear", "Report", "HearingEnd")
    return drawing


def _called() -> Drawing:
    drawing = _begun("called")
    drawing.end("Done")
    _decides(drawing, "First", "clerk", "Hearing")
    drawing.raw(
        "Hearing",
        '<bpmn:callActivity id="Hearing" name="Hearing" calledElement="common_hearing"><bpmn:extensionElements>'
        '<camunda:properties><camunda:property name="article" value="wzpt-1" /></camunda:properties>'
        "</bpmn:extensionElements></bpmn:callActivity>",
    )
    _decides(drawing, "Decision", "chief", "Done")
    drawing.flow("Application", "First")
    drawing.flow("Hearing", "Decision")
    return drawing


def _timed() -> Drawing:
    drawing = _begun("timed")
    drawing.end("Done")
    drawing.end("Lapsed")
    _decides(drawing, "First", "clerk", "Review")
    _decides(drawing, "Review", "head", "Third", due_date='due(5, "working_days")', remind_before="1 working_days")
    drawing.timer("ReviewLate", "Review", "P7D")
    drawing.flow("ReviewLate", "Lapsed")
    _decides(drawing, "Third", "chief", "Done")
    drawing.flow("Application", "First")
    return drawing


@dataclass(frozen=True)
class Office:
    """People by login, cases by what waits where; ids only, as rows expire at every commit."""

    institution: int
    xcb: int
    jcc: int
    people: dict[str, int]

    def user(self, who: str) -> User:
        """One of the people, as the tables have it now."""
        return db.session.get_one(User, self.people[who], populate_existing=True)

    def id(self, who: str) -> int:
        return self.people[who]

    def start(self, process: str = "steps", by: str = "zhang", unit: str = "xcb", **said: Any) -> int:
        """File an application; returns the case's id."""
        submission = Submission(answers=self.answers(unit, **said), form=("form", "0" * 64))
        return start_case(self.user(by), process, submission, now=NOW).id

    def answers(self, unit: str = "xcb", **said: Any) -> dict[str, Any]:
        """An application as it is filed."""
        place = {"id": self.jcc if unit == "jcc" else self.xcb, "code": unit, "name": unit}
        return {"name": "微博账号", "platform": "weibo", "purpose": "发布通知", "unit": place, **said}

    def seat(self, case: int, element: str, who: str | None = None, kind: str = "main") -> Seat:
        """The newest seat of a step that is neither answered nor void: anybody's, or of one holder."""
        fresh()
        statement = select(Seat).join(UserTask, UserTask.id == Seat.task_id)
        statement = statement.where(Seat.instance_id == case, UserTask.element == element, Seat.kind == kind)
        if who is not None:
            statement = statement.where(Seat.holder_id == self.id(who))
        statement = statement.where(Seat.state.in_(["open", "waiting", "held"]))
        return db.session.scalars(statement.order_by(UserTask.id.desc(), Seat.position, Seat.id).limit(1)).one()

    def last(self, case: int, element: str, who: str | None = None) -> Seat:
        """The newest answered seat of a step."""
        fresh()
        statement = select(Seat).join(UserTask, UserTask.id == Seat.task_id)
        statement = statement.where(Seat.instance_id == case, UserTask.element == element, Seat.state == "answered")
        if who is not None:
            statement = statement.where(Seat.answered_by_id == self.id(who))
        return db.session.scalars(statement.order_by(Seat.id.desc()).limit(1)).one()

    def decide(self, case: int, element: str, by: str, decision: str = "approve", **more: Any) -> ProcessInstance:
        """Answer a step: the seat the person holds there, else the one open to whoever comes."""
        return self.answer(self._theirs(case, element, by), by, decision, **more)

    def _theirs(self, case: int, element: str, by: str) -> Seat:
        fresh()
        statement = select(Seat).join(UserTask, UserTask.id == Seat.task_id)
        statement = statement.where(Seat.instance_id == case, UserTask.element == element, Seat.state == "open")
        found = db.session.scalars(statement.order_by(Seat.position, Seat.id)).all()
        held = [seat for seat in found if seat.holder_id == self.id(by)]
        return (held or [seat for seat in found if seat.holder_id is None] or list(found))[0]

    def answer(
        self,
        seat: Seat,
        by: str,
        decision: str = "approve",
        *,
        now: datetime = NOW,
        opinion: str = "意见如上",
        answers: dict[str, Any] | None = None,
        attachments: tuple[str, ...] = (),
    ) -> ProcessInstance:
        said = Submission(decision, opinion, grounds_of(decision), answers or {}, None, None, attachments)
        return commands.answer(self.user(by), seat.id, seat.version, said, now=now)

    def correct(self, case: int, *, now: datetime = NOW, unit: str = "xcb", **said: Any) -> ProcessInstance:
        """The applicant files the application again."""
        seat = self.seat(case, "Application")
        submission = Submission(answers=self.answers(unit, **said), form=("form", "0" * 64))
        return commands.answer(self.user("zhang"), seat.id, seat.version, submission, now=now)

    def send_back(self, case: int, element: str, by: str, target: str, *, now: datetime = NOW) -> ProcessInstance:
        """退回."""
        seat = self._theirs(case, element, by)
        return commands.return_to(self.user(by), seat.id, seat.version, target, Submission("return", "请重办"), now=now)

    def case(self, case: int) -> ProcessInstance:
        fresh()
        return db.session.get_one(ProcessInstance, case)

    def open_steps(self, case: int) -> list[str]:
        """The elements that wait for somebody."""
        return sorted(task.element for task in queries.open_tasks(self.case(case)).values())

    def outcome(self, case: int) -> tuple[str, str | None]:
        found = self.case(case)
        return found.state, found.outcome

    def data(self, case: int, element: str) -> dict[str, Any]:
        """What was filed last for a step."""
        fresh()
        statement = select(Answers).where(Answers.instance_id == case, Answers.element == element)
        return db.session.scalars(statement.order_by(Answers.id.desc()).limit(1)).one().data

    def timers(self, case: int) -> list[str]:
        """The states of a case's timers, oldest first."""
        fresh()
        return list(db.session.scalars(select(Timer.state).where(Timer.instance_id == case).order_by(Timer.id)))

    def told(self, case: int, action: str) -> list[Event]:
        """The ledger's lines of one kind about a case."""
        fresh()
        statement = select(Event).where(Event.instance_id == case, Event.action == action)
        return list(db.session.scalars(statement.order_by(Event.seq)))

    def is_sound(self) -> bool:
        """Whether the ledger verifies, and the registry with it."""
        fresh()
        return verify(db.session(), self.institution).problems == []

    def stand_in(self, principal: str, substitute: str = "stand_in", process: str | None = None, days: int = 7) -> None:
        """A rule of substitution in force today."""
        _let_stand_in(self.institution, self.id(principal), self.id(substitute), process, days)
        fresh()


def grounds_of(decision: str) -> tuple[str, ...]:
    return ("wzpt-1",) if decision == "reject" else ()


def later(**amount: float) -> datetime:
    """The office's first moment, moved on."""
    return NOW + timedelta(**amount)


def fresh() -> None:
    """As a new request begins: nothing read before, and nothing remembered of who holds what."""
    db.session.rollback()
    db.session.expire_all()
    g.pop("held_queues", None)
    g.pop("substitutions", None)


@transactional
def _let_stand_in(institution: int, principal: int, substitute: int, process: str | None, days: int) -> None:
    today = local_day(datetime.now(UTC))
    rule = Delegation(
        institution_id=institution,
        principal_id=principal,
        substitute_id=substitute,
        process_key=process,
        valid_from=today + timedelta(days=min(days, 0)),
        valid_to=today + timedelta(days=days),
        created_at=NOW,
    )
    db.session.add(rule)
    db.session.get_one(User, substitute).substitutes_until = today + timedelta(days=max(days, 0))


@transactional
def let_run_out(substitute: int) -> None:
    """The rules for this person ended yesterday."""
    yesterday = local_day(datetime.now(UTC)) - timedelta(days=1)
    rules = update(Delegation).where(Delegation.substitute_id == substitute)
    db.session.execute(rules.values(valid_from=yesterday, valid_to=yesterday))


def build_office() -> Office:
    """Deploy the pack and add its people."""
    _people(deploy(files(), specs(), actor=None, note="office").institution.id)
    return find_office()


def find_office() -> Office:
    """The office of a database that already has it."""
    deployed = institution_of("office")
    assert deployed is not None
    institution = deployed.id
    xcb, jcc = unit_by_code(institution, "xcb"), unit_by_code(institution, "jcc")
    assert xcb is not None
    assert jcc is not None
    people = db.session.execute(select(User.username, User.id).where(User.institution_id == institution))
    found = Office(institution, xcb.id, jcc.id, {name.removeprefix("office."): person for name, person in people})
    db.session.rollback()
    return found


@transactional
def _people(institution: int) -> None:
    home = unit_by_code(institution, "xcb")
    assert home is not None
    for login, (name, roles) in _PEOPLE.items():
        more = {"name_zh": name, "kind": "staff", "permanent": True, "email": f"{login}@example.test"}
        user = add_person(institution, f"office.{login}", unit_id=home.id, password_hash="", **more)
        for role, code in (entry.split(":") for entry in roles):
            unit = unit_by_code(institution, code)
            assert unit is not None
            grant_role(institution, user.id, role, unit.id, actor=None)
