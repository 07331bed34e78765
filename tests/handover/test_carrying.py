"""What becomes of each thing: handed over, refused with a sentence, put back; nobody comes to decide on an own case."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.handover.conftest import NOW, House
from tests.support.desk import case_of, open_seat, tree, values
from tests.support.web import visitor
from webapp.definitions.queries import bundle, newest
from webapp.errors import Forbidden
from webapp.extensions import db
from webapp.faults.models import Fault
from webapp.handover.models import HandoverLine
from webapp.handover.prefilling import known_answers
from webapp.handover.work import Work
from webapp.notifications.models import Notice
from webapp.organization.models import Delegation, RoleGrant, Unit
from webapp.organization.policy import identified
from webapp.organization.queries import queues
from webapp.registry.commands import enter_existing
from webapp.registry.models import Account, AccountVersion
from webapp.substitution.commands import appoint
from webapp.workflow import commands as workflow
from webapp.workflow.filing import Submission
from webapp.workflow.guards import step_of
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.queries import lock_instance
from webapp.workflow.rules import may_decide


def faults() -> list[str]:
    found = list(db.session.scalars(select(Fault.sentence).where(Fault.resolved_at.is_(None))))
    db.session.rollback()
    return found


class TestTasks:
    def test_go_to_a_successor_of_the_same_role(self, app: Flask, house: House) -> None:
        seat_id = house.held("sun")
        lines = house.through("sun", "qian", ["seat"])
        seat, qian = house.seat(seat_id), house.user("qian")
        assert [(line.state, line.sentence) for line in lines] == [("done", "由 钱老师 接办。")]
        assert (seat.holder_id, seat.state) == (qian.id, "open")
        assert db.session.scalar(select(func.count()).select_from(Notice).where(Notice.user_id == qian.id))
        words = Submission("approve", "同意", (), {"positioning_review": "clear"})
        workflow.answer(qian, seat.id, seat.version, words, now=NOW)
        assert house.seat(seat_id).answered_by_id == qian.id

    def test_go_back_to_the_queue_where_the_successor_has_not_the_role(self, app: Flask, house: House) -> None:
        seat_id = house.held("sun")
        (line,) = house.through("sun", "wu", ["seat"])
        seat = house.seat(seat_id)
        assert (line.state, seat.holder_id, seat.state) == ("refused", None, "open")
        assert "吴处长 不担任这一步的办理角色" in line.sentence
        assert line.sentence.endswith("已放回待认领队列。")
        assert faults() == []

    def test_of_the_successors_own_application_go_back(self, app: Flask, house: House) -> None:
        seat_id = house.held("sun")
        case = house.case(house.seat(seat_id).instance_id)
        case.applicant_id = house.user("qian").id
        db.session.commit()
        (line,) = house.through("sun", "qian", ["seat"])
        assert (line.state, house.seat(seat_id).holder_id) == ("refused", None)
        assert "自己的申请" in line.sentence

    def test_that_others_took_meanwhile_are_left_to_them(self, app: Flask, house: House) -> None:
        seat_id = house.held("sun")
        made = house.order("sun", "qian", ["seat"])
        house.seat(seat_id).holder_id = house.user("zhou").id
        db.session.commit()
        house.work()
        (line,) = house.lines(made.id)
        assert (line.state, house.seat(seat_id).holder_id) == ("done", house.user("zhou").id)
        assert "无须移交" in line.sentence

    def test_that_nobody_else_can_do_are_a_fault(self, app: Flask, house: House) -> None:
        seat_id = house.held("sun")
        grants = db.session.scalars(select(RoleGrant).where(RoleGrant.role == "publicity_reviewer"))
        for grant in grants:
            if grant.user_id != house.user("sun").id:
                grant.valid_to = date(2026, 1, 1)
        db.session.commit()
        lines = house.through("sun", "wu")
        assert house.seat(seat_id).holder_id is None
        assert {line.state for line in lines if line.noun == "seat"} == {"refused"}
        assert any("没有可以办理的人" in sentence for sentence in faults())


class TestCases:
    def test_get_another_applicant_with_the_open_application(self, app: Flask, house: House) -> None:
        case_id = case_of("wzpt", "waiting_for_correction")
        seat_id = open_seat(case_id, "Application")
        lines = house.through("zhang", "xu")
        case, seat, xu = house.case(case_id), house.seat(seat_id), house.user("xu")
        assert house.results(lines)["case"] == ["done"]
        assert (case.applicant_id, seat.holder_id, seat.state) == (xu.id, xu.id, "open")
        loaded = lock_instance(case_id)
        assert loaded is not None
        step = step_of(loaded, None, NOW)
        step.load()
        assert step.run.data["case"]["applicant"]["id"] == xu.id  # type: ignore[index, call-overload]
        assert all(t.data["case"]["applicant"]["name"] == "徐老师" for t in step.run.open_tasks())  # type: ignore[index, call-overload]
        db.session.rollback()
        told = db.session.scalars(select(Notice).where(Notice.kind == "handover")).all()
        assert [(n.user_id, n.instance_id) for n in told] == [(xu.id, case_id)]

    def test_never_go_to_somebody_who_decided_on_them(self, app: Flask, house: House) -> None:
        case_id = case_of("wzpt", "waiting_for_publicity")  # 何主任 gave the unit's opinion
        (line,) = [line for line in house.through("xu", "he") if line.noun == "case"]
        assert line.state == "refused"
        assert "何主任 办理过或正在办理" in line.sentence
        assert house.case(case_id).applicant_id == house.user("xu").id

    def test_never_go_to_somebody_with_a_task_in_them(self, app: Flask, house: House) -> None:
        seat_id = house.held("sun")
        (line,) = [line for line in house.through("xu", "sun") if line.noun == "case"]
        assert line.state == "refused"
        assert house.case(house.seat(seat_id).instance_id).applicant_id == house.user("xu").id

    def test_never_go_to_whom_somebody_decided_for(self, app: Flask, house: House) -> None:
        case_id = case_of("wzpt", "waiting_for_publicity")
        seat = db.session.scalars(
            select(Seat).where(Seat.instance_id == case_id, Seat.answered_by_id == house.user("he").id)
        ).first()
        assert seat is not None
        seat.on_behalf_of_id = house.user("lv").id
        db.session.commit()
        (line,) = [line for line in house.through("xu", "lv") if line.noun == "case"]
        assert line.state == "refused"

    def test_let_the_new_applicant_decide_no_more(self, app: Flask, house: House) -> None:
        case_id = case_of("wzpt", "waiting_for_publicity")
        seat_id = open_seat(case_id, "PublicityDecision")
        assert may_decide(house.user("qian"), house.seat(seat_id))
        house.through("xu", "qian")
        identified(house.user("qian").id)
        seat, qian = house.seat(seat_id), house.user("qian")
        assert house.case(case_id).applicant_id == qian.id
        assert not may_decide(qian, seat)
        with pytest.raises(Forbidden):
            workflow.claim(qian, seat.id, seat.version, now=NOW)

    def test_never_leave_a_leaver_who_may_log_in(self, app: Flask, house: House) -> None:
        case_id = case_of("wzpt", "waiting_for_publicity")
        made = house.order("xu", "zhang").id
        for line in house.lines(made):
            if line.noun == "login":
                line.state = "done"  # somebody let the person in again meanwhile
        db.session.commit()
        house.work()
        (line,) = [line for line in house.lines(made) if line.noun == "case"]
        assert (line.state, house.case(case_id).applicant_id) == ("refused", house.user("xu").id)
        assert "登录没有停用" in line.sentence

    def test_that_stay_with_somebody_gone_are_a_fault(self, app: Flask, house: House) -> None:
        case_of("wzpt", "waiting_for_correction")
        lines = house.through("zhang", "li")  # 李主任 gave the unit's opinion
        assert house.results(lines)["case"] == ["refused"]
        assert any("没有可以办理的人" in sentence for sentence in faults())

    def test_that_only_the_new_applicant_could_decide_are_a_fault(self, app: Flask, house: House) -> None:
        case_of("wzpt", "waiting_for_publicity")
        for grant in db.session.scalars(select(RoleGrant).where(RoleGrant.role == "publicity_reviewer")):
            if grant.user_id != house.user("qian").id:
                grant.valid_to = date(2026, 1, 1)
        db.session.commit()
        assert house.results(house.through("xu", "qian"))["case"] == ["done"]
        assert any("没有可以办理的人" in sentence for sentence in faults())


class TestAccounts:
    def test_are_changed_by_a_filing_never_in_silence(self, app: Flask, house: House) -> None:
        account_id = house.account("zhang")
        versions = db.session.scalar(select(func.count()).select_from(AccountVersion))
        (line,) = [line for line in house.through("zhang", "xu") if line.noun == "account"]
        case = db.session.scalars(select(ProcessInstance).where(ProcessInstance.account_id == account_id)).one()
        xu = house.user("xu")
        assert (line.state, case.applicant_id, case.requested, case.definition.key) == (
            "done",
            xu.id,
            True,
            "change_filing",
        )
        assert case.reference in line.sentence
        assert case.prefill is not None
        assert case.prefill["account"]["id"] == account_id
        assert case.prefill["directly_responsible"] == {"id": xu.id, "name": "徐老师"}
        assert case.prefill["change_items"] == ["administrator"]
        account = db.session.get_one(Account, account_id)
        assert account.directly_responsible[0]["id"] == house.user("zhang").id
        assert db.session.scalar(select(func.count()).select_from(AccountVersion)) == versions
        seat = db.session.scalars(select(Seat).where(Seat.instance_id == case.id)).one()
        assert (seat.holder_id, seat.role) == (xu.id, "applicant")

    def test_with_a_change_under_way_say_so(self, app: Flask, house: House) -> None:
        house.account("zhang")
        house.through("zhang", "xu", ["account"])
        (line,) = house.through("zhang", "chen", ["account"])
        assert line.state == "refused"
        assert "变〔2026〕" in line.sentence

    def test_need_a_successor_who_may_file(self, app: Flask, house: House) -> None:
        house.account("zhang")
        user = house.user("lv")
        user.kind = "guest"
        db.session.commit()
        (line,) = house.through("zhang", "lv", ["account"])
        assert line.state == "refused"
        assert "不在可以办理变更备案的人员之列" in line.sentence

    def test_are_filed_by_the_successor_on_a_page_that_names_them(self, app: Flask, house: House) -> None:
        account_id = house.account("zhang")
        house.through("zhang", "xu")
        case = db.session.scalars(select(ProcessInstance).where(ProcessInstance.account_id == account_id)).one()
        seat_id = open_seat(case.id, "Application")
        page = visitor(app, "wzpt.xu").get(f"/tasks/{seat_id}")
        assert values(page, "directly_responsible") == [str(house.user("xu").id)]
        assert tree(page).xpath('//input[@name="change_items" and @value="administrator" and @checked]')

    def test_of_several_people_keep_the_others_and_drop_how_to_reach_the_leaver(self, app: Flask, house: House) -> None:
        leaver, successor, other = house.culr()
        rows = [
            {"person": {"id": other.id, "name": other.name_zh}, "phone": "13800000001"},
            {"person": {"id": leaver.id, "name": leaver.name_zh}, "phone": "13800000000", "post": "编辑"},
        ]
        deployed = newest(leaver.institution_id, "change_filing")
        assert deployed is not None
        unit = db.session.get_one(Unit, leaver.unit_id)
        stated = {"platform": "weibo", "name": "校园", "administrators": rows}
        account = enter_existing(leaver.institution_id, unit.id, stated, now=NOW)
        work = Work(HandoverLine(), leaver, successor, leaver, "退休", NOW)
        known = known_answers(bundle(deployed.deployment), "change_filing", account, unit, work)
        assert known["administrators"] == [
            rows[0],
            {"person": {"id": successor.id, "name": successor.name_zh}, "post": "编辑"},
        ]
        assert known["change_items"] == ["administrators"]


class TestRights:
    def test_the_login_the_roles_and_the_rules_end(self, app: Flask, house: House) -> None:
        sun, chen = house.user("sun"), house.user("chen")
        appoint(sun, chen.id, None, NOW.date(), date(2026, 11, 30), now=NOW)
        appoint(house.user("li"), house.user("sun").id, None, NOW.date(), date(2026, 11, 30), now=NOW)
        epoch = house.user("sun").session_epoch
        lines = house.through("sun", "qian", ["login", "grant", "rule"])
        gone = house.user("sun")
        assert {line.state for line in lines} == {"done"}
        assert (gone.active, gone.session_epoch) == (False, epoch + 1)
        assert queues(gone, NOW.date()) == ()
        assert all(row.revoked_at == NOW for row in db.session.scalars(select(Delegation)))
        assert (house.user("chen").substitutes_until, house.user("sun").substitutes_until) == (None, None)

    def test_nothing_ends_that_was_not_ticked(self, app: Flask, house: House) -> None:
        house.held("sun")
        house.through("sun", "qian", ["seat"])
        sun = house.user("sun")
        assert sun.active
        assert queues(sun, NOW.date()) != ()

    def test_a_role_that_nobody_holds_any_more_is_a_fault_where_tasks_wait(self, app: Flask, house: House) -> None:
        case_id = case_of("wzpt", "waiting_for_publicity")
        for name in ("sun", "qian"):
            house.through(name, "wu", ["grant"])
        assert db.session.scalar(select(UserTask.id).where(UserTask.instance_id == case_id, UserTask.state == "open"))
        assert any("已无人担任" in sentence for sentence in faults())


def test_an_administrator_who_is_none_any_more_hands_nothing_over(app: Flask, house: House) -> None:
    seat_id = house.held("sun")
    made = house.order("sun", "qian", ["seat"]).id
    for grant in db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == house.user("wei").id)):
        grant.valid_to = date(2026, 1, 1)
    db.session.commit()
    house.work()
    (line,) = house.lines(made)
    assert (line.state, house.seat(seat_id).holder_id) == ("refused", house.user("sun").id)
    assert "已不是系统管理员" in line.sentence
