"""Form files that are refused, each with the sentence that names file and element."""

import json
from typing import Any

import pytest

from tests.formkit.outside import field, rows, source
from webapp.formkit import FormSchemaError, check, load

NAME = "forms/wzpt/sample.form"
CHOICES = [{"value": "a", "label": "甲"}, {"value": "b", "label": "乙"}]


def found(*components: dict[str, Any], **given: Any) -> list[tuple[str, str]]:
    return [(f.element, f.rule) for f in check(source(*components, **given), NAME)]


def test_a_sound_form_has_no_findings() -> None:
    assert found(field("textfield", "name")) == []


@pytest.mark.parametrize(
    ("component", "rule"),
    [
        (field("button", "go"), "unknown_type"),
        (field("textfield", "go", properties={"kind": "person"}), "unknown_kind"),
        (field("textfield", "Name"), "bad_key"),
        (field("textfield", "a-b"), "bad_key"),
        (field("textfield", "__class__"), "bad_key"),
        (field("textfield", "name.first"), "bad_key"),
        (field("textfield", "csrf_token"), "reserved_key"),
        (field("textfield", "decision"), "reserved_key"),
        (field("textfield", "case"), "reserved_key"),
        (field("textfield", "satisfies"), "reserved_key"),
        (field("textfield", "go", label="  "), "label"),
        (field("textfield", "go", label="=name"), "label"),
        (field("textfield", "go", properties={"article": ""}), "article"),
        (field("textfield", "go", properties={"article": "第五条"}), "article"),
        (field("textfield", "go", properties={"article": "not-stated"}), "article_reason"),
        (field("textfield", "go", properties={"requiredif": "true"}), "unknown_attribute"),
        (field("textfield", "go", validate={"maxlength": 3}), "unknown_attribute"),
        (field("textfield", "go", validate={"validationType": "email"}), "validation_type"),
        (field("textfield", "go", validate={"minLength": 9, "maxLength": 3}), "bounds"),
        (field("textfield", "go", readonly=True), "unsupported"),
        (field("number", "go", validate={"min": 9, "max": 3}), "bounds"),
        (field("number", "go", validate={"min": "x"}), "bounds"),
        (field("datetime", "go", subtype="time"), "subtype"),
        (field("select", "go"), "values"),
        (field("radio", "go", values=[CHOICES[0], CHOICES[0]]), "values"),
        (field("radio", "go", values=CHOICES, defaultValue="c"), "default"),
        (field("checkbox", "go", properties={"kind": "undertaking"}), "text"),
        (field("select", "go", properties={"kind": "person", "person": "guest"}), "person"),
        (field("textfield", "go", properties={"check": "protected_name"}), "unknown_check"),
        (field("textfield", "go", conditional={"hide": "=other = 1"}), "unknown_field"),
        (field("textfield", "go", conditional={"hide": "=go = 1"}), "later_field"),
        (field("textfield", "go", conditional={"hide": "=case.salary = 1"}), "unknown_field"),
        (field("textfield", "go", conditional={"hide": '=case.applicant.name == "x"'}), "expression"),
        (field("textfield", "go", properties={"requiredIf": "__import__('os')"}), "expression"),
        (field("textfield", "go", properties={"requiredIf": "shell(1)"}), "unknown_function"),
        (rows("go"), "empty"),
        (rows("go", field("textfield", "x"), properties={"min": "4", "max": "2"}), "bounds"),
    ],
)
def test_a_fault_of_one_field_is_named(component: dict[str, Any], rule: str) -> None:
    element = component.get("key") or component["path"]
    assert (element, rule) in found(component)


@pytest.mark.parametrize(
    "key", ["data", "errors", "validate", "meta", "process", "populate_obj", "name", "id", "items"]
)
def test_a_key_that_python_objects_also_have_is_allowed(key: str) -> None:
    assert found(field("textfield", key)) == []


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^.*.*.*.*$", "a+", "^(?=a)a$", r"^(a)\1$", "^[a-$", "^" + "a?" * 60 + "$"],
)
def test_a_pattern_that_could_run_for_long_is_refused(pattern: str) -> None:
    assert ("go", "pattern") in found(field("textfield", "go", validate={"pattern": pattern}))


@pytest.mark.parametrize("pattern", ["^[^<>]*$", "^1[3-9][0-9]{9}$", r"^gh_[0-9a-z]{6,32}$", r"^https?://[^\s]+$"])
def test_an_ordinary_pattern_is_accepted(pattern: str) -> None:
    assert found(field("textfield", "go", validate={"pattern": pattern})) == []


