"""Registry = fold(ledger): what is folded from the events is what the tables hold, and every tampering shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, update

from tests.registry.acts import decide, lodge, register
from tests.support.records_world import NOW, World
from webapp import ledger
from webapp.extensions import db, transactional
from webapp.ledger import Problem
from webapp.registry import commands
from webapp.registry.fold import compare
from webapp.registry.models import Account, AccountVersion, Decision, DecisionGround, Filing


def problems(world: World) -> list[Problem]:
    session = db.session()
    return list(compare(session, world.institution, ledger.stream(session, world.institution)))


@pytest.fixture
def account(world: World) -> int:
    """A register with something of everything; returns the account's id."""
    filing_id = lodge(world, instance_id=5, unit_id=world.college)
    decision_id = decide(world, filing_id, grounds=("rules-4",))
    account_id = register(world, filing_id)
    commands.close_filing(filing_id, "approved", NOW)
    changes = {"name": "新名称", "details": {"mobile": "13800000000"}, "first_responsible": []}
    commands.revise_account(world.institution, account_id, changes, cause="change", now=NOW, decision_id=decision_id)
    commands.record_verification(world.institution, account_id, {"verified": True, "followers": 9}, now=NOW)
    existing = {"platform": "weibo", "name": "老账号", "filing_number": "旧1号", "purpose": "新闻"}
    commands.enter_existing(world.institution, world.union, existing, now=NOW)
    second = lodge(world, "备〔2026〕0002", instance_id=6)
    decide(world, second, outcome="reject", grounds=("rules-11.1",), seat_id=8, on_behalf_of=world.applicant)
    third = lodge(world, "备〔2026〕0003", instance_id=7)
    commands.receive_filing(third, NOW, number_format="收〔{year}〕{n:02d}", year=2026)
    return account_id


def test_an_untouched_register_follows_from_its_ledger(world: World, account: int) -> None:
    assert problems(world) == []


TAMPERINGS: dict[str, Callable[[], Any]] = {
    "an account's tier": lambda: update(Account).where(Account.name == "新名称").values(tier="1"),
    "an account's person": lambda: update(Account).where(Account.name == "新名称").values(administrators=[]),
    "an account's version number": lambda: update(Account).where(Account.name == "新名称").values(version=9),
    "an old version": lambda: update(AccountVersion).where(AccountVersion.number == 2).values(data={"name": "x"}),
    "a version's decision": lambda: update(AccountVersion).where(AccountVersion.number == 2).values(decision_id=None),
    "a deleted version": lambda: delete(AccountVersion).where(AccountVersion.number == 2),
    "an opinion": lambda: update(Decision).where(Decision.seat_id == 8).values(opinion="不同意"),
    "an outcome": lambda: update(Decision).where(Decision.seat_id == 8).values(outcome="approve"),
    "on behalf of": lambda: update(Decision).where(Decision.seat_id == 8).values(on_behalf_of_id=None),
    "a ground": lambda: update(DecisionGround).where(DecisionGround.clause_code == "rules-4").values(article="第九条"),
    "a deleted ground": lambda: delete(DecisionGround).where(DecisionGround.clause_code == "rules-4"),
    "a filing's outcome": lambda: update(Filing).where(Filing.instance_id == 5).values(outcome="refused"),
    "a filing's receipt": lambda: update(Filing).where(Filing.instance_id == 7).values(receipt="收2"),
    "a filing's account": lambda: update(Filing).where(Filing.instance_id == 5).values(account_id=None),
    "a filing's case": lambda: update(Filing).where(Filing.instance_id == 5).values(instance_id=55),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_with_one_row_is_found(world: World, account: int, what: str) -> None:
    transactional(lambda: db.session.execute(TAMPERINGS[what]()))()
    found = problems(world)
    assert len(found) == 1
    assert found[0].sentence
    assert found[0].seq is not None


def test_a_row_that_no_event_made_is_found(world: World, account: int) -> None:
    @transactional
    def smuggle() -> None:
        columns = {"platform": "weibo", "name": "混入", "unit_id": world.college, "registered_at": NOW}
        db.session.add(Account(institution_id=world.institution, filing_number="假1号", **columns))

    smuggle()
    [found] = problems(world)
    assert found.seq is None
    assert "账号" in found.sentence


def test_erased_persons_must_be_gone_from_the_rows_too(world: World, account: int) -> None:
    session = db.session()
    [event] = ledger.page(session, world.institution, action="registry:account:registered", object_id=account)

    @transactional
    def erase() -> None:
        ledger.erase(
            db.session(),
            institution_id=world.institution,
            seqs=[event.seq],
            reason="retention",
            actor_id=None,
            actor_label="system",
        )

    erase()
    [found] = problems(world)
    assert found.seq == event.seq
    assert "administrators" in found.sentence

    @transactional
    def forget() -> None:
        version = db.session.query(AccountVersion).filter_by(account_id=account, number=1).one()
        people: dict[str, Any] = {"administrators": [], "first_responsible": []}
        details = {key: value for key, value in version.data["details"].items() if key != "office_phone"}
        version.data = {**version.data, **people, "details": details}

    forget()
    assert problems(world) == []
