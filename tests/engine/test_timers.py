"""Timers: armed once, never asked to watch the clock, fired by marking and never early."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import NOON, Case, World, assembled
from webapp.engine import EngineError, load
from webapp.engine.timers import due_at


def _review(text: str = "P7D", tag: str = "timeDuration") -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.user("Review")
    drawing.timer("Overdue", "Review", text, tag=tag)
    drawing.user("Escalated")
    drawing.end()
    drawing.gateway("Together")
    drawing.flow("Start", "Application", "Review", "Together", "End")
    drawing.flow("Overdue", "Escalated", "Together")
    return drawing


def test_an_armed_timer_says_when_it_is_due_and_keeps_that_across_loading() -> None:
    case = Case(assembled(_review())).do("Application")
    (timer,) = case.run.timers()
    case.world.later(days=3)
    again = load(case.blob, case.definition, case.world.environment())
    assert again.timers() == [timer]
    assert (timer.element, timer.due) == ("Overdue", NOON + timedelta(days=7))


def test_firing_cancels_the_task_and_completing_cancels_the_timer() -> None:
    fired = Case(assembled(_review())).do("Application").fire("Overdue")
    assert (fired.open, fired.run.timers()) == (["Escalated"], [])
    completed = Case(assembled(_review())).do("Application").do("Review")
    assert (completed.run.completed, completed.run.timers()) == (True, [])


def test_a_timer_does_not_fire_before_it_is_due() -> None:
    case = Case(assembled(_review())).do("Application")
    case.world.later(days=7, seconds=-1)
    with pytest.raises(EngineError, match="not due"):
        case.run.fire(case.run.timers()[0].id)


def test_a_timer_long_overdue_fires_only_when_it_is_told_to_and_once() -> None:
    case = Case(assembled(_review())).do("Application")
    case.world.later(days=90)
    case.run = load(case.blob, case.definition, case.world.environment())
    assert case.open == ["Review"]
    timer = case.run.timers()[0].id
    case.fire("Overdue")
    with pytest.raises(EngineError, match="not armed"):
        case.run.fire(timer)


def test_a_timer_may_be_an_expression_over_the_data_of_the_case() -> None:
    world = World(functions={"due": lambda n, unit: (NOON + timedelta(days=n * 2)).isoformat()})
    case = Case(assembled(_review('due(Application.days, "working_days")')), world).do("Application", days=5)
    assert case.run.timers()[0].due == NOON + timedelta(days=10)


def test_an_intermediate_timer_holds_the_case_until_it_fires() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.timer("Pause", text="P1D")
    drawing.end()
    drawing.flow("Start", "Application", "Pause", "End")
    case = Case(assembled(drawing)).do("Application")
    assert (case.open, [timer.element for timer in case.run.timers()]) == ([], ["Pause"])
    assert case.fire("Pause").run.completed


@pytest.mark.parametrize(
    "value", [5, None, "soon", "2026-03-09", "2026-03-09T17:00:00", "P-1D", "7D", "P1.5M", "P1D2H"]
)
def test_a_due_time_that_is_no_moment_with_an_offset_is_an_error(value: object) -> None:
    world = World(functions={"due": lambda: value})
    with pytest.raises(EngineError, match="Overdue"):
        Case(assembled(_review("due()")), world).do("Application")


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("P7D", datetime(2026, 2, 7, 4, tzinfo=UTC)),
        ("P1M", datetime(2026, 2, 28, 4, tzinfo=UTC)),
        ("P1Y1M", datetime(2027, 2, 28, 4, tzinfo=UTC)),
        ("P2W", datetime(2026, 2, 14, 4, tzinfo=UTC)),
        ("PT36H", datetime(2026, 2, 1, 16, tzinfo=UTC)),
        ("P1DT1H30M", datetime(2026, 2, 1, 5, 30, tzinfo=UTC)),
        ("2026-03-09T17:00:00+08:00", datetime(2026, 3, 9, 9, tzinfo=UTC)),
    ],
)
def test_iso_durations_and_dates_are_read_in_utc(text: str, due: datetime) -> None:
    assert due_at(text, datetime(2026, 1, 31, 4, tzinfo=UTC)) == due


def test_due_times_do_not_depend_on_the_zone_of_the_host() -> None:
    code = (
        "from datetime import UTC, datetime; from webapp.engine.timers import due_at; "
        "print(due_at('2031-07-01T08:00:00+08:00', datetime(2026, 1, 1, tzinfo=UTC)).isoformat())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("UTC", "Asia/Shanghai", "America/New_York")
    }
    assert seen == {"2031-07-01T00:00:00+00:00\n"}
