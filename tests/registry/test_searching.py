"""Lists of accounts: search over Chinese and Latin, filters, pages by key, one institution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.records_world import NOW, World, build_world
from webapp.extensions import db, transactional
from webapp.organization.models import Unit
from webapp.registry import commands, queries
from webapp.registry.models import Account
from webapp.registry.queries import AccountFilter
from webapp.registry.terms import search_terms, similarity, terms


def enter(world: World, name: str, unit: int | None = None, **more: Any) -> int:
    application = {"platform": "wechat", "name": name, **more}
    return commands.enter_existing(world.institution, unit or world.office, application, now=NOW).id


def names(world: World, text: str = "", **wanted: Any) -> list[str]:
    page = queries.accounts(world.institution, AccountFilter(text=text, **wanted))
    return [account.name for account, _unit in page.rows]


def registered() -> World:
    world = build_world()
    enter(world, "示例青年", platform_account_id="SLQN-2019")
    enter(world, "青年示例", url="https://weibo.example/slzy", platform="weibo", tier="1")
    enter(world, "Campus News", world.college, filing_number="备〔2019〕008号", state="deregistered")
    return world


@pytest.fixture
def register(kept: Callable[[Callable[[], World]], World]) -> World:
    return kept(registered)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("青年", {"示例青年", "青年示例"}),
        ("示例青年", {"示例青年"}),
        ("青", {"示例青年", "青年示例"}),
        ("slqn", {"示例青年"}),
        ("ＳＬＱＮ", {"示例青年"}),
        ("2019", {"示例青年", "Campus News"}),
        ("camp news", {"Campus News"}),
        ("宣传部", {"示例青年", "青年示例"}),
        ("信息学院", {"Campus News"}),
        ("weibo.example/slzy", {"青年示例"}),
        ("例青", {"示例青年"}),
        ("年示青", set()),
        ("没有的", set()),
        ("%", {"示例青年", "青年示例", "Campus News"}),
        ("备〔2019〕008号", {"Campus News"}),
    ],
)
def test_search_finds(register: World, text: str, expected: set[str]) -> None:
    assert set(names(register, text)) == expected


def test_search_follows_a_change_of_name(register: World) -> None:
    account_id = enter(register, "旧名")
    commands.revise_account(register.institution, account_id, {"name": "崭新"}, cause="change", now=NOW)
    assert names(register, "崭新") == ["崭新"]
    assert names(register, "旧名") == []


def test_filters_narrow(register: World) -> None:
    assert names(register, platform="weibo") == ["青年示例"]
    assert names(register, state="deregistered") == ["Campus News"]
    assert names(register, tier="1") == ["青年示例"]
    assert names(register, unit_id=register.college) == ["Campus News"]


def test_pages_follow_each_other_by_key_newest_first(world: World) -> None:
    for number in range(5):
        enter(world, f"账号{number}")
    seen: list[str] = []
    before = None
    for _page in range(3):
        page = queries.accounts(world.institution, before=before, limit=2)
        seen += [account.name for account, _unit in page.rows]
        before = page.next_before
    assert seen == ["账号4", "账号3", "账号2", "账号1", "账号0"]
    assert before is None


def test_another_institution_sees_nothing(register: World) -> None:
    assert not queries.accounts(register.other_institution).rows
    assert not queries.accounts(register.other_institution, AccountFilter(text="青年")).rows
    found = queries.accounts(register.institution).rows[0][0]
    assert queries.account_file(register.other_institution, found.id) is None
    assert queries.counts(register.other_institution) == {}
    assert queries.counts(register.institution) == {"active": 2, "deregistered": 1}


def test_the_policys_narrowing_is_applied(register: World) -> None:
    def only_college(statement: Any) -> Any:
        return statement.where(Account.unit_id == register.college)

    page = queries.accounts(register.institution, narrow=only_college)
    assert [account.name for account, _unit in page.rows] == ["Campus News"]
    hidden = queries.accounts(register.institution, AccountFilter(platform="weibo")).rows[0][0]
    assert queries.account_file(register.institution, hidden.id, narrow=only_college) is None


def test_the_sponsoring_unit_comes_with_each_row(register: World) -> None:
    units = {account.name: unit.name_zh for account, unit in queries.accounts(register.institution).rows}
    assert units["Campus News"] == "信息学院"


def test_a_unit_renamed_is_found_by_its_new_name_at_the_next_revision(register: World) -> None:
    transactional(lambda: setattr(db.session.get_one(Unit, register.office), "name_zh", "融媒体中心"))()
    account_id = enter(register, "新账号")
    assert names(register, "融媒体") == ["新账号"]
    assert db.session.get_one(Account, account_id).name == "新账号"


def test_terms_are_characters_pairs_and_words() -> None:
    assert terms(["新媒体 ABC-１２"]) == {"新", "媒", "体", "新媒", "媒体", "abc", "12"}
    assert search_terms("新媒体 ab").exact == ("新媒", "媒体")
    assert search_terms("新媒体 ab").prefixes == ("ab",)
    assert len(search_terms("字词" * 1000).exact) <= 12


def test_similarity_is_one_for_the_same_and_zero_for_nothing_in_common() -> None:
    assert similarity("发布学院新闻", "发布学院新闻。") == 1
    assert similarity("发布学院新闻", "服务校友就业") == 0
    assert similarity("", "") == 0


@pytest.mark.parametrize("rare", [0, 1, 2, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("示例", ["青年示例", "示例青年"]),
        ("示例 slqn", ["示例青年"]),
        ("campus news 2019", ["Campus News"]),
        ("青年 campus", []),
    ],
)
def test_search_finds_the_same_by_whichever_term_it_looks_up_first(
    register: World, text: str, expected: list[str], rare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_RARE", rare)
    assert names(register, text) == expected
