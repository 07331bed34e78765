"""A run of a process: what is open, what was passed, and what fails."""

import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import OPERATIONS, Case, World, assembled, straight
from tests.engine.tables import tier_table
from webapp.engine import DefinitionCache, EngineError, FeelError, OperationError, assemble, build, dump, load


def _approval() -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.user("Decision", decisions="approve,reject,request_correction")
    drawing.gateway("Decided", default="Refused")
    drawing.service("Register", "test.register", inputs={"name": "Application.name"})
    drawing.end("Registered")
    drawing.end("Rejected")
    drawing.flow("Start", "Merge", "Application", "Decision", "Decided")
    drawing.flow("Decided", "Register", when='Decision.decision = "approve"', id="Approved")
    drawing.flow("Decided", "Merge", when='Decision.decision = "request_correction"', id="Corrected")
    drawing.flow("Decided", "Rejected", id="Refused")
    drawing.flow("Register", "Registered")
    return drawing


def test_history_says_which_flow_a_gateway_took_and_what_an_operation_answered() -> None:
    world = World(answers=lambda _operation, inputs: {"filing_number": f"备 {inputs['name']}"})
    case = Case(assembled(_approval()), world).do("Application", name="温职").do("Decision", decision="approve")
    assert case.path == ["Start", "Merge", "Application", "Decision", "Decided", "Register", "Registered"]
    outcomes = {step.element: step.outcome for step in case.passed}
    assert outcomes["Decided"] == "Approved"
    assert outcomes["Register"] == {"filing_number": "备 温职"}
    assert world.calls == [("test.register", "Register", {"name": "温职"})]
    assert case.run.ended_at == "Registered"
    assert case.run.data["RegisterResult"] == {"filing_number": "备 温职"}


def test_a_user_task_writes_only_under_its_own_id() -> None:
    case = Case(assembled(_approval())).do("Application", case="forged", Decision={"decision": "approve"})
    assert case.run.data["case"] == {"reference": "备〔2026〕0001"}
    assert case.task("Decision").data["Decision"] is None


def test_a_failing_operation_is_named_with_its_element_and_keeps_its_cause() -> None:
    def failing(_operation: str, _inputs: object) -> None:
        raise ConnectionError("registry down")

    case = Case(assembled(_approval()), World(answers=failing)).do("Application", name="x")
    with pytest.raises(OperationError) as caught:
        case.run.complete(case.task("Decision").id, {"decision": "approve"})
    assert (caught.value.operation, caught.value.element) == ("test.register", "Register")
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert "test.register" in caught.value.sentence
    assert "test.register" in caught.value.sentence_en


def test_after_an_error_the_run_can_be_neither_used_nor_stored_but_the_stored_one_goes_on() -> None:
    world = World(answers=lambda _operation, _inputs: 1 / 0)
    case = Case(assembled(_approval()), world).do("Application", name="x")
    spoiled = case.run
    with pytest.raises(OperationError):
        case.do("Decision", decision="approve")
    with pytest.raises(EngineError, match="stored"):
        dump(spoiled)
    with pytest.raises(EngineError, match="load it anew"):
        spoiled.fire("anything")
    world.answers = lambda _operation, _inputs: {}
    case.run = load(case.blob, case.definition, world.environment())
    assert case.do("Decision", decision="approve").run.completed


def test_a_condition_that_is_neither_true_nor_false_is_an_error_naming_the_gateway() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("Which", default="Else")
    drawing.end("Yes")
    drawing.end("No")
    drawing.flow("Start", "Application", "Which")
    drawing.flow("Which", "Yes", when="Application.followers")
    drawing.flow("Which", "No", id="Else")
    case = Case(assembled(drawing))
    with pytest.raises(FeelError, match="Which"):
        case.do("Application", followers=5)
    assert Case(assembled(drawing)).do("Application", followers=None).run.ended_at == "No"


def test_a_name_nobody_wrote_is_null_and_an_undeclared_one_is_an_error() -> None:
    drawing = _approval()
    definition = assembled(drawing)
    assert Case(definition).do("Application").task("Decision").data["RegisterResult"] is None
    other = Drawing()
    other.start()
    other.user("Application")
    other.service("Note", inputs={"text": "Nobody.name"})
    other.end()
    other.flow("Start", "Application", "Note", "End")
    with pytest.raises(FeelError, match="Nobody"):
        Case(assembled(other)).do("Application")


