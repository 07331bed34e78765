"""Operations on accounts that are registered: change, end, state, update, and looking them up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from services import accounts
from tests.services.acting import Acting, Ordered, begin_acting, order_review
from tests.support.watch import NOW
from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db
from webapp.ledger import verify
from webapp.registry.models import Account, AccountVersion, Filing
from webapp.registry.queries import account_file


@pytest.fixture
def acting(kept: Callable[[Callable[[], Ordered]], Ordered]) -> Acting:
    return begin_acting(*kept(order_review))


def versions(account_id: int) -> list[AccountVersion]:
    wanted = select(AccountVersion).where(AccountVersion.account_id == account_id).order_by(AccountVersion.number)
    return list(db.session.scalars(wanted))


def test_a_change_takes_what_the_application_says_and_leaves_what_is_about_the_change(acting: Acting) -> None:
    wang = {"id": acting.watch.wang, "name": "王老师"}
    application = {
        "account": acting.watch.answer(acting.account),
        "name": "信息新窗",
        "url": None,
        "purpose": "新闻",
        "directly_responsible": wang,
        "followers": 20,
        "office": "B202",
        "changed_on": "2026-03-01",
        "change_items": ["name"],
    }
    done = accounts.change_account(acting.context, acting.account, application)
    assert done == {
        "account_id": acting.account,
        "changed": ["directly_responsible", "followers", "name", "office"],
    }
    row = acting.row
    assert (row.name, row.followers, row.followers_on) == ("信息新窗", 20, date(2026, 3, 2))
    assert row.details == {"office": "B202"}
    made = versions(acting.account)[-1]
    assert (made.number, made.cause, made.filing_id) == (2, "change", acting.context.filing_id)
    found = account_file(acting.watch.institution, acting.account)
    assert found is not None
    assert acting.context.filing_id in {filing.id for filing in found.filings}


def test_only_names_what_may_change_and_may_add_to_the_details(acting: Acting) -> None:
    application = {"name": "信息新窗", "purpose": "服务", "motto": "明德"}
    done = accounts.change_account(acting.context, acting.account, application, only=["purpose", "motto"])
    assert done["changed"] == ["motto", "purpose"]
    row = acting.row
    assert (row.name, row.details["motto"]) == ("信息之窗", "明德")


def test_a_change_of_nothing_keeps_no_version(acting: Acting) -> None:
    assert accounts.change_account(acting.context, acting.account, {"name": "信息之窗", "url": None})["changed"] == []
    assert len(versions(acting.account)) == 1


def test_a_unit_handed_over_is_another_units_from_then_on(acting: Acting) -> None:
    office = {"id": acting.watch.office, "code": "xcb", "name": "宣传部"}
    assert accounts.change_account(acting.context, acting.account, {"unit": office})["changed"] == ["unit"]
    assert acting.row.unit_id == acting.watch.office
    with pytest.raises(Invalid):
        accounts.change_account(acting.context, acting.account, {"unit": {"id": 1, "name": "别校"}})


def test_a_deregistered_account_stays_and_cannot_be_moved_again(acting: Acting) -> None:
    context, account = acting.context, acting.account
    given = accounts.deregister_account(
        context, account, cancelled_on="2026-03-01", ordered=True, ground="张老师已离任", closed_by="office"
    )
    assert given == {"account_id": account, "filing_number": acting.row.filing_number}
    assert acting.row.state == "deregistered"
    made = versions(account)[-1]
    assert (made.cause, made.note) == ("ordered_closure", "张老师已离任")
    ended = {"cancelled_on": "2026-03-01", "ordered": True, "closed_by": "office"}
    assert acting.row.details["deregistration"] == ended
    for again in (
        lambda: accounts.deregister_account(context, account),
        lambda: accounts.set_account_state(context, account, "active"),
        lambda: accounts.record_update(context, account, "2026-03-01"),
        lambda: accounts.change_account(context, account, {"name": "新"}),
    ):
        with pytest.raises(Refused, match="已注销"):
            again()
    with pytest.raises(Invalid):
        accounts.deregister_account(context, acting.watch.enter("乙"), closed_by="nobody")


def test_the_state_may_be_set_twice_with_one_version(acting: Acting) -> None:
    for _time in range(2):
        assert accounts.set_account_state(acting.context, acting.account, "rectification", reason="久未更新") == {
            "state": "rectification"
        }
    assert [row.cause for row in versions(acting.account)] == ["entered", "state"]
    for state in ("deregistered", "ordered_closed", ""):
        with pytest.raises(Invalid):
            accounts.set_account_state(acting.context, acting.account, state)


def test_an_update_is_kept_when_it_is_later_and_not_to_come(acting: Acting) -> None:
    context, account = acting.context, acting.account
    assert accounts.record_update(context, account, "2026-02-20") == {"last_update_on": "2026-02-20"}
    assert accounts.record_update(context, {"id": account}, "2026-02-10") == {"last_update_on": "2026-02-20"}
    row = acting.row
    assert (row.last_update_on, row.update_recorded_at, row.version) == (date(2026, 2, 20), NOW, 1)
    with pytest.raises(Invalid):
        accounts.record_update(context, account, "2026-03-03")
    with pytest.raises(Invalid):
        accounts.record_update(context, account, "soon")


def test_account_now_tells_the_silence_and_the_other_open_cases(acting: Acting) -> None:
    from webapp.workflow.requests import start_requested

    assert accounts.account_now(acting.context, acting.account)["open_cases"] == []
    start_requested(NOW)
    accounts.record_update(acting.context, acting.account, "2025-12-02")
    told = accounts.account_now(acting.context, acting.account)
    assert (told["months_idle"], told["open_cases"]) == (3, ["review"])
    assert told["unit"] == {"id": acting.watch.unit, "code": "xx", "name": "信息学院", "kind": "department"}
    assert (told["group"], told["registered_on"], told["last_update_on"]) == (False, "2026-03-02", "2025-12-02")
    assert told["administrators"][0]["person"]["name"] == "王老师"
    with pytest.raises(NotFound):
        accounts.account_now(acting.context, 4711)


def test_find_account_goes_by_id_then_address_then_whole_name(acting: Acting) -> None:
    watch, context = acting.watch, acting.context
    other = watch.enter("信息之声", platform_account_id="xx_voice", url="https://weibo.example/voice")
    found = accounts.find_account(context, "weibo", name="信息之窗", platform_account_id="XX_voice")
    assert (found["found"], found["account_id"], found["state"]) == (True, other, "active")
    assert accounts.find_account(context, "weibo", url="https://weibo.example/voice ")["account_id"] == other
    assert accounts.find_account(context, "weibo", name="信息之窗")["account_id"] == acting.account
    nothing = {"found": False, "account_id": None, "filing_number": None, "name": None, "state": None}
    assert accounts.find_account(context, "weibo", name="信息") == nothing
    assert accounts.find_account(context, "qq_group", name="信息之窗") == nothing
    assert accounts.find_account(context, "weibo") == nothing


def test_a_sheet_registers_each_row_under_the_unit(acting: Acting) -> None:
    rows = [
        {"platform": "weibo", "name": "甲号", "followers": 5, "first_responsible": "李老师", "phone": "13800000000"},
        {"platform": "qq_group", "name": "乙群", "url": "", "last_update_on": "2026-02-01"},
    ]
    given = accounts.import_rows(acting.context, rows, acting.unit())
    assert given == {"count": 2, "filing_numbers": ["守备〔2026〕001号", "守群〔2026〕001号"]}
    made = db.session.scalars(select(Account).where(Account.filing_number.in_(given["filing_numbers"]))).all()
    assert {row.unit_id for row in made} == {acting.watch.unit}
    assert {row.state for row in made} == {"active"}
    assert {row.last_update_on for row in made} == {None, date(2026, 2, 1)}
    filing = db.session.get_one(Filing, acting.context.filing_id)
    assert filing.account_id == acting.account
    found = account_file(acting.watch.institution, made[0].id)
    assert found is not None
    assert [row.id for row in found.filings] == [filing.id]


def test_a_bad_row_of_a_sheet_is_named_and_nothing_is_taken(acting: Acting) -> None:
    rows = [{"platform": "weibo", "name": "甲号"}, {"platform": "weibo", "name": "", "followers": "许多"}]
    before = len(db.session.scalars(select(Account)).all())
    for bad in (rows, [{"platform": "weibo", "name": "丙", "followers": "许多"}]):
        with pytest.raises(Invalid, match="行"):
            accounts.import_rows(acting.context, bad, acting.unit())
    assert len(db.session.scalars(select(Account)).all()) == before


def test_the_register_follows_from_its_ledger_after_all_of_them(acting: Acting) -> None:
    context, account = acting.context, acting.account
    accounts.change_account(context, account, {"name": "信息新窗", "directly_responsible": {"id": 1, "name": "张老师"}})
    accounts.set_account_state(context, account, "suspended", reason="张老师请假")
    accounts.record_update(context, account, "2026-03-01")
    accounts.import_rows(context, [{"platform": "weibo", "name": "甲号"}], acting.unit())
    accounts.change_account(context, account, {"name": "信息之窗"})
    accounts.deregister_account(context, account, ground="停办")
    assert verify(db.session(), acting.watch.institution).problems == []
