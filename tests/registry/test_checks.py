"""The rules of forms that ask the register."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.records_world import NOW, World
from webapp.formkit.lookups import CHECKS, Advice
from webapp.registry import checks, commands
from webapp.registry.checks import Asked, Mark, run_check

MARKS = (
    Mark("示例职业技术学院", article="x-4"),
    Mark("示例职院", article="x-4"),
    Mark("示例", article="x-4"),
    Mark("SLZY", article="x-4"),
    Mark("Example Polytechnic"),
    Mark("Slzy News", ignore_case=False),
)


def ask(world: World, rule: str, value: Any, answers: dict[str, Any] | None = None, **more: Any) -> list[Advice]:
    case = {"unit": {"id": world.college}, "applicant": {"kind": "staff", "permanent": True}}
    return run_check(
        rule, "name", value, answers or {}, Asked(world.institution, **{"case": case, "marks": MARKS, **more})
    )


def enter(world: World, name: str = "信息学院", unit: int | None = None, **more: Any) -> int:
    application = {"platform": "wechat", "name": name, "purpose": "发布信息学院的新闻和学生活动", **more}
    return commands.enter_existing(world.institution, unit or world.college, application, now=NOW).id


def test_every_rule_that_forms_may_name_is_there(world: World) -> None:
    for rule in CHECKS:
        assert isinstance(ask(world, rule, None), list)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("示例职业技术学院微博", "示例职业技术学院"),
        ("SLZY青年", "SLZY"),
        ("slzy青年", "SLZY"),
        ("ＳＬＺＹ青年", "SLZY"),
        ("ｓｌｚｙ", "SLZY"),
        ("S L Z Y", "SLZY"),
        ("S\u200bL\u200dZ\ufeffY", "SLZY"),
        ("s-l.z_y", "SLZY"),
        ("Ｓ　Ｌ　Ｚ　Ｙ", "SLZY"),
        ("\U0001d412\U0001d40b\U0001d419\U0001d418", "SLZY"),
        ("示 例 职 院", "示例职院"),
        ("示\u00ad例\u2060职\u3000院", "示例职院"),
        ("示·例·职·院", "示例职院"),
        ("EXAMPLE  polytechnic daily", "Example Polytechnic"),
        ("examplepolytechnic", "Example Polytechnic"),
    ],
)
def test_a_protected_mark_is_found_however_it_is_written_and_named(world: World, name: str, mark: str) -> None:
    [advice] = ask(world, "protected_mark", name)
    assert advice.level == "error"
    assert f"“{mark}”" in advice.sentence_zh
    assert f"“{mark}”" in advice.sentence_en


@pytest.mark.parametrize("name", ["青年之声", "slzy", "Slz Y", "", "例示"])
def test_a_mark_that_minds_its_case_and_other_names_pass(world: World, name: str) -> None:
    marks = (Mark("SLZY", ignore_case=False), Mark("示例"))
    assert ask(world, "protected_mark", name, marks=marks) == []


def test_the_marks_own_clause_is_named(world: World) -> None:
    assert ask(world, "protected_mark", "示例职院之声")[0].article == "x-4"


def test_another_departments_name_is_refused_and_the_own_one_is_not(world: World) -> None:
    [advice] = ask(world, "other_department", "宣 传 部之窗")
    assert ask(world, "protected_mark", "宣 传 部之窗") == []
    assert "宣传部" in advice.sentence_zh
    assert ask(world, "other_department", "信息学院之窗") == []
    from_below = {"unit": {"id": world.union, "code": "xx-tw", "name": "信息学院团委"}}
    assert ask(world, "other_department", "信息学院团委之窗", from_below) == []
    assert "信息学院团委" in ask(world, "other_department", "信息学院团委之窗")[0].sentence_zh


def test_a_second_account_on_a_platform_names_the_first(world: World) -> None:
    answers = {"platform": "wechat", "unit": {"id": world.college, "code": "xx", "name": "信息学院"}}
    assert ask(world, "single_account", "wechat", answers) == []
    account_id = enter(world)
    [advice] = ask(world, "single_account", "wechat", answers)
    assert advice.level == "error"
    assert "“信息学院”（存〔2026〕001）" in advice.sentence_zh
    assert ask(world, "single_account", "weibo", {**answers, "platform": "weibo"}) == []
    assert ask(world, "single_account", "wechat", answers, apart_from=account_id) == []
    elsewhere = {**answers, "unit": {"id": world.union, "code": "xx-tw", "name": "信息学院团委"}}
    assert ask(world, "single_account", "wechat", elsewhere) == []


def test_a_closed_account_does_not_stand_in_the_way(world: World) -> None:
    enter(world, state="deregistered")
    assert ask(world, "single_account", "wechat", {"platform": "wechat"}) == []


def test_a_purpose_like_another_of_the_same_unit_is_pointed_out(world: World) -> None:
    enter(world)
    [advice] = ask(world, "duplicate_purpose", "发布信息学院新闻和学生的活动")
    assert advice.level == "warning"
    assert "“信息学院”" in advice.sentence_zh
    assert ask(world, "duplicate_purpose", "服务校友，介绍就业岗位") == []
    other = {"unit": {"id": world.office, "code": "xcb", "name": "宣传部"}}
    assert ask(world, "duplicate_purpose", "发布信息学院的新闻和学生活动", other) == []


def test_only_permanent_staff_may_be_named_or_apply(world: World) -> None:
    assert ask(world, "permanent_staff", {"id": world.alice, "name": "张老师"}) == []
    assert ask(world, "permanent_staff", {"id": world.charlie, "name": "王同学"})[0].level == "error"
    assert ask(world, "permanent_staff", {"id": world.stranger, "name": "陈老师"})[0].level == "error"
    assert ask(world, "permanent_staff", None) == []
    student = {"applicant": {"kind": "student", "permanent": True}}
    assert ask(world, "permanent_staff", "", case=student)[0].level == "error"


def test_a_unit_of_the_school_is_required(world: World) -> None:
    assert ask(world, "unit_required", {"id": world.college, "code": "xx", "name": "信息学院"}) == []
    assert ask(world, "unit_required", None)[0].level == "error"
    assert ask(world, "unit_required", {"id": 4711, "code": "no", "name": "无"})[0].level == "error"


def test_a_mark_inside_a_longer_found_one_is_not_named_again() -> None:
    assert [mark.text for mark in checks.found_marks("示例职院", MARKS)] == ["示例职院"]
