"""Lint: how elements are connected, called and drawn."""

import pytest

from tests.engine.drawing import Drawing
from tests.engine.linting import findings, rules
from tests.engine.running import straight


@pytest.mark.parametrize("first", ["Review", "Form"])
def test_the_first_element_must_be_application(first: str) -> None:
    assert ("test_process_start", "first-element") in rules(straight(first, "Application"))


def test_a_merge_may_lie_before_application() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.gateway("Complete", default="Done")
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "Complete")
    drawing.flow("Complete", "Merge", when="Application.again")
    drawing.flow("Complete", "End", id="Done")
    assert findings(drawing) == []


def test_several_flows_into_a_task_need_a_merge_and_out_of_it_a_gateway() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.user("Review")
    drawing.user("Sign")
    drawing.end()
    drawing.flow("Start", "Application", "Review", "Sign", "End")
    drawing.flow("Review", "End")
    drawing.flow("Application", "Sign")
    found = rules(drawing)
    assert {("Sign", "no-merge"), ("Review", "no-split"), ("Application", "no-split")} <= found
    assert ("End", "no-merge") not in found


def _gateway(*, default: str = "", conditions: tuple[str | None, str | None]) -> set[tuple[str, str]]:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("G", default=default)
    drawing.end()
    drawing.end("Other")
    drawing.flow("Start", "Application", "G")
    drawing.flow("G", "End", when=conditions[0], id="One")
    drawing.flow("G", "Other", when=conditions[1], id="Two")
    return rules(drawing)


def test_a_gateway_needs_a_default_and_conditions_on_the_other_flows() -> None:
    assert _gateway(default="Two", conditions=("Application.ok", None)) == set()
    assert _gateway(conditions=("Application.ok", "not(Application.ok)")) == {("G", "no-default")}
    assert _gateway(default="Gone", conditions=("Application.ok", "not(Application.ok)")) == {("G", "no-default")}
    assert _gateway(default="Two", conditions=(None, None)) == {("One", "no-condition")}
    assert _gateway(default="Two", conditions=("Application.ok", "true")) == {("Two", "condition-on-default")}


def test_a_condition_behind_a_task_is_refused_because_nothing_tests_it() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.end()
    drawing.flow("Start", "Application")
    drawing.flow("Application", "End", when="Application.ok", id="F")
    assert rules(drawing) == {("F", "condition-ignored")}


def test_starts_ends_dead_ends_and_loose_flows_are_found() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.start("Second")
    drawing.user("Application")
    drawing.user("Stuck")
    drawing.user("Alone")
    drawing.flow("Start", "Application", "Stuck")
    drawing.flow("Second", "Nowhere", id="Loose")
    drawing.flow("Alone", "Start", id="Into")
    found = rules(drawing)
    assert {
        ("test_process", "one-start"),
        ("test_process", "no-end"),
        ("Stuck", "dead-end"),
        ("Alone", "unreachable"),
        ("Loose", "loose-flow"),
        ("Start", "into-event"),
    } <= found


def test_flows_across_a_sub_process_and_double_flows_are_refused() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    with drawing.sub("Part"):
        drawing.start("S")
        drawing.user("Inner")
        drawing.end("E")
        drawing.flow("S", "Inner", "E")
    drawing.gateway("G", default="B")
    drawing.end()
    drawing.flow("Start", "Application", "Part", "G")
    drawing.flow("G", "End", when="true", id="A")
    drawing.flow("G", "End", id="B")
    drawing.flow("Application", "Inner", id="Across")
    found = rules(drawing)
    assert {("Across", "flow-across-scopes"), ("G", "double-flow")} <= found


def test_calls_must_name_a_process_and_not_come_back() -> None:
    def caller(called: str) -> Drawing:
        drawing = Drawing()
        drawing.start()
        drawing.user("Application")
        drawing.call("Call", called)
        drawing.end()
        drawing.flow("Start", "Application", "Call", "End")
        return drawing

    assert rules(caller("nowhere")) == {("Call", "unknown-process")}
    assert ("Call", "recursion") in rules(caller("test_process"))
    back = Drawing("other")
    back.start("OtherStart")
    back.call("CallBack", "test_process")
    back.end("OtherEnd")
    back.flow("OtherStart", "CallBack", "OtherEnd")
    assert {("Call", "recursion"), ("CallBack", "recursion")} <= rules(caller("other"), back)
    assert rules(caller("other"), straight("Confirm", process_id="other")) == set()


def test_ids_are_unique_names() -> None:
    called = straight("Application", process_id="other")
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.call("Call", "other")
    drawing.user("unit-opinion")
    drawing.user("case")
    drawing.end()
    drawing.flow("Start", "Application", "Call", "unit-opinion", "case", "End")
    found = rules(drawing, called)
    assert {("Application", "duplicate-id"), ("unit-opinion", "id-not-a-name"), ("case", "id-not-a-name")} <= found


def test_elements_may_be_called_start_and_end_and_in_chinese() -> None:
    drawing = Drawing()
    drawing.start("Start")
    drawing.user("Application")
    drawing.user("部门意见")
    drawing.end("End")
    drawing.flow("Start", "Application", "部门意见", "End")
    assert findings(drawing) == []


def test_elements_that_are_not_drawn_are_found() -> None:
    from webapp.engine.lint import check

    found = check("test_process", {"a.bpmn": straight("Application").xml(interchange=False)}, {})
    assert [(finding.rule, finding.element) for finding in found] == [("no-shape", "test_process_start")]
    assert "Application" in found[0].sentence
