"""Which way a path took through a diagram: flows, timers, blocks, called processes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.engine.drawing import Drawing
from webapp.coverage.ways import Walk
from webapp.engine import Definition
from webapp.engine.definition import assemble
from webapp.workflow.context import specs


def built(*drawings: Drawing) -> Definition:
    files = {f"{number}.bpmn": drawing.xml() for number, drawing in enumerate(drawings)}
    return assemble(drawings[0].process_id, files, specs())


def passed(
    definition: Definition, path: Sequence[str], state: str | None = "approved", opened: Sequence[str] = ()
) -> frozenset[str]:
    return Walk(definition, path, frozenset(opened), state).passed()


def decided() -> Definition:
    """Apply, decide; correction goes back, a timer ends it, refusal ends it with a notice."""
    drawing = Drawing("ways")
    drawing.start("Start")
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.user("Decide", decisions="approve,request_correction,reject")
    drawing.gateway("Made", default="Refused")
    drawing.service("Tell")
    drawing.end("No")
    drawing.end("Yes")
    drawing.timer("Late", "Decide")
    drawing.end("Lapsed")
    drawing.flow("Start", "Merge", "Application", "Decide", "Made")
    drawing.flow("Made", "Merge", when='Decide.decision = "request_correction"', id="Back")
    drawing.flow("Made", "Yes", when='Decide.decision = "approve"', id="Approved")
    drawing.flow("Made", "Tell", id="Refused")
    drawing.flow("Tell", "No")
    drawing.flow("Late", "Lapsed", id="TooLate")
    return built(drawing)


def test_the_way_goes_where_the_path_goes_on() -> None:
    definition = decided()
    assert {"Refused", "No"} <= passed(definition, ["Application", "Decide", "Tell"])
    assert not {"Approved", "Back", "Late"} & passed(definition, ["Application", "Decide", "Tell"])
    straight = passed(definition, ["Application", "Decide"])
    assert {"Start", "Merge", "Made", "Approved", "Yes"} <= straight
    assert not {"Refused", "Back", "Late", "TooLate"} & straight
    again = passed(definition, ["Application", "Decide", "Application", "Decide"])
    assert {"Back", "Approved"} <= again


def test_a_task_left_by_its_timer_is_not_in_the_path() -> None:
    assert {"Late", "TooLate", "Lapsed", "Decide"} <= passed(decided(), ["Application"])


def test_a_case_that_is_open_has_passed_no_end() -> None:
    waiting = passed(decided(), ["Application"], "open", ["Decide"])
    assert "Decide" in waiting
    assert not {"Late", "Lapsed", "Yes", "Approved", "Made"} & waiting


def test_every_branch_of_a_block_is_passed_and_the_block_itself() -> None:
    drawing = Drawing("ways")
    drawing.start("Start")
    drawing.user("Application")
    drawing.block("Opinions", ("Finance",), ("Data", "Safety"))
    drawing.user("Decide")
    drawing.end("Done")
    drawing.flow("Start", "Application", "Opinions", "Decide", "Done")
    ways = passed(built(drawing), ["Application", "Data", "Finance", "Safety", "Decide"])
    assert {"Opinions", "OpinionsSplit", "OpinionsJoin", "OpinionsEnd", "Done"} <= ways


def test_a_called_process_is_entered_and_left() -> None:
    inner = Drawing("common_closing")
    inner.start("Begun")
    inner.user("HolderCloses")
    inner.gateway("Closed", default="NotClosed")
    inner.user("PlatformCloses")
    inner.end("Gone")
    inner.end("Kept")
    inner.flow("Begun", "HolderCloses", "Closed")
    inner.flow("Closed", "PlatformCloses", id="NotClosed")
    inner.flow("Closed", "Gone", when='HolderCloses.decision = "approve"', id="WasClosed")
    inner.flow("PlatformCloses", "Kept")
    outer = Drawing("ways")
    outer.start("Start")
    outer.user("Application")
    outer.call("Closure", "common_closing")
    outer.user("Confirm")
    outer.end("Done")
    outer.flow("Start", "Application", "Closure", "Confirm", "Done")
    definition = built(outer, inner)
    straight = passed(definition, ["Application", "HolderCloses", "Confirm"])
    assert {"Closure", "Begun", "WasClosed", "Gone", "Done"} <= straight
    assert "NotClosed" not in straight
    assert {"NotClosed", "Kept", "Done"} <= passed(
        definition, ["Application", "HolderCloses", "PlatformCloses", "Confirm"]
    )
