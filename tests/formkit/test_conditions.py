"""Fields that appear, are required or are judged depending on others."""

from datetime import date
from typing import Any

import pytest

from tests.formkit.outside import Outside, field, form, judged, post, rows
from webapp.formkit import ConditionError

ROLES = [{"value": "staff", "label": "教师"}, {"value": "student", "label": "学生"}]


def members(**given: Any) -> dict[str, Any]:
    until = field(
        "datetime",
        "until",
        subtype="date",
        conditional={"hide": '=role != "student"'},
        properties={"requiredIf": 'role = "student"'},
    )
    who = field("textfield", "who", validate={"required": True})
    return rows("members", who, field("select", "role", values=ROLES), until, **given)


def test_a_field_appears_with_its_cause() -> None:
    schema = form(field("checkbox", "pay"), field("textarea", "reason", conditional={"hide": "=not(pay)"}))
    assert not post(schema).visible("reason")
    assert post(schema, ("pay", "y")).visible("reason")
    assert post(schema, ("pay", "y")).answers == {"pay": True, "reason": None}
    assert not post(schema).visible("nothing")


def test_what_is_hidden_hides_what_hangs_on_it() -> None:
    schema = form(
        field("checkbox", "a"),
        field("checkbox", "b", conditional={"hide": "=not(a)"}),
        field("textfield", "c", conditional={"hide": "=not(b)"}),
    )
    bound = judged(schema, ("b", "y"), ("c", "x"))
    assert bound.answers == {"a": False}
    assert set(bound.errors) == {"b", "c"}


def test_a_heading_hides_all_its_fields() -> None:
    heading = {
        "type": "group",
        "label": "支付",
        "conditional": {"hide": "=not(pay)"},
        "components": [field("textfield", "reason", validate={"required": True}), {"type": "text", "text": "说明"}],
    }
    schema = form(field("checkbox", "pay"), heading)
    assert [title for title, _ in post(schema).sections] == [""]
    assert [title for title, _ in post(schema, ("pay", "y")).sections] == ["", "支付"]
    assert judged(schema).errors == {}
    assert list(judged(schema, ("pay", "y")).errors) == ["reason"]


def test_a_field_is_required_only_under_its_condition() -> None:
    schema = form(field("textfield", "reason", properties={"requiredIf": "pay"}), field("checkbox", "pay"))
    assert judged(schema).errors == {}
    assert list(judged(schema, ("pay", "y")).errors) == ["reason"]
    bound = judged(schema, ("pay", "y")).field("reason")
    assert bound is not None
    assert bound.required


def test_conditions_see_the_case_and_todays_date() -> None:
    schema = form(
        field("textfield", "staff_only", conditional={"hide": '=case.applicant.kind != "staff"'}),
        field("textfield", "later", conditional={"hide": '=today() < "2026-09-01"'}),
    )
    assert set(post(schema, today=date(2026, 3, 2)).answers) == {"staff_only"}
    assert set(post(schema, today=date(2026, 9, 1)).answers) == {"staff_only", "later"}


def test_a_condition_that_cannot_be_evaluated_blames_the_form() -> None:
    schema = form(field("textfield", "a"), field("textfield", "b", conditional={"hide": "=a + 1"}))
    with pytest.raises(ConditionError) as caught:
        post(schema, ("a", "x"))
    assert "sample" in caught.value.sentence
    assert caught.value.element == "b"


def test_conditions_in_a_row_look_at_that_row() -> None:
    pairs = [("members-0-who", "张老师"), ("members-0-role", "staff")]
    pairs += [("members-1-who", "李同学"), ("members-1-role", "student"), ("members-1-until", "2027-07-01")]
    bound = judged(form(members()), *pairs)
    assert bound.errors == {}
    assert bound.answers["members"] == [
        {"who": "张老师", "role": "staff"},
        {"who": "李同学", "role": "student", "until": "2027-07-01"},
    ]
    assert list(judged(form(members()), *pairs[:4]).errors) == ["members-1-until"]
    assert list(judged(form(members()), *pairs, ("members-0-until", "2027-07-01")).errors) == ["members-0-until"]


def test_an_untouched_row_beyond_the_least_number_does_not_count() -> None:
    pairs = [("members-0-who", "张老师"), ("members-1", "1"), ("members-1-who", "")]
    bound = judged(form(members()), *pairs)
    assert bound.errors == {}
    assert bound.answers["members"] == [{"who": "张老师", "role": None}]


def test_the_least_number_of_rows_is_asked_for() -> None:
    schema = form(members(properties={"min": "2"}))
    assert "至少 2 行" in judged(schema, ("members-0-who", "张老师")).errors["members"][0]
    blank = judged(schema, ("members-0-who", "张老师"), ("members-1", "1"))
    assert list(blank.errors) == ["members-1-who"]


