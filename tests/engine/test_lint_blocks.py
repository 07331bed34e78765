"""Lint: opinion blocks, loops, and variables two branches write."""

import pytest

from tests.engine.drawing import Drawing
from tests.engine.linting import findings, rules


def _looping_join(kind: str) -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.gateway("Split", kind)
    drawing.user("A")
    drawing.user("B")
    drawing.gateway("Join", kind)
    drawing.user("Decision")
    drawing.gateway("Decided", default="Back")
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "Split")
    when = "true" if kind == "inclusive" else None
    drawing.flow("Split", "A", when=when)
    drawing.flow("Split", "B", when=when)
    drawing.flow("A", "Join")
    drawing.flow("B", "Join", "Decision", "Decided")
    drawing.flow("Decided", "End", when="Decision.ok")
    drawing.flow("Decided", "Merge", id="Back")
    return drawing


@pytest.mark.parametrize("kind", ["parallel", "inclusive"])
def test_a_join_inside_a_loop_is_refused(kind: str) -> None:
    found = rules(_looping_join(kind))
    assert ("Join", "join-on-cycle") in found
    assert ("Split", "fork-outside-block") in found


def test_parallel_gateways_outside_an_opinion_block_are_refused() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("Split", "parallel")
    drawing.user("A")
    drawing.user("B")
    drawing.gateway("Join", "parallel")
    drawing.end()
    drawing.flow("Start", "Application", "Split", "A", "Join", "End")
    drawing.flow("Split", "B", "Join")
    assert rules(drawing) == {("Split", "fork-outside-block"), ("Join", "fork-outside-block")}


def test_an_opinion_block_is_accepted_on_a_loop() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.block("Opinions", ("A", "A2"), ("B",))
    drawing.gateway("Decided", default="Back")
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "Opinions", "Decided")
    drawing.flow("Decided", "End", when="A.ok and B.ok")
    drawing.flow("Decided", "Merge", id="Back")
    assert findings(drawing) == []


def _block(draw: object) -> set[tuple[str, str]]:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    with drawing.sub("Block"):
        drawing.start("S")
        drawing.end("E")
        draw(drawing)  # type: ignore[operator]
    drawing.end()
    drawing.flow("Start", "Application", "Block", "End")
    return rules(drawing)


def test_a_block_with_anything_but_user_tasks_is_refused() -> None:
    def draw(drawing: Drawing) -> None:
        drawing.gateway("P", "parallel")
        drawing.gateway("J", "parallel")
        drawing.user("A")
        drawing.service("N")
        drawing.flow("S", "P", "A", "J", "E")
        drawing.flow("P", "N", "J")

    assert ("N", "block-content") in _block(draw)


def test_blocks_of_another_shape_are_refused() -> None:
    def no_join(drawing: Drawing) -> None:
        drawing.gateway("P", "parallel")
        drawing.user("A")
        drawing.user("B")
        drawing.flow("S", "P", "A", "E")
        drawing.flow("P", "B", "E")

    def task_before_split(drawing: Drawing) -> None:
        drawing.user("First")
        drawing.gateway("P", "parallel")
        drawing.gateway("J", "parallel")
        drawing.user("A")
        drawing.user("B")
        drawing.flow("S", "First", "P", "A", "J", "E")
        drawing.flow("P", "B", "J")

    def mixed(drawing: Drawing) -> None:
        drawing.gateway("P", "parallel")
        drawing.gateway("J", "inclusive")
        drawing.user("A")
        drawing.user("B")
        drawing.flow("S", "P", "A", "J", "E")
        drawing.flow("P", "B", "J")

    def looping(drawing: Drawing) -> None:
        drawing.gateway("P", "parallel")
        drawing.gateway("J", "parallel")
        drawing.gateway("M")
        drawing.user("A")
        drawing.gateway("G", default="Again")
        drawing.user("B")
        drawing.flow("S", "P", "M", "A", "G")
        drawing.flow("G", "J", when="A.ok")
        drawing.flow("G", "M", id="Again")
        drawing.flow("P", "B", "J", "E")

    def crossing(drawing: Drawing) -> None:
        drawing.gateway("P", "parallel")
        drawing.gateway("J", "parallel")
        drawing.gateway("M")
        drawing.user("A")
        drawing.user("B")
        drawing.user("C")
        drawing.flow("S", "P", "A", "M", "J", "E")
        drawing.flow("P", "B", "M")
        drawing.flow("P", "C", "J")

    for draw in (no_join, task_before_split, mixed, looping, crossing):
        assert ("Block", "block-shape") in _block(draw), draw.__name__


def test_an_endless_automatic_loop_is_refused_and_one_with_a_person_is_not() -> None:
    def drawn(inside: str) -> set[tuple[str, str]]:
        drawing = Drawing()
        drawing.start()
        drawing.user("Application")
        drawing.gateway("Merge")
        if inside == "person":
            drawing.user("Step")
        elif inside == "timer":
            drawing.timer("Step")
        elif inside == "sub":
            with drawing.sub("Step"):
                drawing.start("S")
                drawing.service("Inner")
                drawing.end("E")
                drawing.flow("S", "Inner", "E")
        else:
            drawing.service("Step")
        drawing.gateway("Again", default="Back")
        drawing.end()
        drawing.flow("Start", "Application", "Merge", "Step", "Again")
        drawing.flow("Again", "End", when="Application.ok")
        drawing.flow("Again", "Merge", id="Back")
        return rules(drawing)

    assert drawn("person") == drawn("timer") == set()
    assert drawn("service") == drawn("sub") == {("Merge", "endless-loop")}


def test_parallel_branches_that_write_one_variable_are_refused() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("Split", "parallel")
    drawing.service("A", result="Number")
    drawing.service("B", result="Number")
    drawing.gateway("Join", "parallel")
    drawing.service("C", result="Number")
    drawing.end()
    drawing.flow("Start", "Application", "Split", "A", "Join", "C", "End")
    drawing.flow("Split", "B", "Join")
    assert ("B", "parallel-writers") in rules(drawing)


def test_alternative_branches_may_write_one_variable() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("Split", default="Else")
    drawing.service("A", result="Number")
    drawing.service("B", result="Number")
    drawing.gateway("Join")
    drawing.end()
    drawing.flow("Start", "Application", "Split")
    drawing.flow("Split", "A", when="Application.ok")
    drawing.flow("Split", "B", id="Else")
    drawing.flow("A", "Join", "End")
    drawing.flow("B", "Join")
    assert findings(drawing) == []


def test_a_side_path_that_writes_what_the_main_path_writes_is_refused() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.timer("Late", "Application", interrupting=False)
    drawing.service("Note", result="Number")
    drawing.end("Noted")
    drawing.service("Main", result="Number")
    drawing.end()
    drawing.flow("Start", "Application", "Main", "End")
    drawing.flow("Late", "Note", "Noted")
    assert any(rule == "parallel-writers" for _, rule in rules(drawing))
