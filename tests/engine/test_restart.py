"""退回 and 撤回 on pruned trees, and which targets are lawful."""

import random

import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import Case, assembled, straight
from webapp.engine import RestartRefused, return_targets


def _process() -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.user("UnitOpinion")
    drawing.timer("Overdue", "UnitOpinion")
    drawing.end("Lapsed")
    drawing.block("Opinions", ("Finance",), ("Data",))
    drawing.user("Decision")
    drawing.gateway("Decided", default="Go")
    drawing.service("Register", "test.register", inputs={"name": "Application.name"})
    drawing.user("Verification")
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "UnitOpinion", "Opinions", "Decision", "Decided")
    drawing.flow("Decided", "Register", id="Go")
    drawing.flow("Decided", "Merge", when='Decision.decision = "request_correction"')
    drawing.flow("Register", "Verification", "End")
    drawing.flow("Overdue", "Lapsed")
    return drawing


def _at_decision() -> Case:
    case = Case(assembled(_process())).do("Application", name="x").do("UnitOpinion", text="one")
    return case.do("Finance", text="one").do("Data", text="one")


def test_returning_forgets_what_is_open_and_arms_the_timers_of_the_step_anew() -> None:
    case = _at_decision()
    case.back("UnitOpinion")
    assert case.open == ["UnitOpinion"]
    assert [timer.element for timer in case.run.timers()] == ["Overdue"]
    assert case.run.data["Finance"] == {"text": "one"}
    case.do("UnitOpinion", text="two")
    assert case.open == ["Data", "Finance"]
    assert case.task("Data").data["Finance"] is None


def test_an_opinion_block_is_returned_to_as_a_whole() -> None:
    case = _at_decision()
    case.back("Opinions")
    assert case.open == ["Data", "Finance"]
    case.do("Data", text="two").do("Finance", text="two")
    assert case.task("Decision").data["Data"] == {"text": "two"}


def test_returning_into_an_opinion_block_is_refused() -> None:
    case = _at_decision()
    case.back("Opinions")
    with pytest.raises(RestartRefused, match="as a whole"):
        case.run.restart("Finance", {}, ("Opinions",))


def test_returning_out_of_a_half_answered_block_closes_it() -> None:
    case = Case(assembled(_process())).do("Application").do("UnitOpinion").do("Finance")
    case.back("Application")
    assert (case.open, case.run.timers()) == (["Application"], [])


def test_data_of_the_scope_is_replaced_by_what_is_given() -> None:
    case = _at_decision()
    case.run.restart("Application", {"case": {"reference": "1"}, "Application": {"name": "y"}})
    assert case.run.data == {"case": {"reference": "1"}, "Application": {"name": "y"}}


def _calling() -> Case:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.call("Check", "identity_check")
    drawing.user("Decision")
    drawing.end()
    drawing.flow("Start", "Application", "Check", "Decision", "End")
    return Case(assembled(drawing, straight("Ask", "Confirm", "Sign", process_id="identity_check"))).do("Application")


def test_returning_inside_a_call_activity_leaves_the_caller_alone() -> None:
    case = _calling().do("Ask", v=1).do("Confirm", v=1)
    case.run.restart("Ask", {"Ask": {"v": 1}, "Confirm": {"v": 1}}, ("Check",))
    assert case.open == ["Ask"]
    assert case.task("Ask").data["Application"] == {}
    case.do("Ask", v=2).do("Confirm", v=2).do("Sign", v=2)
    assert case.run.data["Check"] == {"Ask": {"v": 2}, "Confirm": {"v": 2}, "Sign": {"v": 2}}
    case.back("Check")
    assert case.open == ["Ask"]
    assert "Check" not in case.run.data or case.run.data["Check"] == {}


@pytest.mark.parametrize(
    ("element", "scope", "reason"),
    [
        ("Nowhere", (), "no element"),
        ("Decided", (), "no step of a person"),
        ("Register", (), "no step of a person"),
        ("Finance", (), "no element"),
        ("Finance", ("Opinions",), "not open"),
    ],
)
def test_unlawful_restarts_are_refused(element: str, scope: tuple[str, ...], reason: str) -> None:
    with pytest.raises(RestartRefused, match=reason):
        _at_decision().run.restart(element, {}, scope)


