"""Moving a running case to a new version of its diagram: what is kept, and what is refused."""

import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import Case, assembled
from webapp.engine import Definition, load
from webapp.engine.migration import MigrationRefused, migrate, obstacles


def _drawn(
    *,
    form: str = "application",
    review: str = "Review",
    before_review: bool = False,
    after_review: bool = False,
    condition: str = "Review.ok",
    days: str = "P7D",
    second_timer: bool = False,
    review_form: str = "review",
) -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application", form=form)
    if before_review:
        drawing.user("Check")
    drawing.user(review, form=review_form)
    drawing.timer("Late", review, days)
    drawing.end("Lapsed")
    if second_timer:
        drawing.timer("Later", review, "P30D")
        drawing.flow("Later", "Lapsed")
    drawing.gateway("Reviewed", default="Else")
    if after_review:
        drawing.user("Legal")
    drawing.end()
    drawing.end("Refused")
    drawing.flow("Start", "Application", *(["Check"] if before_review else []), review)
    drawing.flow(review, *(["Legal"] if after_review else []), "Reviewed")
    drawing.flow("Reviewed", "End", when=condition.replace("Review", review))
    drawing.flow("Reviewed", "Refused", id="Else")
    drawing.flow("Late", "Lapsed")
    return drawing


@pytest.fixture
def case() -> Case:
    """A case that waits at Review."""
    return Case(assembled(_drawn())).do("Application", name="x")


def _new(**changes: object) -> Definition:
    return assembled(_drawn(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes", [{"after_review": True}, {"condition": "Review.ok and Application.name != null"}, {"review_form": "v2"}]
)
def test_what_lies_ahead_and_the_form_of_the_open_task_may_change(case: Case, changes: dict[str, object]) -> None:
    new = _new(**changes)
    environment = case.world.environment()
    case.world.later(days=2)
    moved = load(migrate(case.blob, case.definition, new, case.path, environment), new, environment)
    assert [task.id for task in moved.open_tasks()] == [task.id for task in case.run.open_tasks()]
    assert moved.timers() == case.run.timers()
    moved.complete(moved.open_tasks()[0].id, {"ok": True})
    assert moved.completed or [task.element for task in moved.open_tasks()] == ["Legal"]


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"form": "application_v2"}, "Application"),
        ({"days": "P3D"}, "Review"),
        ({"review": "Other"}, "Review"),
        ({"before_review": True}, "Application"),
        ({"second_timer": True}, "Review"),
    ],
)
def test_what_the_case_rests_on_or_waits_for_may_not_change(
    case: Case, changes: dict[str, object], element: str
) -> None:
    new, environment = _new(**changes), case.world.environment()
    found = obstacles(case.blob, case.definition, new, case.path, environment)
    assert element in {obstacle.element for obstacle in found}
    assert all(obstacle.sentence and obstacle.sentence_en for obstacle in found)
    with pytest.raises(MigrationRefused):
        migrate(case.blob, case.definition, new, case.path, environment)
