"""The demo: its cases are as old as they look, whenever it is made."""

from datetime import UTC, datetime
from typing import Any

from webapp.scenarios.demo import recent
from webapp.scenarios.documents import Scenario

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def scenario(**answers: Any) -> Scenario:
    return Scenario.model_validate(
        {
            "key": "filed",
            "title_zh": "按期备案",
            "applicant": "sias.zhang",
            "at": "2026-03-05T09:00:00+08:00",
            "given": {"accounts": [{"key": "acc", "platform": "weibo", "name": "微博", "unit": "sxy"}]},
            "steps": [{"task": "Application", "answers": answers}, {"update": "acc", "on": "2026-03-06"}],
            "expect": {"state": "approved"},
        }
    )


def test_the_days_of_a_demo_scenario_move_with_its_beginning() -> None:
    moved = recent(scenario(created_on="2026-03-02", rows=[{"until": "2026-09-30"}]), NOW)

    assert moved.at.date().isoformat() == "2026-11-12"
    assert moved.steps[0].answers == {"created_on": "2026-11-09", "rows": [{"until": "2027-06-09"}]}
    assert str(moved.steps[1].on) == "2026-11-13"


def test_history_and_what_is_no_day_stay_as_they_are() -> None:
    moved = recent(scenario(since="2021-11-15", period="2026", phone="13800000000", note="2026-03-02 起"), NOW)

    assert moved.steps[0].answers == {
        "since": "2021-11-15",
        "period": "2026",
        "phone": "13800000000",
        "note": "2026-03-02 起",
    }
