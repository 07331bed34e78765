"""Posts no page of ours would send."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from tests.formkit.outside import CASE, Outside, field, form, judged, post, rows
from webapp.formkit import bind

SCHEMA = form(
    field("textfield", "name", validate={"maxLength": 40, "pattern": "^[^<>]*$"}),
    field("textfield", "data"),
    field("textfield", "errors"),
    field("textfield", "validate"),
    field("textfield", "meta"),
    field("checkbox", "pay"),
    field("textarea", "reason", conditional={"hide": "=not(pay)"}),
    field("select", "head", properties={"kind": "person"}),
    rows("members", field("textfield", "who"), field("checkbox", "on"), properties={"max": "50"}),
)


@pytest.mark.parametrize(
    "name",
    [
        "typename",
        "members-0-admin",
        "members--1-who",
        "members-²-who",
        "members-１-who",
        "members-01-who",
        "members-1234567-who",
        "members-+1-who",
        "members",
        "members-who",
        "name-0",
        "name-query",
        "head-0-query",
        "__class__",
        "_fields",
        "name.first",
        "NAME",
        "name\x00",
        "",
        "add-name",
        "remove-members",
        "drop-name",
        "x" * 10_000,
    ],
)
def test_a_name_no_field_has_is_refused(name: str) -> None:
    bound = judged(SCHEMA, (name, "1"))
    assert list(bound.errors) == [""]
    assert "没有的字段" in bound.errors[""][0]
    assert len(bound.errors[""][0]) < 200
    assert bound.structural_action is None


def test_what_the_page_itself_posts_is_left_alone() -> None:
    pairs = [("csrf_token", "t"), ("version", "3"), ("submission_key", "k"), ("opinion", "同意"), ("seat", "9")]
    assert judged(SCHEMA, *pairs, page_names=["seat"]).errors == {}
    with pytest.raises(ValueError, match="name"):
        post(SCHEMA, page_names=["name"])


def test_keys_that_forms_also_have_as_attributes_are_ordinary_fields() -> None:
    bound = judged(SCHEMA, ("data", "1"), ("errors", "2"), ("validate", "3"), ("meta", "4"))
    assert bound.errors == {}
    assert [bound.answers[k] for k in ("data", "errors", "validate", "meta")] == ["1", "2", "3", "4"]


def test_a_hidden_field_that_was_sent_is_refused_and_its_value_left_out() -> None:
    bound = judged(SCHEMA, ("reason", "偷偷填"))
    assert "不需填写" in bound.errors["reason"][0]
    assert "reason" not in bound.answers
    assert bound.summary == [("", bound.errors["reason"][0])]


def test_a_hidden_field_sent_empty_is_fine() -> None:
    bound = judged(SCHEMA, ("reason", "  "))
    assert bound.errors == {}
    assert "reason" not in bound.answers


def test_sparse_rows_are_renumbered() -> None:
    bound = judged(SCHEMA, ("members-999999-who", "乙"), ("members-7-who", "甲"))
    assert bound.errors == {}
    assert bound.answers["members"] == [{"who": "甲", "on": False}, {"who": "乙", "on": False}]
    assert set(bound.typed) == {"members-0", "members-1", "members-0-who", "members-1-who"}


def test_more_rows_than_allowed_are_an_error_and_all_are_kept() -> None:
    bound = judged(SCHEMA, *[(f"members-{i}-who", "甲") for i in range(60)])
    assert bound.errors == {"members": ["最多 50 行，现在 60 行，请删去多余的"]}
    members = bound.field("members")
    assert members is not None
    assert len(members.rows) == 60


def test_ten_thousand_rows_are_answered_quickly() -> None:
    started = time.perf_counter()
    bound = judged(SCHEMA, *[(f"members-{i}-who", "甲") for i in range(10_000)])
    assert any("最多 50 行" in sentence for sentence in bound.errors["members"])
    assert time.perf_counter() - started < 3


def test_a_very_long_value_is_refused_before_any_pattern_runs() -> None:
    started = time.perf_counter()
    bound = judged(SCHEMA, ("name", "a" * 1_000_000))
    assert "最多 40 个字" in bound.errors["name"][0]
    assert time.perf_counter() - started < 1


def test_the_worst_pattern_lint_lets_through_ends_soon() -> None:
    schema = form(field("textfield", "x", validate={"pattern": "^a*a*a*b$"}))
    started = time.perf_counter()
    assert "x" in judged(schema, ("x", "a" * 200)).errors
    assert time.perf_counter() - started < 2


NAMES = st.one_of(
    st.sampled_from(["name", "pay", "reason", "head", "head-query", "head-pick", "members-0-who", "members-3-on"]),
    st.sampled_from(["add-members", "remove-members-0", "refresh", "members-0", "csrf_token", "data"]),
    st.text(max_size=12),
    st.from_regex(r"[a-z]{1,7}(-[0-9]{1,3}(-[a-z]{1,4})?)?", fullmatch=True),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(NAMES, st.text(max_size=30)), max_size=12))
def test_any_post_gives_json_answers_of_declared_fields_and_never_crashes(pairs: list[tuple[str, str]]) -> None:
    bound = bind(SCHEMA, Outside(), CASE, posted=MultiDict(pairs))
    valid = bound.validate()
    assert valid == (not bound.errors)
    assert set(bound.answers) <= set(SCHEMA.by_path)
    json.dumps(bound.answers)
    assert not valid or bind(SCHEMA, Outside(), CASE, answers=bound.answers).validate()
    again = bind(SCHEMA, Outside(), CASE, posted=MultiDict(bound.typed))
    assert again.typed == bound.typed
