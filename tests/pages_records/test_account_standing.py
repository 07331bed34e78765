"""An account's page: its last update, who may record one, what was found and done about it; and bulletins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from tests.support.watch import NOW, Watch, build_watch
from tests.support.web import PASSWORD, Visitor, visitor
from webapp.bulletins.commands import publish
from webapp.definitions.queries import bundle, current_deployment
from webapp.extensions import db
from webapp.organization.commands import add_person, grant_role
from webapp.organization.passwords import hash_password
from webapp.registry import measures
from webapp.registry.models import Account
from webapp.registry.standing import deregister

LONG_AGO = datetime.now(UTC) - timedelta(days=200)


HASHED = hash_password(PASSWORD)


def _build() -> Watch:
    return build_watch(HASHED)


@pytest.fixture
def watch(kept: Callable[[Callable[[], Watch]], Watch]) -> Watch:
    return kept(_build)


def words(answer: TestResponse) -> str:
    return " ".join(html.document_fromstring(answer.get_data(as_text=True)).text_content().split())


def today(days: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(hours=8, days=days)).date().isoformat()


def record(who: Visitor, account_id: int, day: str) -> TestResponse:
    who.get(f"/registry/{account_id}")
    return who.post(f"/registry/{account_id}/updates", {"updated_on": day})


def last(account_id: int) -> str:
    db.session.rollback()
    db.session.expire_all()
    return str(db.session.get_one(Account, account_id).last_update_on)


def test_a_silent_account_is_marked_until_an_update_is_recorded(app: Flask, watch: Watch) -> None:
    account_id = watch.enter(now=LONG_AGO)
    zhang = visitor(app, "watch.zhang")
    assert "久未更新" in words(zhang.get(f"/registry/{account_id}"))
    answer = record(zhang, account_id, today())
    assert answer.status_code == 302
    assert last(account_id) == today()
    page = words(zhang.get(f"/registry/{account_id}"))
    assert "久未更新" not in page
    assert f"{today()} 更新" in page


def test_a_day_to_come_or_none_comes_back_with_a_sentence(app: Flask, watch: Watch) -> None:
    account_id = watch.enter()
    zhang = visitor(app, "watch.zhang")
    for day, sentence in ((today(2), "不能晚于今天"), ("", "请选更新日期"), ("gestern", "更新日期")):
        answer = record(zhang, account_id, day)
        assert answer.status_code == 422
        assert sentence in words(answer)
    assert last(account_id) == "None"


def test_only_its_people_its_units_head_and_publicity_may_record_an_update(app: Flask, watch: Watch) -> None:
    account_id = watch.enter()

    def person(name: str, unit_id: int, *roles: tuple[str, int]) -> Visitor:
        user = add_person(
            watch.institution, name, unit_id=unit_id, password_hash=HASHED, name_zh="张老师", kind="staff"
        )
        for role, place in roles:
            grant_role(watch.institution, user.id, role, place, actor=None)
        return visitor(app, name)

    allowed = [
        visitor(app, "watch.wang"),
        person("watch.unithead", watch.unit, ("unit_head", watch.unit)),
        person("watch.publicity", watch.office, ("publicity_reviewer", watch.office)),
    ]
    refused = [person("watch.colleague", watch.unit), visitor(app, "watch.head")]
    for who in allowed:
        assert "登记更新" in words(who.get(f"/registry/{account_id}"))
        assert record(who, account_id, "2026-01-05").status_code == 302
    for who in refused:
        assert "登记更新" not in words(who.get(f"/registry/{account_id}"))
        assert record(who, account_id, "2026-01-06").status_code == 404
    assert last(account_id) == "2026-01-05"
    assert record(visitor(app, "wzpt.zhang"), account_id, "2026-01-06").status_code == 404


def test_what_was_found_and_done_stands_on_the_page_its_words_for_few(app: Flask, watch: Watch) -> None:
    account_id = watch.enter()
    person = {"id": watch.zhang, "name": "王小二"}
    measures.record_review(watch.institution, account_id, "2026", "failed", note="材料不全", now=NOW)
    measures.record_measure(
        watch.institution,
        "criticism",
        "未按期整改",
        account_id=account_id,
        persons=[person],
        authority="党委宣传部",
        article="wzpt-6",
        now=NOW,
    )
    zhang = words(visitor(app, "watch.zhang").get(f"/registry/{account_id}"))
    for text in ("2026", "不合格", "材料不全", "通报批评", "未按期整改", "王小二", "党委宣传部", "依据 第一条"):
        assert text in zhang
    add_person(watch.institution, "watch.other", unit_id=watch.office, password_hash=HASHED, name_zh="李老师")
    other = words(visitor(app, "watch.other").get(f"/registry/{account_id}"))
    assert "通报批评" in other
    for text in ("材料不全", "未按期整改", "王小二"):
        assert text not in other


def test_a_deregistered_account_says_why_and_takes_no_update(app: Flask, watch: Watch) -> None:
    account_id = watch.enter(now=LONG_AGO)
    deregister(watch.institution, account_id, ordered=True, ground="拒不整改", closed_by="office", now=NOW)
    page = words(visitor(app, "watch.zhang").get(f"/registry/{account_id}"))
    for text in ("已注销", "责令关停", "拒不整改"):
        assert text in page
    assert "登记更新" not in page
    assert "久未更新" not in page


def test_bulletins_are_there_for_everybody_of_the_institution_and_nobody_else(app: Flask, watch: Watch) -> None:
    deployment = current_deployment(watch.institution)
    assert deployment is not None
    texts = bundle(deployment).pack.texts
    given = {"number_format": "守报〔{year}〕{n:02d}期", "year": 2026, "now": NOW, "account_id": watch.enter()}
    values = {"name": "信息之窗", "reference": "整〔2026〕00001"}
    row = publish(watch.institution, "criticism", texts, values, kind="criticism", **given)
    path = f"/bulletins/{row.id}"
    wang = visitor(app, "watch.wang")
    assert "关于信息之窗的通报批评" in words(wang.get("/bulletins"))
    assert "关于信息之窗的通报批评" in words(wang.get("/bulletins?kind=criticism"))
    assert "还没有发布过" in words(wang.get("/bulletins?kind=circular"))
    page = words(wang.get(path))
    for text in ("守报〔2026〕01期", "逾期未改", "守望学院", "2026-03-02"):
        assert text in page
    stranger = visitor(app, "wzpt.zhang")
    assert stranger.get(path).status_code == 404
    assert "信息之窗" not in words(stranger.get("/bulletins"))
    assert wang.get("/bulletins/999999").status_code == 404


def test_measures_are_listed_by_year_for_publicity_and_for_a_units_head_their_own(app: Flask, watch: Watch) -> None:
    for name, role, place in (
        ("watch.publicity", "publicity_reviewer", watch.office),
        ("watch.unithead", "unit_head", watch.unit),
    ):
        user = add_person(watch.institution, name, unit_id=place, password_hash=HASHED, name_zh="张老师")
        grant_role(watch.institution, user.id, role, place, actor=None)
    account_id = watch.enter("信息之窗")
    now = datetime.now(UTC)
    measures.record_measure(watch.institution, "criticism", "学院的", account_id=account_id, now=now)
    measures.record_measure(watch.institution, "warning", "宣传部的", unit_id=watch.office, now=now)
    measures.record_measure(
        watch.institution, "veto", "早先的", unit_id=watch.unit, now=datetime(2024, 5, 6, tzinfo=UTC)
    )
    both = words(visitor(app, "watch.publicity").get("/registry/measures"))
    assert all(text in both for text in ("学院的", "信息之窗", "宣传部的", "通报批评"))
    assert "早先的" not in both
    head = visitor(app, "watch.unithead")
    own = words(head.get("/registry/measures"))
    assert "学院的" in own
    assert "宣传部的" not in own
    assert "早先的" in words(head.get("/registry/measures?year=2024"))
    assert visitor(app, "watch.zhang").get("/registry/measures").status_code == 404
