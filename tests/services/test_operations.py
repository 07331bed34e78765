"""The operations that diagrams call, on a real case of a deployed pack."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from services import notifications, registry
from tests.support.records_world import NOW
from webapp.definitions.packs import Pack, parse_pack, read_files
from webapp.definitions.queries import newest
from webapp.errors import Invalid, NotFound
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.ledger import verify
from webapp.notifications.models import Notice, OutboxMessage
from webapp.organization.models import Unit, User
from webapp.organization.queries import institution, role, unit_by_code
from webapp.registry.commands import file
from webapp.registry.models import Account, AccountVersion, Filing
from webapp.workflow.context import OPERATIONS, CaseContext, specs
from webapp.workflow.models import ProcessInstance


@dataclass
class Case:
    """A running case of wzpt and what its operations are told."""

    context: CaseContext
    unit: Unit

    @property
    def unit_answer(self) -> dict[str, Any]:
        return {"id": self.unit.id, "code": self.unit.code, "name": self.unit.name_zh}

    def application(self, **more: Any) -> dict[str, Any]:
        return {"platform": "weibo", "name": "信息之窗", "unit": self.unit_answer, "partner": None, **more}


@pytest.fixture
def case(app: Flask) -> Case:
    return make_case(pack_of(app, "wzpt"))


def pack_of(app: Flask, code: str) -> Pack:
    settings = app.extensions["settings"]
    return parse_pack(read_files(settings.processes_dir, settings.forms_dir, code)["pack.yaml"])


@transactional
def make_case(pack: Pack) -> Case:
    school = institution(pack.institution.code)
    assert school is not None
    definition = newest(school.id, "new_account")
    applicant = db.session.scalar(select(User).where(User.institution_id == school.id, User.unit_id.is_not(None)))
    assert definition is not None
    assert applicant is not None
    applicant.email = "applicant@example.test"
    instance = ProcessInstance(
        institution_id=school.id,
        definition_id=definition.id,
        reference="试〔2026〕0001",
        title_zh="新开：信息之窗",
        applicant_id=applicant.id,
        unit_id=applicant.unit_id,
        filed_at=NOW,
    )
    db.session.add(instance)
    db.session.flush()
    filing = file(
        school.id,
        reference=instance.reference,
        kind="new_account",
        filed_by=applicant,
        now=NOW,
        instance_id=instance.id,
        unit_id=instance.unit_id,
    )
    unit = db.session.get_one(Unit, instance.unit_id)
    return Case(CaseContext(instance, filing.id, applicant, "Element", NOW, None, pack, "0" * 64), unit)


def test_every_operation_of_the_product_is_known_with_its_inputs(app: Flask) -> None:
    assert {name: spec.repeatable for name, spec in specs().items()} == {
        "registry.existing_accounts": True,
        "registry.register_account": False,
        "registry.register_group": False,
        "registry.refuse_filing": True,
        "registry.receive_filing": True,
        "registry.record_verification": False,
        "registry.change_account": False,
        "registry.deregister_account": False,
        "registry.set_account_state": True,
        "registry.record_update": True,
        "registry.account_now": True,
        "registry.find_account": True,
        "registry.import_rows": False,
        "registry.record_measure": False,
        "registry.breaches": True,
        "registry.record_review": False,
        "registry.record_assessment": False,
        "bulletins.publish": False,
        "cases.request": False,
        "notifications.notify": True,
    }
    assert specs()["registry.register_account"].inputs == {"application": True, "tier": True, "state": False}
    assert all(entry.spec.summary.endswith(".") for entry in OPERATIONS.values())


def test_register_account_enters_it_under_the_packs_number(case: Case) -> None:
    given = registry.register_account(case.context, case.application(followers=12), tier="2")
    account = db.session.get_one(Account, given["account_id"])
    assert given["filing_number"] == account.filing_number == "温职新媒备〔2026〕001号"
    assert (account.name, account.tier, account.state, account.unit_id) == ("信息之窗", "2", "active", case.unit.id)
    assert db.session.get_one(Filing, case.context.filing_id).account_id == account.id


def test_register_account_may_begin_in_another_state(case: Case) -> None:
    given = registry.register_account(case.context, case.application(), tier=None, state="to_verify")
    account = db.session.get_one(Account, given["account_id"])
    assert (account.tier, account.state) == ("", "to_verify")


def test_register_group_is_answered_for_by_its_creator(case: Case) -> None:
    other = unit_by_code(case.context.institution_id, case.context.pack.lead_unit)
    assert other is not None
    given = registry.register_group(case.context, case.application(), {"id": other.id, "code": "x", "name": "x"})
    account = db.session.get_one(Account, given["account_id"])
    assert account.unit_id == other.id
    creator = case.context.instance.applicant
    assert account.directly_responsible == [{"id": creator.id, "name": creator.name_zh}]
    assert given["filing_number"].startswith("温职群备〔2026〕")


def test_existing_accounts_are_those_of_the_unit_on_the_platform(case: Case) -> None:
    assert registry.existing_accounts(case.context, case.unit_answer, "weibo") == {"count": 0, "accounts": []}
    given = registry.register_account(case.context, case.application(), tier="2")
    found = registry.existing_accounts(case.context, case.unit_answer, "weibo")
    assert found == {
        "count": 1,
        "accounts": [{"id": given["account_id"], "name": "信息之窗", "filing_number": given["filing_number"]}],
    }
    assert registry.existing_accounts(case.context, case.unit_answer, "wechat_official")["count"] == 0


def test_refuse_filing_may_run_twice(case: Case) -> None:
    assert registry.refuse_filing(case.context, grounds=["wzpt-4"]) == {}
    assert registry.refuse_filing(case.context) == {}
    assert db.session.get_one(Filing, case.context.filing_id).outcome == "refused"


def test_receive_filing_gives_one_number_however_often_it_runs(app: Flask, case: Case) -> None:
    assert registry.receive_filing(case.context) == {"number": "试〔2026〕0001"}
    other = make_case(pack_of(app, "zzlg"))
    given = registry.receive_filing(other.context)
    assert given == registry.receive_filing(other.context)
    assert given["number"] == "郑理工收备〔2026〕001号"
    filing = db.session.get_one(Filing, other.context.filing_id)
    assert (filing.outcome, filing.receipt) == ("received", given["number"])


def test_record_verification_adds_a_version(case: Case) -> None:
    given = registry.register_account(case.context, case.application(), tier="2")
    answers = {"verified": True, "url": "https://weibo.example/x"}
    assert registry.record_verification(case.context, given["account_id"], answers) == {}
    version = db.session.scalars(select(AccountVersion).where(AccountVersion.number == 2)).one()
    assert (version.cause, version.filing_id, version.data["verification"]) == (
        "verification",
        case.context.filing_id,
        answers,
    )
    with pytest.raises(NotFound):
        registry.record_verification(case.context, 4711, answers)


def test_a_pack_without_the_series_is_told_so(case: Case) -> None:
    bare = replace(case.context, pack=case.context.pack.model_copy(update={"number_series": ()}))
    with pytest.raises(Invalid, match="account"):
        registry.register_account(bare, case.application(), tier="2")


def test_notify_tells_the_applicant_once_in_a_transaction(case: Case) -> None:
    for _time in range(2):
        values = {"filing_number": "温职新媒备〔2026〕001号"}
        assert notifications.notify(case.context, "applicant", "account_registered", values) == {}
    notice = db.session.scalars(select(Notice)).one()
    assert notice.user_id == case.context.instance.applicant_id
    assert "温职新媒备〔2026〕001号" in notice.subject
    assert notice.instance_id == case.context.instance.id
    message = db.session.scalars(select(OutboxMessage)).one()
    assert message.body.endswith(f"/cases/{case.context.instance.id}")


def test_notify_in_a_later_transaction_of_the_case_tells_again(case: Case) -> None:
    notifications.notify(case.context, "applicant", "filing_refused")
    transactional(lambda: setattr(case.context.instance, "version", 9))()
    notifications.notify(case.context, "applicant", "filing_refused")
    assert len(db.session.scalars(select(Notice)).all()) == 2


def test_notify_reaches_everyone_who_holds_a_role_for_the_case(case: Case) -> None:
    context = case.context
    entry = next(entry for entry in context.pack.roles if entry.found == "unit")
    notifications.notify(context, entry.key, "filing_refused")
    told = {notice.user_id for notice in db.session.scalars(select(Notice))}
    assert told
    assert role(context.institution_id, entry.key) is not None
    assert not db.session.scalars(select(Fault)).all()


def test_a_role_that_nobody_holds_is_a_fault_and_stops_nothing(case: Case) -> None:
    context = case.context
    nobody = context.pack.roles[0].model_copy(update={"key": "nobody", "name_zh": "无人", "found": "case_unit"})
    bare = replace(context, pack=context.pack.model_copy(update={"roles": (nobody,)}))
    assert notifications.notify(bare, "nobody", "filing_refused") == {}
    fault = db.session.scalars(select(Fault)).one()
    assert (fault.kind, fault.instance_id) == ("no_recipient", context.instance.id)
    assert "无人" in fault.sentence


def test_an_unknown_role_or_text_is_refused_by_name(case: Case) -> None:
    with pytest.raises(Invalid, match="no_such_role"):
        notifications.notify(case.context, "no_such_role", "filing_refused")
    with pytest.raises(Invalid, match="no_such_text"):
        notifications.notify(case.context, "applicant", "no_such_text")


def test_the_register_follows_from_its_ledger_after_all_of_them(case: Case) -> None:
    given = registry.register_account(case.context, case.application(office_phone="0577-1"), tier="2")
    registry.record_verification(case.context, given["account_id"], {"verified": True})
    registry.refuse_filing(case.context)
    notifications.notify(case.context, "applicant", "filing_refused")
    report = verify(db.session(), case.context.institution_id)
    assert report.problems == []
    transactional(lambda: setattr(db.session.get_one(Account, given["account_id"]), "name", "改过"))()
    report = verify(db.session(), case.context.institution_id)
    assert [problem.rule for problem in report.problems] == ["registry"]
