"""Filings, decisions and accounts, with their versions and events."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.registry.acts import decide, lodge, register
from tests.support.records_world import NOW, World, statements
from webapp import ledger
from webapp.errors import Invalid, NotFound
from webapp.extensions import db, transactional
from webapp.registry import commands, queries
from webapp.registry.models import Account, AccountVersion, Decision, Filing, NumberSeries


def test_an_application_becomes_an_account_with_its_number_and_first_version(world: World) -> None:
    account_id = register(world, lodge(world), followers="1714")
    account = db.session.get_one(Account, account_id)
    assert account.filing_number == "备〔2026〕001号"
    assert (account.name, account.unit_id, account.tier, account.state) == (
        "信息学院团学",
        world.college,
        "2",
        "active",
    )
    assert account.audience == "学生、家长"
    assert account.first_responsible == [{"id": world.bob, "name": "李老师"}]
    assert account.details == {"aims": "服务学生", "office_phone": "0577-00000000"}
    assert (account.followers, account.followers_on) == (1714, date(2026, 3, 2))
    version = db.session.scalars(select(AccountVersion)).one()
    assert (version.number, version.cause, version.data["name"]) == (1, "registered", "信息学院团学")
    assert db.session.scalars(select(Filing.account_id)).one() == account_id


def test_the_event_keeps_the_facts_and_sets_persons_apart(world: World) -> None:
    register(world, lodge(world))
    [event] = ledger.page(db.session(), world.institution, action="registry:account:registered")
    assert event.kept["filing_number"] == "备〔2026〕001号"
    assert event.actor_id == world.bob
    assert event.at == NOW
    assert "王同学" not in str(event.kept)
    assert "0577" not in str(event.kept)
    assert event.erasable is not None
    assert event.erasable["details"] == {"office_phone": "0577-00000000"}
    assert event.erasable["administrators"][0]["person"]["name"] == "王同学"


def test_nothing_is_registered_when_the_transaction_fails(world: World) -> None:
    filing_id = lodge(world)

    @transactional
    def fail() -> None:
        register(world, filing_id)
        raise RuntimeError("later step")

    with pytest.raises(RuntimeError):
        fail()
    assert not db.session.scalars(select(Account)).all()
    assert not db.session.scalars(select(NumberSeries)).all()
    assert not ledger.page(db.session(), world.institution, action="registry:account:")


def test_registering_costs_few_statements(world: World) -> None:
    filing_id = lodge(world)
    register(world, filing_id)
    seen = statements(transactional(lambda: register(world, filing_id, name="信息学院新闻")))
    # read filing, actor, unit; write number, account, terms, version, filing; four of the ledger
    assert len(seen) == 12, "\n".join(seen)


@pytest.mark.parametrize("missing", ["platform", "name"])
def test_an_account_needs_platform_and_name(world: World, missing: str) -> None:
    with pytest.raises(Invalid):
        register(world, lodge(world), **{missing: "  "})


def test_an_account_cannot_be_given_to_another_institutions_unit(world: World) -> None:
    filing_id = lodge(world)
    filing = db.session.get_one(Filing, filing_id)
    with pytest.raises(Invalid):
        register(world, filing.id, unit={"id": 9999, "code": "no", "name": "no"})


def test_each_revision_keeps_a_version_with_the_decision_that_made_it(world: World) -> None:
    filing_id = lodge(world)
    account_id = register(world, filing_id)
    decision_id = decide(world, filing_id)
    commands.revise_account(
        world.institution,
        account_id,
        {"name": "信息学院青年", "details": {"aims": "新的"}},
        cause="change",
        now=NOW,
        filing_id=filing_id,
        decision_id=decision_id,
        actor=world.head,
    )
    found = queries.account_file(world.institution, account_id)
    assert found is not None
    assert [version.number for version in found.versions] == [2, 1]
    assert found.versions[0].data["name"] == "信息学院青年"
    assert found.versions[1].data["name"] == "信息学院团学"
    assert found.account.details == {"aims": "新的", "office_phone": "0577-00000000"}
    made_by = found.made_by(found.versions[0])
    assert made_by is not None
    assert made_by.element == "UnitOpinion"
    assert found.made_by(found.versions[1]) is None
    assert found.people[world.bob].name_zh == "李老师"


def test_a_revision_of_an_unknown_field_or_account_is_refused(world: World) -> None:
    account_id = register(world, lodge(world))
    with pytest.raises(Invalid):
        commands.revise_account(world.institution, account_id, {"id": 3}, cause="change", now=NOW)
    with pytest.raises(NotFound):
        commands.revise_account(world.other_institution, account_id, {"name": "x"}, cause="change", now=NOW)


def test_a_verification_is_kept_and_fills_in_what_the_platform_says(world: World) -> None:
    account_id = register(world, lodge(world))
    said = {"verified": True, "verified_on": "2026-03-20", "platform_account_id": "xxtx", "followers": 9}
    commands.record_verification(world.institution, account_id, said, now=NOW, actor=world.head)
    account = db.session.get_one(Account, account_id)
    assert account.verification == said
    assert (account.platform_account_id, account.followers, account.version) == ("xxtx", 9, 2)
    page = queries.accounts(world.institution, queries.AccountFilter(text="xxtx"))
    assert [row.id for row, _unit in page.rows] == [account_id]


def test_a_decision_copies_article_and_words_of_its_grounds(world: World) -> None:
    decision_id = decide(world, lodge(world), grounds=("rules-4", "rules-11.1", "not-stated", "rules-4"))
    decision = db.session.get_one(Decision, decision_id)
    copied = [(ground.clause_code, ground.article, ground.duty_zh) for ground in decision.grounds]
    assert copied == [("rules-4", "第四条", "校名标识须经授权"), ("rules-11.1", "第十一条", "先备案")]
    [event] = ledger.page(db.session(), world.institution, action="registry:decision:recorded")
    assert event.erasable == {"opinion": "同意"}
    assert [ground["clause_code"] for ground in event.kept["grounds"]] == ["rules-4", "rules-11.1"]


@pytest.mark.parametrize("code", ["nowhere-1", "old-1"])
def test_a_ground_that_is_not_in_force_is_refused(world: World, code: str) -> None:
    filing_id = lodge(world)
    with pytest.raises(Invalid) as refused:
        decide(world, filing_id, grounds=(code,))
    assert code in refused.value.sentence
    assert not db.session.scalars(select(Decision)).all()


def test_a_filing_after_its_last_day_is_accepted_and_marked_late(world: World) -> None:
    in_time = lodge(world, last_day=date(2026, 3, 2))
    late = lodge(world, "备〔2026〕0002", last_day=date(2026, 3, 1))
    assert not db.session.get_one(Filing, in_time).late
    assert db.session.get_one(Filing, late).late


def test_closing_a_filing_twice_writes_one_event(world: World) -> None:
    filing_id = lodge(world)
    commands.close_filing(filing_id, "approved", NOW)
    commands.close_filing(filing_id, "approved", NOW + timedelta(days=1))
    assert db.session.get_one(Filing, filing_id).closed_at == NOW
    assert len(ledger.page(db.session(), world.institution, action="registry:filing:closed")) == 1
