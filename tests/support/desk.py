"""Cases of the packs' own scenarios, brought to where a test wants them, and a page's parts."""

from __future__ import annotations

from typing import Any

from lxml import html
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.support.web import Visitor
from webapp.config import ROOT
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.packs import read_files
from webapp.definitions.queries import newest
from webapp.extensions import db
from webapp.organization.queries import institution, user_by_name
from webapp.scenarios.checking import scenario_files
from webapp.scenarios.documents import Scenario
from webapp.scenarios.posting import posting_of
from webapp.scenarios.runs import ScenarioRun
from webapp.workflow import binding, queries
from webapp.workflow.models import Seat


def scenario(code: str, key: str) -> tuple[str, Scenario]:
    """The process and scenario of this key in a pack."""
    files = read_files(ROOT / "processes", ROOT / "forms", code)
    for document in scenario_files(files):
        for found in document.scenarios:
            if found.key == key:
                return document.process, found
    raise AssertionError(f"{code} has no scenario {key}")


def case_of(code: str, key: str) -> int:
    """Run a scenario of a pack through the commands; the id of its case."""
    process, found = scenario(code, key)
    place = institution(code)
    assert place is not None
    run = ScenarioRun(place.id, process, found)
    run.run()
    db.session.rollback()
    assert run.instance_id is not None
    return run.instance_id


def open_seat(case_id: int, element: str) -> int:
    """The id of the open seat of a step."""
    statement = select(Seat).join(Seat.task).where(Seat.instance_id == case_id, Seat.state == "open")
    found = next(seat.id for seat in db.session.scalars(statement) if seat.task.element == element)
    db.session.rollback()
    return found


def application_of(username: str, key: str = "straight_way", **changes: Any) -> MultiDict[str, str]:
    """What a browser would post for the application of a wzpt scenario, with changed answers."""
    user = user_by_name(username)
    assert user is not None
    process, found = scenario("wzpt", key)
    definition = _newest(user.institution_id, process)
    schema = binding.bind_start(user, definition).schema
    posted, _uploads = posting_of(schema, {**found.steps[0].answers, **changes}, user.institution_id)
    db.session.rollback()
    return posted


def _newest(institution_id: int, process: str) -> ProcessDefinition:
    found = newest(institution_id, process)
    assert found is not None
    return found


def tree(answer: TestResponse) -> Any:
    """The page as a tree."""
    return html.document_fromstring(answer.get_data(as_text=True))


def text_of(answer: TestResponse) -> str:
    """The words of a page's main part, white space folded."""
    found = tree(answer).xpath("//main")
    return " ".join((found[0] if found else tree(answer)).text_content().split())


def values(answer: TestResponse, name: str) -> list[str]:
    """The values of the fields of this name; a text area's is its text."""
    fields = tree(answer).xpath(f'//*[@name="{name}"]')
    return [field.text.removeprefix("\n") if field.tag == "textarea" else field.get("value", "") for field in fields]


def hidden(answer: TestResponse, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts to `action`."""
    fields = tree(answer).xpath(f'//form[@action="{action}"]//input[@type="hidden"]')
    return {field.get("name"): field.get("value", "") for field in fields}


def filled(answer: TestResponse, action: str, posted: MultiDict[str, Any]) -> MultiDict[str, Any]:
    """What is posted, with the hidden fields of the page's form that it does not name itself."""
    made = MultiDict(posted)
    for name, value in hidden(answer, action).items():
        if name not in posted:
            made.add(name, value)
    return made


def decide(visitor: Visitor, seat_id: int, decision: str, /, **posted: Any) -> TestResponse:
    """Open a task and post a decision with the page's own hidden fields; `return_to` posts to 退回."""
    page = visitor.get(f"/tasks/{seat_id}")
    action = f"/tasks/{seat_id}/answer"
    data = {**hidden(page, action), "decision": decision, **posted}
    path = f"/tasks/{seat_id}/return" if "return_to" in posted else action
    return visitor.post(path, data)


def newest_answer(case_id: int, element: str) -> dict[str, Any]:
    found = dict(queries.newest_answers(case_id).get(element, {}))
    db.session.rollback()
    return found


def run_case(code: str, key: str, *, steps: int | None = None) -> ScenarioRun:
    """Run a scenario through the commands, only its first `steps` steps when given."""
    process, found = scenario(code, key)
    if steps is not None:
        found = found.model_copy(update={"steps": found.steps[:steps]})
    place = institution(code)
    assert place is not None, code
    run = ScenarioRun(place.id, process, found)
    run.run()
    return run