def test_a_pattern_bounds_the_length_of_the_value() -> None:
    rules = {"pattern": "^[a-z]*$", "maxLength": 5000}
    assert ("go", "pattern_length") in found(field("textfield", "go", validate=rules))


def test_two_fields_may_not_share_a_key() -> None:
    assert ("name", "duplicate_key") in found(field("textfield", "name"), field("number", "name"))


def test_a_key_may_return_inside_a_repeating_group() -> None:
    assert found(field("textfield", "name"), rows("members", field("textfield", "name"))) == []


def test_a_repeating_group_inside_another_is_refused() -> None:
    inner = rows("inner", field("textfield", "x"))
    assert ("outer.inner", "nested_rows") in found(rows("outer", inner))


def test_a_heading_with_a_path_is_refused() -> None:
    heading = {"type": "group", "label": "账号", "path": "acc", "components": [field("textfield", "name")]}
    assert ("账号", "group_path") in found(heading)


def test_a_condition_in_a_row_sees_the_row_and_what_stands_before_the_group() -> None:
    child = field("textfield", "until", conditional={"hide": "=not(pay and role)"})
    group = rows("members", field("checkbox", "role"), child)
    assert found(field("checkbox", "pay"), group) == []
    assert ("members.until", "later_field") in found(group, field("checkbox", "pay"))


def test_a_condition_may_not_look_ahead() -> None:
    asking = field("textfield", "b", conditional={"hide": "=c"})
    assert ("b", "later_field") in found(field("checkbox", "a"), asking, field("checkbox", "c"))
    assert found(field("checkbox", "a"), field("checkbox", "c"), asking) == []


def test_the_condition_of_a_heading_is_checked_like_a_fields() -> None:
    heading = {
        "type": "group",
        "label": "支付",
        "conditional": {"hide": "=not(nothing)"},
        "components": [field("textfield", "reason")],
    }
    assert ("reason", "unknown_field") in found(heading)


def rule(**given: Any) -> dict[str, Any]:
    made = {
        "key": "r",
        "when": "a = b",
        "field": "a",
        "message_zh": "不同",
        "message_en": "differ",
        "article": "wzpt-4",
    }
    return {**made, **given}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"field": "c"}, "unknown_field"),
        ({"when": "a == b"}, "expression"),
        ({"when": "a = c"}, "unknown_field"),
        ({"message_en": ""}, "message"),
        ({"article": ""}, "article"),
        ({"if": "a"}, "unknown_attribute"),
    ],
)
def test_a_fault_of_a_rule_is_named(given: dict[str, Any], kind: str) -> None:
    fields = [field("textfield", "a"), field("textfield", "b")]
    assert ("r", kind) in found(*fields, rules=[rule(**given)])
    assert found(*fields, rules=[rule()]) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"{", "json"),
        (b"\xff", "json"),
        (b'{"a": 1, "a": 2}', "json"),
        (b"[" * 100_000, "json"),
        (b"[]", "shape"),
        (b'{"components": 3}', "shape"),
        (b" " * 600_000, "size"),
    ],
)
def test_a_file_that_is_no_form_is_refused(text: bytes, kind: str) -> None:
    assert [f.rule for f in check(text, NAME)] == [kind]


def test_the_id_must_be_the_name_of_the_file() -> None:
    assert [f.rule for f in check(source(field("textfield", "a")), "forms/wzpt/other.form")] == ["id"]


def test_a_refused_form_lists_every_finding_in_both_languages() -> None:
    text = source(field("button", "go"), field("textfield", "A"))
    with pytest.raises(FormSchemaError) as caught:
        load(text, NAME)
    assert {f.rule for f in caught.value.findings} == {"unknown_type", "bad_key"}
    assert all(f.file == NAME and f.sentence and f.sentence_en for f in caught.value.findings)
    assert "unknown component type" in caught.value.sentence_en
    assert "不认识的部件类型" in caught.value.sentence


def test_random_json_in_place_of_a_component_gives_findings_and_no_crash() -> None:
    for odd in (None, 3, "x", [], {}, {"type": 3}, {"type": "textfield", "key": 3, "properties": 4, "validate": 5}):
        text = json.dumps({"type": "default", "schemaVersion": 19, "id": "sample", "components": [odd]}).encode()
        assert check(text, NAME), odd
