"""Lint: timers and what lies behind them."""

import pytest

from tests.engine.drawing import Drawing
from tests.engine.linting import findings, rules


def _late(text: str = "P7D", tag: str = "timeDuration", *, interrupting: bool = True, then: str = "") -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.timer("Late", "Application", text, tag=tag, interrupting=interrupting)
    if then == "user":
        drawing.user("Then")
    elif then == "timer":
        drawing.timer("Then")
    elif then == "service":
        drawing.service("Then")
    drawing.end("Lapsed")
    drawing.end()
    drawing.flow("Start", "Application", "End")
    drawing.flow("Late", *(["Then"] if then else []), "Lapsed")
    return drawing


def test_repeating_timers_are_refused() -> None:
    assert ("Late", "timer-cycle") in rules(_late("R3/PT10H", tag="timeCycle"))
    assert ("Late", "timer-cycle") in rules(_late("R/P1D"))


def test_nothing_that_waits_may_lie_behind_a_non_interrupting_event() -> None:
    for then in ("user", "timer"):
        assert ("Late", "side-path-waits") in rules(_late(interrupting=False, then=then))
    assert findings(_late(interrupting=False, then="service")) == []
    assert findings(_late(then="user")) == []


def test_a_non_interrupting_path_that_joins_the_main_path_is_refused() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.timer("Late", "Application", interrupting=False)
    drawing.gateway("Together")
    drawing.user("Review")
    drawing.end()
    drawing.flow("Start", "Application", "Together", "Review", "End")
    drawing.flow("Late", "Together")
    assert ("Late", "side-path-waits") in rules(drawing)


def test_two_timers_behind_one_event_gateway_are_refused() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.raw("Which", '<bpmn:eventBasedGateway id="Which" />')
    drawing.timer("Short", text="P1D")
    drawing.timer("Long", text="P7D")
    drawing.end()
    drawing.flow("Start", "Application", "Which", "Short", "End")
    drawing.flow("Which", "Long", "End")
    assert {("Which", "two-timers"), ("Which", "unsupported-element")} <= rules(drawing)


@pytest.mark.parametrize("text", ["2031-01-01T08:00:00", ""])
def test_dates_without_an_offset_and_empty_timers_are_refused(text: str) -> None:
    assert ("Late", "timer-text") in rules(_late(text, tag="timeDate"))


@pytest.mark.parametrize("text", ["7D", "P-1D", "P7D until Monday", "due(7, working_days)"])
def test_timers_that_are_neither_durations_nor_expressions_are_refused(text: str) -> None:
    assert rules(_late(text)) & {("Late", "expression"), ("Late", "unknown-name"), ("Late", "timer-text")}


def test_a_boundary_event_stands_on_something_that_waits_and_has_one_timer() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.service("Note")
    drawing.timer("Late", "Note")
    drawing.raw("Empty", '<bpmn:boundaryEvent id="Empty" attachedToRef="Application" />')
    drawing.end()
    drawing.flow("Start", "Application", "Note", "End")
    drawing.flow("Late", "End")
    drawing.flow("Empty", "End")
    assert {("Late", "boundary-host"), ("Empty", "one-event")} <= rules(drawing)