def test_an_ended_case_cannot_be_sent_back() -> None:
    case = Case(assembled(straight("Application"))).do("Application")
    with pytest.raises(RestartRefused, match="ended"):
        case.run.restart("Application", {})


def test_targets_are_the_completed_steps_with_blocks_as_a_whole() -> None:
    case = _at_decision()
    assert return_targets(case.definition, case.passed, "Decision") == ["Application", "UnitOpinion", "Opinions"]
    assert return_targets(case.definition, case.path, "Decision") == ["Application", "UnitOpinion", "Opinions"]


def test_from_inside_a_block_the_targets_lie_before_it() -> None:
    case = Case(assembled(_process())).do("Application").do("UnitOpinion").do("Finance")
    assert return_targets(case.definition, case.path, "Data") == ["Application", "UnitOpinion"]
    assert return_targets(case.definition, case.passed, "Data", ("Opinions",)) == []


def test_steps_of_an_earlier_round_lie_ahead_and_are_no_targets() -> None:
    case = _at_decision().do("Decision", decision="request_correction")
    assert return_targets(case.definition, case.path, "Application") == []
    case.do("Application")
    assert return_targets(case.definition, case.path, "UnitOpinion") == ["Application"]


def test_after_a_return_only_what_lies_before_the_step_is_a_target() -> None:
    case = _at_decision()
    case.back("UnitOpinion")
    assert return_targets(case.definition, case.path, "UnitOpinion") == ["Application"]


def test_nothing_before_an_operation_that_cannot_be_repeated_is_a_target() -> None:
    case = _at_decision().do("Decision", decision="approve")
    assert case.open == ["Verification"]
    assert return_targets(case.definition, case.path, "Verification") == []


def test_inside_a_call_activity_the_targets_are_its_own_steps() -> None:
    case = _calling().do("Ask").do("Confirm")
    assert return_targets(case.definition, case.passed, "Sign", ("Check",)) == ["Ask", "Confirm"]
    assert return_targets(case.definition, case.passed, "Sign") == ["Application"]
    assert return_targets(case.definition, case.path, "Sign") == ["Application"]


@pytest.mark.parametrize("kind", ["call", "sub"])
def test_random_returns_inside_and_out_of_a_scope_always_open_what_was_asked_for(kind: str) -> None:
    order = ["Application", "Ask", "Confirm", "Sign", "Decision"]
    definition = _calling().definition if kind == "call" else assembled(_with_sub())
    rng = random.Random(3)
    for _ in range(40):
        case, position, answers, steps = Case(definition), 0, {}, 0
        while not case.run.completed:
            assert case.open == [order[position]]
            steps += 1
            if position and rng.random() < 0.35 and steps < 60:
                position = _random_return(case, order, rng.randrange(position))
            else:
                answers[order[position]] = {"step": steps}
                case.do(order[position], step=steps)
                position += 1
        data = {**case.run.data, **case.run.data.get("Check", {})}
        assert {name: data[name] for name in order} == answers


def _random_return(case: Case, order: list[str], target: int) -> int:
    scope = case.run.open_tasks()[0].scope
    if order[target] in ("Ask", "Confirm", "Sign"):
        if scope:
            inner = {**case.run.data, **case.run.data.get("Check", {})}
            case.run.restart(order[target], inner, scope)
            return target
        target = 1
    case.back("Check" if target == 1 else order[target])
    return target


def _with_sub() -> Drawing:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    with drawing.sub("Check"):
        drawing.start("CheckStart")
        for step in ("Ask", "Confirm", "Sign"):
            drawing.user(step)
        drawing.end("CheckEnd")
        drawing.flow("CheckStart", "Ask", "Confirm", "Sign", "CheckEnd")
    drawing.user("Decision")
    drawing.end()
    drawing.flow("Start", "Application", "Check", "Decision", "End")
    return drawing
