"""What is typed becomes JSON answers, or an error beside its field with the typed text kept."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from tests.formkit.outside import CASE, Outside, field, form, judged, post, rows
from webapp.engine.feel import Json
from webapp.formkit import bind

CHOICES = [{"value": "a", "label": "甲"}, {"value": "b", "label": "乙"}]
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("component", "typed", "answer"),
    [
        (field("textfield", "x"), " 温职 设计 ", "温职 设计"),
        (field("textfield", "x"), "   ", None),
        (field("textfield", "x"), "a\r\nb", "a b"),
        (field("textarea", "x"), "a\r\nb", "a\nb"),
        (field("number", "x"), "-12", -12),
        (field("number", "x"), "１２００", 1200),
        (field("number", "x", decimalDigits=2), "1.25", 1.25),
        (field("datetime", "x", subtype="date"), "2026-03-02", "2026-03-02"),
        (field("select", "x", values=CHOICES), "b", "b"),
        (field("radio", "x", values=CHOICES), "", None),
        (field("checklist", "x", values=CHOICES), "b", ["b"]),
        (field("checkbox", "x"), "y", True),
        (field("select", "x", properties={"kind": "platform"}), "weibo", "weibo"),
        (
            field("select", "x", properties={"kind": "unit"}),
            "1",
            {"id": 1, "code": "sjcy", "name": "设计创意学院"},
        ),
        (field("select", "x", properties={"kind": "person"}), "7", {"id": 7, "name": "张老师"}),
        (
            field("filepicker", "x"),
            "5",
            [{"id": "5", "name": "单位意见.pdf", "size": 1200, "sha256": "aa"}],
        ),
    ],
)
def test_a_typed_text_becomes_the_answer(component: dict[str, Any], typed: str, answer: Json) -> None:
    bound = judged(form(component), ("x", typed))
    assert bound.errors == {}
    assert bound.answers == {"x": answer}


@pytest.mark.parametrize(
    ("component", "typed", "part"),
    [
        (field("textfield", "x", validate={"required": True}), " ", "请填写"),
        (field("textfield", "x", validate={"minLength": 3}), "ab", "至少 3 个字"),
        (field("textfield", "x", validate={"maxLength": 3}), "一二三四", "最多 3 个字，现在 4 个"),
        (field("textfield", "x"), "字" * 201, "最多 200 个字"),
        (field("textarea", "x"), "字" * 4001, "最多 4000 个字"),
        (field("textfield", "x"), "a\x00b", "控制字符"),
        (field("textfield", "x"), "a\ud800b", "控制字符"),
        (field("textfield", "x", validate={"pattern": "^[a-z]+$"}), "a1", "格式不对"),
        (field("number", "x"), "1e5", "数字"),
        (field("number", "x"), "10²", "数字"),
        (field("number", "x"), "NaN", "数字"),
        (field("number", "x"), "9" * 16, "数字"),
        (field("number", "x"), "1.5", "整数"),
        (field("number", "x", decimalDigits=1), "1.25", "1 位小数"),
        (field("number", "x", validate={"min": 0}), "-1", "不得小于 0"),
        (field("number", "x", validate={"max": 9}), "10", "不得大于 9"),
        (field("datetime", "x", subtype="date"), "2026-02-30", "真实的日期"),
        (field("datetime", "x", subtype="date"), "20260302", "真实的日期"),
        (field("datetime", "x", subtype="date"), "0001-01-01", "真实的日期"),
        (field("datetime", "x", subtype="date", disallowPassedDates=True), "2026-03-01", "不得早于今天"),
        (field("select", "x", values=CHOICES), "c", "不在可选项中"),
        (field("checklist", "x", values=CHOICES), "c", "不在可选项中"),
        (field("checkbox", "x"), "maybe", "勾选"),
        (field("checkbox", "x", validate={"required": True}), "", "须勾选"),
        (field("select", "x", properties={"kind": "platform"}), "tv", "不在可选项中"),
        (field("select", "x", properties={"kind": "platform", "platform_group": "true"}), "weibo", "不在可选项中"),
        (field("select", "x", properties={"kind": "unit"}), "99", "没有可选的单位"),
        (field("select", "x", properties={"kind": "unit", "unit_kind": "office"}), "1", "不属于"),
        (field("select", "x", properties={"kind": "person"}), "07", "没有查到"),
        (field("select", "x", properties={"kind": "person", "person": "staff"}), "9", "不属于"),
        (field("filepicker", "x"), "77", "附件已不存在"),
        (field("filepicker", "x", accept=".pdf"), "6", "类型不收"),
    ],
)
def test_a_wrong_text_is_refused_beside_its_field_and_kept(component: dict[str, Any], typed: str, part: str) -> None:
    bound = judged(form(component), ("x", typed), today=TODAY)
    assert list(bound.errors) == ["x"]
    assert part in bound.errors["x"][0]
    assert bound.typed == {"x": [typed]}


def test_the_patterns_own_message_is_shown_in_the_language_of_the_form() -> None:
    held = {"pattern_message_zh": "手机号为 11 位", "pattern_message_en": "11 digits"}
    schema = form(field("textfield", "x", validate={"pattern": "^1[0-9]{10}$"}, properties=held))
    assert judged(schema, ("x", "138")).errors == {"x": ["手机号为 11 位"]}
    assert judged(schema, ("x", "138"), locale="en").errors == {"x": ["11 digits"]}
    assert judged(schema, ("x", "13800000000")).errors == {}


def test_an_error_is_a_sentence_in_english_too() -> None:
    schema = form(field("textfield", "x", validate={"required": True}, properties={"label_en": "Account name"}))
    assert judged(schema, locale="en").errors == {"x": ["Enter: Account name"]}


def test_several_values_for_one_field_are_refused() -> None:
    bound = judged(form(field("textfield", "x")), ("x", "a"), ("x", "b"))
    assert "只能填一个值" in bound.errors["x"][0]


def test_a_checklist_keeps_the_order_of_the_form_and_refuses_repeats() -> None:
    schema = form(field("checklist", "x", values=CHOICES))
    assert judged(schema, ("x", "b"), ("x", "a")).answers == {"x": ["a", "b"]}
    assert judged(schema, ("x", "b"), ("x", "b")).errors["x"] == ["同一选项选了两次"]


def test_more_files_than_allowed_are_refused() -> None:
    schema = form(field("filepicker", "x"))
    assert "最多 1 个附件" in judged(schema, ("x", "5"), ("x", "6")).errors["x"][0]


def undertaking() -> dict[str, Any]:
    return field(
        "checkbox",
        "pledge",
        validate={"required": True},
        properties={"kind": "undertaking", "text_zh": "本人承诺属实。", "text_en": "I declare."},
    )


def test_an_undertaking_is_accepted_with_ones_own_name() -> None:
    schema = form(undertaking())
    bound = judged(schema, ("pledge", " 张 老师 "), now=NOW)
    accepted = bound.answers["pledge"]
    assert isinstance(accepted, dict)
    assert accepted["accepted_by"] == "张老师"
    assert accepted["at"] == "2026-03-02T01:00:00+00:00"
    assert accepted["text_sha256"] == schema.by_path["pledge"].text_sha256
    assert "本人姓名" in judged(schema, ("pledge", "李老师")).errors["pledge"][0]
    assert "键入本人姓名" in judged(schema).errors["pledge"][0]


def test_an_undertaking_is_signed_by_the_person_filling_in() -> None:
    assert judged(form(undertaking()), ("pledge", "王老师"), signer="王老师").errors == {}


def test_a_changed_undertaking_must_be_signed_again() -> None:
    answers = judged(form(undertaking()), ("pledge", "张老师")).answers
    changed = undertaking()
    changed["properties"]["text_zh"] = "本人承诺属实并负责。"
    assert bind(form(undertaking()), Outside(), CASE, answers=answers).validate()
    assert not bind(form(changed), Outside(), CASE, answers=answers).validate()


def everything() -> Any:
    return form(
        field("textfield", "name"),
        field("number", "audience", decimalDigits=1),
        field("checkbox", "pay"),
        field("checklist", "kinds", values=CHOICES),
        field("select", "unit", properties={"kind": "unit"}),
        field("select", "head", properties={"kind": "person"}),
        field("filepicker", "papers", multiple=True),
        rows("members", field("textfield", "who"), field("checkbox", "on")),
    )


FILLED = [
    ("name", "温职设计"),
    ("audience", "1.5"),
    ("pay", "y"),
    ("kinds", "a"),
    ("unit", "1"),
    ("head", "8"),
    ("papers", "5"),
    ("papers", "6"),
    ("members-0-who", "张老师"),
    ("members-0-on", "y"),
    ("members-1-who", "李老师"),
]


def test_filed_answers_bind_again_to_the_same_answers() -> None:
    answers = judged(everything(), *FILLED).answers
    again = bind(everything(), Outside(), CASE, answers=answers)
    assert again.validate()
    assert again.answers == answers


def test_answers_are_json_and_nothing_else() -> None:
    answers = judged(everything(), *FILLED).answers
    assert json.loads(json.dumps(answers)) == answers
    assert set(answers) == {"name", "audience", "pay", "kinds", "unit", "head", "papers", "members"}


def test_a_draft_keeps_everything_typed_even_what_is_wrong() -> None:
    schema = everything()
    first = post(schema, ("name", "x\x00"), ("audience", "许多"), ("members-0", "1"), ("members-1-who", "张"))
    again = bind(schema, Outside(), CASE, posted=MultiDict(json.loads(json.dumps(first.typed))))
    assert again.typed == first.typed
    bound = again.field("audience")
    assert bound is not None
    assert bound.value == "许多"
    rows_field = again.field("members")
    assert rows_field is not None
    assert [row.fields[0].value for row in rows_field.rows] == ["", "张"]


def test_an_untouched_form_starts_with_defaults_and_prefills() -> None:
    schema = form(
        field("select", "unit", properties={"kind": "unit", "prefill": "case.unit"}),
        field("radio", "open", values=CHOICES, defaultValue="b"),
        rows("members", field("textfield", "who"), defaultRepetitions=2),
    )
    bound = bind(schema, Outside(), CASE)
    assert bound.answers["unit"] == {"id": 1, "code": "sjcy", "name": "设计创意学院"}
    assert bound.answers["open"] == "b"
    members = bound.field("members")
    assert members is not None
    assert len(members.rows) == 2


def test_somebody_who_has_left_is_named_when_the_form_is_edited_again() -> None:
    schema = form(field("select", "head", properties={"kind": "person"}))
    bound = bind(schema, Outside(), CASE, answers={"head": {"id": 99, "name": "赵老师"}})
    assert not bound.validate()
    assert "赵老师" in bound.errors["head"][0]


@pytest.mark.parametrize("odd", [3, True, "x", ["x"], {"x": 1}, [["x"]], {"id": []}, None, 1e300])
def test_answers_of_a_wrong_shape_are_refused_and_never_crash(odd: Json) -> None:
    schema = everything()
    for key in schema.by_path:
        if "." not in key:
            bound = bind(schema, Outside(), CASE, answers={key: odd})
            bound.validate()
            json.dumps(bound.answers)
    assert not bind(schema, Outside(), CASE, answers={"unit": {"id": odd}, "nothing": 1}).validate()
