"""Filed answers as text, and what changed between two rounds."""

from typing import Any

from tests.formkit.outside import CASE, Outside, field, form, judged, rows
from webapp.formkit import bind, changed_fields, describe, differences

CHOICES = [{"value": "a", "label": "图文", "label_en": "Text"}, {"value": "b", "label": "视频", "label_en": "Video"}]
PLEDGE = field("checkbox", "pledge", properties={"kind": "undertaking", "text_zh": "属实"})
SCHEMA = form(
    {
        "type": "group",
        "label": "账号",
        "properties": {"label_en": "Account"},
        "components": [
            field("select", "platform", properties={"kind": "platform", "label_en": "Platform"}),
            field("checklist", "kinds", values=CHOICES),
            field("checkbox", "pay"),
            field("textarea", "reason", conditional={"hide": "=not(pay)"}),
        ],
    },
    field("select", "head", properties={"kind": "person"}),
    field("filepicker", "papers", multiple=True),
    PLEDGE,
    rows("members", field("textfield", "who"), field("select", "kind", values=CHOICES)),
)


def answers(*pairs: tuple[str, str]) -> Any:
    return judged(SCHEMA, *pairs).answers


def members(*names: str) -> list[tuple[str, str]]:
    return [(f"members-{number}-who", name) for number, name in enumerate(names)]


def test_answers_are_described_in_the_order_of_the_form() -> None:
    filed = answers(("platform", "wechat"), ("kinds", "a"), ("kinds", "b"), ("head", "7"), ("papers", "5"))
    told = {row.key: row for row in describe(SCHEMA, filed, Outside())}
    assert list(told) == ["platform", "kinds", "pay", "head", "papers", "pledge", "members"]
    assert told["platform"].value_text == "微信公众号"
    assert told["platform"].section == "账号"
    assert told["platform"].articles == ("wzpt-11.1",)
    assert told["kinds"].value_text == "图文；视频"
    assert told["pay"].value_text == "否"
    assert told["head"].value_text == "张老师"
    assert [f.name for f in told["papers"].files] == ["单位意见.pdf"]
    assert told["pledge"].value_text == ""


def test_answers_are_described_in_english() -> None:
    filed = answers(("platform", "wechat"), ("kinds", "a"), ("kinds", "b"), ("pledge", "张老师"))
    told = {row.key: row for row in describe(SCHEMA, filed, Outside(), "en")}
    assert (told["platform"].label, told["platform"].section) == ("Platform", "Account")
    assert told["platform"].value_text == "WeChat official account"
    assert told["kinds"].value_text == "Text; Video"
    assert told["pledge"].value_text == "Accepted by 张老师"


def test_rows_are_described_one_by_one() -> None:
    filed = answers(("members-0-who", "甲"), ("members-0-kind", "b"), ("members-1-who", "乙"))
    row = describe(SCHEMA, filed)[-1]
    assert row.rows is not None
    assert [[part.value_text for part in group] for group in row.rows] == [["甲", "视频"], ["乙", ""]]
    assert row.value_text == "甲，视频；乙"


def test_answers_of_an_older_form_are_still_shown() -> None:
    told = describe(SCHEMA, {"platform": "closed_one", "kinds": "a", "members": "none", "gone": 1}, Outside())
    assert [(row.key, row.value_text) for row in told] == [
        ("platform", "closed_one"),
        ("kinds", "图文"),
        ("members", "none"),
    ]


def test_equal_rounds_have_no_differences() -> None:
    filed = answers(("platform", "wechat"), ("pledge", "张老师"), *members("甲", "乙"))
    again = bind(SCHEMA, Outside(), CASE, answers=filed).answers
    assert again["pledge"] != {}
    assert differences(SCHEMA, filed, again) == []


def test_a_change_an_addition_and_a_removal_are_told_apart() -> None:
    old = answers(("platform", "wechat"), ("head", "7"))
    new = answers(("platform", "weibo"), ("kinds", "b"))
    found = {d.path: (d.change, d.old_text, d.new_text) for d in differences(SCHEMA, old, new, Outside())}
    assert found == {
        "platform": ("changed", "微信公众号", "微博"),
        "kinds": ("added", "", "视频"),
        "head": ("removed", "张老师", ""),
    }


def test_a_field_that_appears_is_an_addition() -> None:
    found = differences(SCHEMA, answers(), answers(("pay", "y"), ("reason", "收学费")))
    assert [(d.key, d.change, d.new_text) for d in found] == [("pay", "changed", "是"), ("reason", "added", "收学费")]


def test_a_change_inside_a_row_names_the_row() -> None:
    found = differences(SCHEMA, answers(*members("甲", "乙", "丙")), answers(*members("甲", "丁", "丙")))
    assert [(d.path, d.label, d.old_text, d.new_text) for d in found] == [
        ("members.1.who", "Members 第 2 行 · Who", "乙", "丁")
    ]


def test_a_row_that_came_or_went_is_one_difference() -> None:
    gone = differences(SCHEMA, answers(*members("甲", "乙", "丙")), answers(*members("乙", "丙")))
    assert [(d.path, d.change, d.old_text) for d in gone] == [("members.0", "removed", "甲")]
    came = differences(SCHEMA, answers(*members("甲")), answers(*members("甲", "乙")))
    assert [(d.path, d.change, d.new_text) for d in came] == [("members.1", "added", "乙")]


def test_a_person_renamed_is_not_a_change_and_another_of_the_same_name_is() -> None:
    old = {"head": {"id": 7, "name": "张老师"}}
    assert differences(SCHEMA, old, {"head": {"id": 7, "name": "张教授"}}) == []
    assert [d.key for d in differences(SCHEMA, old, {"head": {"id": 17, "name": "张老师"}})] == ["head"]


def test_changed_fields_names_top_level_keys() -> None:
    old, new = answers(("platform", "wechat"), *members("甲")), answers(("platform", "weibo"), *members("乙"))
    assert changed_fields(SCHEMA, old, new) == frozenset({"platform", "members"})
