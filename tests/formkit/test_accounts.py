"""Fields that name a registered account, and fields that stand beside what is registered."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from tests.formkit.outside import CASE, Outside, field, form, rows
from webapp.engine.feel import Json
from webapp.formkit import BoundForm, FormSchema, FormSchemaError, bind, compare, describe, differences

WINDOW: dict[str, Json] = {
    "id": 31,
    "name": "信息之窗",
    "payment": True,
    "first_responsible": [{"id": 7, "name": "张老师"}],
    "administrators": [{"person": {"id": 7, "name": "张老师"}, "until": "2027-01-01"}],
}
ONLINE: dict[str, Json] = {**WINDOW, "id": 32, "name": "设计在线", "payment": False, "administrators": []}


def account(**given: str) -> dict[str, Any]:
    return field("select", "account", values=[], properties={"kind": "account", **given})


def schema(*more: dict[str, Any]) -> FormSchema:
    person = field("select", "person", values=[], properties={"kind": "person"})
    return form(
        account(),
        field("textfield", "name", properties={"current": "case.account.name"}),
        field(
            "radio",
            "payment",
            values=[{"value": "yes", "label": "有"}, {"value": "no", "label": "无"}],
            properties={"current": "case.account.payment"},
        ),
        field("select", "boss", values=[], properties={"kind": "person", "current": "case.account.first_responsible"}),
        rows(
            "administrators",
            person,
            field("textfield", "until"),
            properties={"current": "case.account.administrators"},
        ),
        field("textfield", "untold"),
        *more,
    )


def about(registered: dict[str, Json] | None) -> dict[str, Json]:
    return {**CASE, "account": registered}


def marks(bound: BoundForm) -> dict[str, tuple[str, bool]]:
    found = {f.name: f.registered for section in bound.sections for f in section.fields}
    return {name: (entry.text, entry.changed) for name, entry in found.items() if entry is not None}


def test_an_account_is_named_by_id_and_kept_with_its_number() -> None:
    posted = MultiDict({"account": "31"})
    bound = bind(form(account()), Outside(), CASE, posted=posted)
    assert bound.validate()
    answer = {"id": 31, "filing_number": "备〔2026〕001", "name": "信息之窗", "platform": "weibo"}
    assert bound.answers == {"account": answer}
    (row,) = describe(bound.schema, bound.answers)
    assert row.value_text == "信息之窗（备〔2026〕001）"
    assert differences(bound.schema, {"account": {**answer, "name": "改了名"}}, bound.answers) == []


@pytest.mark.parametrize("posted", ["32", "99", "0", "-31", "031", "x", "３１"])
def test_an_account_out_of_reach_is_refused(posted: str) -> None:
    bound = bind(form(account()), Outside(), CASE, posted=MultiDict({"account": posted}))
    assert not bound.validate()
    assert "没有可选的账号" in bound.errors["account"][0]
    assert bind(form(account(scope="all")), Outside(), CASE, posted=MultiDict({"account": "32"})).validate()


def test_an_account_is_searched_for_by_name_or_number() -> None:
    bound = bind(form(account()), Outside(), CASE, posted=MultiDict({"account-query": "之窗"}))
    assert bound.answers["account"]["id"] == 31  # type: ignore[call-overload, index]


def test_an_untouched_form_offers_what_is_registered() -> None:
    bound = bind(schema(), Outside(), about(WINDOW))
    assert bound.answers["account"]["id"] == 31  # type: ignore[call-overload, index]
    assert (bound.answers["name"], bound.answers["payment"]) == ("信息之窗", "yes")
    assert bound.answers["boss"] == {"id": 7, "name": "张老师"}
    assert bound.answers["administrators"] == [{"person": {"id": 7, "name": "张老师"}, "until": "2027-01-01"}]
    assert {name: changed for name, (_, changed) in marks(bound).items()} == dict.fromkeys(
        ("name", "payment", "boss", "administrators"), False
    )


def test_what_is_filled_in_stands_beside_what_is_registered() -> None:
    posted = MultiDict({"name": "新名", "payment": "yes", "boss": "8", "administrators-0": "1", "untold": "话"})
    found = marks(bind(schema(), Outside(), about(WINDOW), posted=posted))
    assert found == {
        "name": ("信息之窗", True),
        "payment": ("有", False),
        "boss": ("张老师", True),
        "administrators": ("张老师，2027-01-01", True),
    }


def test_without_an_account_nothing_is_registered() -> None:
    assert marks(bind(schema(), Outside(), about(None), posted=MultiDict({"name": "新名"}))) == {}


def test_offered_answers_come_before_what_is_registered() -> None:
    bound = bind(schema(), Outside(), about(WINDOW), offered={"name": "拟改的名称", "untold": "话"})
    assert (bound.answers["name"], bound.answers["untold"], bound.answers["payment"]) == ("拟改的名称", "话", "yes")


def test_another_account_takes_the_place_of_what_was_left_as_it_was() -> None:
    typed = bind(schema(), Outside(), about(WINDOW)).typed
    typed["untold"], typed["payment"] = ["说明"], ["no"]
    bound = bind(schema(), Outside(), about(ONLINE), posted=MultiDict(typed), before=about(WINDOW))
    answers = bound.answers
    assert (answers["name"], answers["untold"], answers["payment"]) == ("设计在线", "说明", "no")
    assert answers["administrators"] == []


def test_blank_fields_are_filled_when_the_first_account_is_picked() -> None:
    posted = MultiDict({"account": "31", "name": "", "untold": "话", "administrators-0": "1"})
    bound = bind(schema(), Outside(), about(WINDOW), posted=posted, before=about(None))
    assert bound.answers["name"] == "信息之窗"
    assert len(bound.answers["administrators"]) == 1  # type: ignore[arg-type]


def test_a_filed_form_is_compared_with_what_was_registered() -> None:
    filed: dict[str, Json] = {"name": "新名", "payment": "yes", "boss": {"id": 7, "name": "张老师"}}
    found = compare(schema(), filed, about(WINDOW))
    assert {key: entry.changed for key, entry in found.items()} == {"name": True, "payment": False, "boss": False}
    assert found["payment"].text == "有"


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (field("textfield", "name", properties={"scope": "all"}), "account"),
        (account(scope="everything"), "account"),
        (account(states="active, Gone!"), "account"),
        (field("textfield", "name", properties={"current": "case.accounts.name"}), "unknown_field"),
        (field("textfield", "name", properties={"current": "name"}), "later_field"),
        (rows("list", field("textfield", "inner", properties={"current": "case.account.name"})), "current_in_rows"),
    ],
)
def test_lint_refuses(made: dict[str, Any], rule: str) -> None:
    with pytest.raises(FormSchemaError) as refused:
        form(made)
    assert {finding.rule for finding in refused.value.findings} == {rule}