def test_completing_a_task_twice_is_refused() -> None:
    case = Case(assembled(straight("Application", "Review")))
    task = case.task("Application").id
    case.do("Application")
    with pytest.raises(EngineError, match="not open"):
        case.run.complete(task, {})


def test_an_endless_automatic_loop_is_stopped() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("Merge")
    drawing.service("Note")
    drawing.gateway("Again", default="Back")
    drawing.end()
    drawing.flow("Start", "Application", "Merge", "Note", "Again")
    drawing.flow("Again", "End", when="NoteResult.done")
    drawing.flow("Again", "Merge", id="Back")
    case = Case(assembled(drawing))
    with pytest.raises(EngineError, match="endless loop"):
        case.do("Application")
    assert len(case.world.calls) < 500


def test_a_process_that_calls_itself_is_stopped() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.call("Again", "test_process")
    drawing.end()
    drawing.flow("Start", "Again", "End")
    with pytest.raises(EngineError, match="nested deeper"):
        Case(assembled(drawing))


def test_a_called_process_answers_under_the_call_activity_and_may_be_called_twice() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.call("First", "identity_check")
    drawing.call("Second", "identity_check")
    drawing.gateway("Checked", default="Else")
    drawing.end("Same")
    drawing.end("Different")
    drawing.flow("Start", "Application", "First", "Second", "Checked")
    drawing.flow("Checked", "Same", when="First.Confirm.number = Second.Confirm.number")
    drawing.flow("Checked", "Different", id="Else")
    case = Case(assembled(drawing, straight("Confirm", process_id="identity_check"))).do("Application", name="x")
    assert case.task("Confirm").data["Application"] == {"name": "x"}
    assert case.task("Confirm").scope == ("First",)
    case.do("Confirm", number=1)
    assert case.run.data["First"] == {"Confirm": {"number": 1}}
    assert case.task("Confirm").data["Confirm"] is None
    case.do("Confirm", number=2)
    assert case.run.ended_at == "Different"
    assert "Confirm" not in case.run.data


def test_a_decision_table_decides_and_its_clauses_go_into_history() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.rule("Tier", "tier")
    drawing.end()
    drawing.flow("Start", "Application", "Tier", "End")
    case = Case(assembled(drawing, tier=tier_table())).do("Application", followers=20000)
    step = next(step for step in case.passed if step.element == "Tier")
    assert (step.outcome, step.articles) == ("1", ("wzpt-5.1",))
    assert case.run.data["TierResult"] == "1"


def test_equal_files_give_one_shared_definition() -> None:
    files = {"a.bpmn": _approval().xml()}
    first, again = build("test_process", files, OPERATIONS), build("test_process", dict(files), dict(OPERATIONS))
    assert first is again
    other = build("test_process", {"a.bpmn": _approval().xml().replace(b"Flow_", b"Way_")}, OPERATIONS)
    assert other is not first
    assert other.hash != first.hash


def test_the_cache_makes_a_definition_once_and_forgets_the_least_used() -> None:
    cache, made = DefinitionCache(size=2), []

    def make(name: str) -> object:
        made.append(name)
        return assemble("test_process", {"a.bpmn": _approval().xml()}, OPERATIONS)

    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get(name, lambda name=name: make(name))  # type: ignore[arg-type,return-value]
    assert made == ["a", "b", "c", "b"]


def test_elements_tell_the_rest_of_the_product_what_was_drawn() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application", due_date='due(5, "working_days")', remind_before="1 working_days", reviews="name")
    drawing.timer("Lapsed", "Application", 'due(30, "days")')
    drawing.end("Gone")
    drawing.end()
    drawing.flow("Start", "Application", "End")
    drawing.flow("Lapsed", "Gone")
    elements = assembled(drawing).elements
    application, lapsed = elements["Application"], elements["Lapsed"]
    assert (application.kind, application.form_key, application.assignee) == ("userTask", "form", "applicant")
    assert (application.due, application.articles) == ('due(5, "working_days")', ("wzpt-1",))
    assert (application.incoming, application.outgoing) == (("Start",), ("End",))
    assert (lapsed.attached_to, lapsed.interrupting, lapsed.timer) == ("Application", True, 'due(30, "days")')
    assert elements["End"].properties["outcome"] == "approved"
