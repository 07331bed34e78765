"""The stored form: our own versioned format, only what is open, equal to the live object."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import OPERATIONS, Case, World, assembled, straight
from webapp.engine import (
    Definition,
    EngineError,
    Environment,
    Run,
    StoreFormatError,
    assemble,
    build,
    dump,
    load,
    stored_definition,
)

DATA = Path(__file__).parent / "data"


def _stored_process() -> Definition:
    return assemble("stored_process", {"stored_process.bpmn": (DATA / "stored_process.bpmn").read_bytes()}, OPERATIONS)


def test_a_case_stored_in_format_1_finishes_today() -> None:
    definition, world = _stored_process(), World()
    blob = (DATA / "format-1-open.json").read_bytes()
    assert stored_definition(blob) == definition.hash
    run = load(blob, definition, world.environment())
    assert sorted(task.element for task in run.open_tasks()) == ["Data", "FinanceHead"]
    assert [timer.element for timer in run.timers()] == ["Late"]
    assert dump(run) == blob
    for element in ("FinanceHead", "Data", "Decision"):
        task = next(task for task in run.open_tasks() if task.element == element)
        run.complete(task.id, {"decision": "approve"})
    assert run.completed
    assert run.data["Finance"] == {"opinion": "同意"}


def test_an_ended_case_stored_in_format_1_still_tells_its_data_and_end() -> None:
    run = load((DATA / "format-1-ended.json").read_bytes(), _stored_process(), World().environment())
    assert (run.completed, run.ended_at) == (True, "End")
    assert run.data["Application"]["name"] == "温职新媒"  # type: ignore[index,call-overload]
    assert (run.open_tasks(), run.timers()) == ([], [])


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_an_unknown_version_is_refused(version: object) -> None:
    stored = json.loads((DATA / "format-1-open.json").read_bytes())
    stored["format"] = version
    with pytest.raises(StoreFormatError, match="does not know"):
        load(json.dumps(stored).encode(), _stored_process(), World().environment())


def test_a_case_of_another_definition_is_refused() -> None:
    blob = (DATA / "format-1-open.json").read_bytes()
    with pytest.raises(StoreFormatError, match="another definition"):
        load(blob, assembled(straight("Application")), World().environment())


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored["scopes"][0][2].pop(0),
        lambda stored: stored["scopes"][0][2][0].__setitem__(0, "Gone"),
        lambda stored: stored["scopes"][1].__setitem__(1, 99),
        lambda stored: stored.pop("scopes"),
        lambda stored: stored.__setitem__("scopes", []),
    ],
)
def test_damaged_state_is_refused(damage: object) -> None:
    stored = json.loads((DATA / "format-1-open.json").read_bytes())
    damage(stored)  # type: ignore[operator]
    with pytest.raises(StoreFormatError):
        load(json.dumps(stored).encode(), _stored_process(), World().environment())


def test_half_a_blob_is_refused() -> None:
    with pytest.raises(StoreFormatError, match="damaged"):
        load((DATA / "format-1-open.json").read_bytes()[:100], _stored_process(), World().environment())


def test_task_and_timer_ids_survive_storing() -> None:
    case = Case(_stored_process()).do("Application", name="x")
    before = (case.run.open_tasks(), case.run.timers())
    again = load(dump(case.run), case.definition, case.world.environment())
    assert (again.open_tasks(), again.timers()) == before


def test_a_key_called_typename_in_a_form_is_plain_data() -> None:
    answers = {"typename": "ScriptTask", "when": {"typename": "timedelta", "days": 3}}
    case = Case(assembled(straight("Application", "Review"))).do("Application", **answers)
    assert case.task("Review").data["Application"] == answers


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), object(), {1, 2}, {"deep": [object()]}])  # noqa: DTZ001
def test_data_that_is_not_json_is_refused(value: object) -> None:
    run = Case(assembled(straight("Application", "Review"))).run
    run.complete(run.open_tasks()[0].id, {"value": value})  # type: ignore[dict-item]
    with pytest.raises(EngineError, match="not JSON"):
        dump(run)


def test_finished_steps_are_not_stored() -> None:
    case = Case(assembled(straight("Application", "A", "B", "C", "D", "E")))
    for element in ("Application", "A", "B", "C"):
        case.do(element, text=element)
    tokens = orjson.loads(case.blob)["scopes"][0][2]
    assert [token[0] for token in tokens] == ["<start>", "C", "D"]


def _workload() -> Drawing:
    """Application with 12 fields, unit opinion, publicity decision, register; a 7-day timer on each approval."""
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.user("UnitOpinion", decisions="approve,request_correction")
    drawing.user("PublicityDecision", decisions="approve,request_correction")
    drawing.gateway("UnitDecided", default="UnitBack")
    drawing.gateway("PublicityDecided", default="PublicityBack")
    drawing.timer("UnitLate", "UnitOpinion")
    drawing.timer("PublicityLate", "PublicityDecision")
    drawing.gateway("Late")
    drawing.end("Lapsed")
    drawing.service("Register", "test.register", inputs={"name": "Application.f0"})
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "UnitOpinion", "UnitDecided")
    drawing.flow("UnitDecided", "PublicityDecision", when='UnitOpinion.decision = "approve"')
    drawing.flow("UnitDecided", "Merge", id="UnitBack")
    drawing.flow("PublicityDecision", "PublicityDecided")
    drawing.flow("PublicityDecided", "Register", when='PublicityDecision.decision = "approve"')
    drawing.flow("PublicityDecided", "Merge", id="PublicityBack")
    drawing.flow("Register", "End")
    drawing.flow("UnitLate", "Late", "Lapsed")
    drawing.flow("PublicityLate", "Late")
    return drawing


def test_the_measured_workload_never_needs_six_kilobytes() -> None:
    definition = build("test_process", {"w.bpmn": _workload().xml()}, OPERATIONS)
    fields = {f"f{number}": "字" * 50 for number in range(12)}
    opinion = {"opinion": "意见" * 60, "grounds": ["wzpt-4", "wzpt-5.1"]}
    case = Case(definition, case={"reference": "备〔2026〕0001", "applicant": {"id": 1, "name": "张老师"}})
    sizes = []
    for _ in range(20):
        for element, decision in (("Application", ""), ("UnitOpinion", "approve"), ("PublicityDecision", "back")):
            case.do(element, **(opinion | {"decision": decision} if decision else fields))
            sizes.append(len(case.blob))
    assert max(sizes) <= 6 * 1024
    assert sizes[3:6] == sizes[-3:]


def test_threads_share_one_definition() -> None:
    definition = _stored_process()

    def one(number: int) -> bool:
        case = Case(definition).do("Application", name=number).do("UnitOpinion", v=number)
        for element in ("Data", "Finance", "FinanceHead"):
            case.do(element, v=number)
        data = case.task("Decision").data
        return {data[name]["v"] for name in ("UnitOpinion", "Data", "Finance", "FinanceHead")} == {number}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(200)))


def test_a_copy_of_a_run_shares_nothing_with_it() -> None:
    case = Case(assembled(straight("Application", "Review"))).do("Application", rows=[1])
    environment: Environment = case.world.environment()
    first, second = (load(case.blob, case.definition, environment) for _ in range(2))
    assert isinstance(first, Run)
    first.complete(first.open_tasks()[0].id, {})
    assert first.completed
    assert [task.element for task in second.open_tasks()] == ["Review"]