def test_a_list_may_be_required_under_a_condition() -> None:
    schema = form(field("checkbox", "team"), members(properties={"requiredIf": "team"}))
    assert judged(schema).errors == {}
    assert list(judged(schema, ("team", "y"), ("members-0", "1")).errors) == ["members"]


def pay_rule(**given: Any) -> dict[str, Any]:
    made = {
        "key": "pay_needs_staff",
        "when": 'pay and (some m in members satisfies m.role = "student")',
        "field": "members",
        "message_zh": "有支付功能的账号不能由学生管理",
        "message_en": "A paying account may not be run by students",
        "article": "wzpt-8",
    }
    return {**made, **given}


PAYING = [("pay", "y"), ("members-0-who", "李同学"), ("members-0-role", "student"), ("members-0-until", "2027-01-01")]


def test_a_rule_over_several_fields_stands_at_its_field() -> None:
    schema = form(field("checkbox", "pay"), members(), rules=[pay_rule()])
    assert judged(schema, *PAYING).errors == {"members": ["有支付功能的账号不能由学生管理"]}
    assert judged(schema, *PAYING, locale="en").errors == {"members": ["A paying account may not be run by students"]}
    assert judged(schema, *PAYING[1:]).errors == {}


def test_a_rule_about_rows_stands_at_the_row_that_breaks_it() -> None:
    rule = pay_rule(field="members.until", when="until < opens", message_zh="早于开通")
    schema = form(field("datetime", "opens", subtype="date"), members(), rules=[rule])
    pairs = [("opens", "2026-06-01")]
    for number, until in enumerate(["2027-01-01", "2026-01-01"]):
        pairs += [(f"members-{number}-who", "李同学"), (f"members-{number}-role", "student")]
        pairs += [(f"members-{number}-until", until)]
    assert judged(schema, *pairs).errors == {"members-1-until": ["早于开通"]}


def test_a_rule_is_not_judged_over_a_field_that_could_not_be_read() -> None:
    rule = pay_rule(key="r", field="low", when="is_blank(high)", message_zh="缺上限")
    schema = form(field("number", "low"), field("number", "high"), rules=[rule])
    assert list(judged(schema, ("high", "许多")).errors) == ["high"]
    assert list(judged(schema).errors) == ["low"]


def checked(**held: str) -> dict[str, Any]:
    return field("textfield", "name", properties={"check": "protected_mark, single_account", **held})


def test_the_registry_may_refuse_or_warn() -> None:
    schema = form(field("select", "platform", properties={"kind": "platform"}), checked())
    bound = judged(schema, ("platform", "wechat"), ("name", "温州职院"))
    assert bound.errors == {"name": ["名称含有受保护的标识"]}
    assert [(a.level, a.field) for a in bound.advice] == [("error", "name"), ("warning", "name")]
    warned = judged(schema, ("platform", "wechat"), ("name", "设计"))
    assert warned.errors == {}
    name = warned.field("name")
    assert name is not None
    assert [a.sentence("en") for a in name.advice] == ["The unit has one already"]


def test_a_reason_turns_the_registrys_refusal_into_a_note() -> None:
    schema = form(checked(check_unless="not(is_blank(why))"), field("textfield", "why"))
    assert list(judged(schema, ("name", "温州职院")).errors) == ["name"]
    excused = judged(schema, ("name", "温州职院"), ("why", "经授权"))
    assert excused.errors == {}
    assert [a.level for a in excused.advice] == ["info"]


def test_no_reason_excuses_the_name_of_another_department() -> None:
    both = field("textfield", "name", properties={"check": "protected_mark, other_department", "check_unless": "true"})
    excused = judged(form(both), ("name", "温州职院宣传部"))
    assert excused.errors == {"name": ["名称含有其他部门的名称"]}
    assert [a.level for a in excused.advice] == ["info", "error"]


def test_the_registry_is_asked_about_rows_and_told_which() -> None:
    group = rows("members", field("select", "who", properties={"kind": "person", "check": "permanent_staff"}))
    outside = Outside()
    judged(form(group), ("members-0-who", "7"), ("members-3-who", "9"), lookups=outside)
    assert [(rule, name) for rule, name, _ in outside.asked] == [
        ("permanent_staff", "members-0-who"),
        ("permanent_staff", "members-1-who"),
    ]


def test_the_registry_is_not_asked_about_hidden_or_wrong_values_nor_about_empty_ones_while_typing() -> None:
    outside = Outside()
    hidden = checked()
    hidden["conditional"] = {"hide": "=true"}
    judged(form(hidden), lookups=outside)
    judged(form(checked()), ("name", "x" * 300), lookups=outside)
    assert post(form(checked()), ("name", ""), lookups=outside).advice == []
    assert outside.asked == []
    judged(form(checked()), lookups=outside)
    assert ("protected_mark", "name", None) in outside.asked
