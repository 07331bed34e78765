"""Searching for a person or unit without any script."""

from tests.formkit.outside import field, form, judged
from webapp.formkit import BoundField, BoundForm

SCHEMA = form(field("select", "head", validate={"required": True}, properties={"kind": "person"}))
UNIT = form(field("select", "unit", properties={"kind": "unit"}))


def head(bound: BoundForm) -> BoundField:
    found = bound.field("head")
    assert found is not None
    return found


def test_a_search_with_one_result_chooses_it() -> None:
    for query in ("张小明", "2021002", "小明"):
        bound = judged(SCHEMA, ("head-query", query))
        assert bound.errors == {}
        assert bound.answers["head"] == {"id": 8, "name": "张小明"}
        assert head(bound).query == "张小明（宣传部）"


def test_a_search_with_several_results_lists_them() -> None:
    bound = judged(SCHEMA, ("head-query", "张"))
    assert "2 个结果" in bound.errors["head"][0]
    assert [c.value for c in head(bound).candidates] == ["7", "8"]
    assert head(bound).query == "张"


def test_one_of_the_results_is_picked() -> None:
    bound = judged(SCHEMA, ("head-query", "张"), ("head-pick", "8"))
    assert bound.answers["head"] == {"id": 8, "name": "张小明"}


def test_a_pick_that_is_no_result_of_the_search_does_not_count() -> None:
    assert "2 个结果" in judged(SCHEMA, ("head-query", "张"), ("head-pick", "9")).errors["head"][0]


def test_the_choice_stays_while_its_name_stands_in_the_box() -> None:
    bound = judged(SCHEMA, ("head", "8"), ("head-query", "张小明（宣传部）"))
    assert bound.answers["head"] == {"id": 8, "name": "张小明"}


def test_another_text_in_the_box_is_a_new_search() -> None:
    assert judged(SCHEMA, ("head", "8"), ("head-query", "李")).answers["head"] == {"id": 9, "name": "李同学"}
    assert "2 个结果" in judged(SCHEMA, ("head", "8"), ("head-query", "张")).errors["head"][0]


def test_an_emptied_box_is_no_choice() -> None:
    assert "请选择" in judged(SCHEMA, ("head", "8"), ("head-query", "")).errors["head"][0]


def test_nobody_found_keeps_what_was_typed() -> None:
    bound = judged(SCHEMA, ("head-query", "赵"))
    assert "没有查到「赵」" in bound.errors["head"][0]
    assert head(bound).query == "赵"


def test_a_few_units_are_listed() -> None:
    unit = judged(UNIT, ("unit", "2")).field("unit")
    assert unit is not None
    assert [(item.value, item.chosen) for item in unit.items] == [("1", False), ("2", True)]
