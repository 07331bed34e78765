"""Joins, blocks and rounds: the faults of the stock engine that our processes would hit."""

from itertools import permutations

import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import OPERATIONS, Case, assembled
from webapp.engine import build

ORDERS = list(permutations(["UnitOpinion", "FinanceOpinion", "DataOpinion"]))


def _round_trip(kind: str = "parallel") -> Drawing:
    """Application, an opinion block with a timeout, a decision that may send back to the applicant."""
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.block("Opinions", ("UnitOpinion", "LeaderOpinion"), ("FinanceOpinion",), ("DataOpinion",), kind=kind)
    drawing.timer("Lapsed", "Opinions")
    drawing.user("LateDecision")
    drawing.gateway("Together")
    drawing.user("Decision")
    drawing.gateway("Decided", default="Back")
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "Opinions", "Together", "Decision", "Decided")
    drawing.flow("Decided", "End", when='Decision.decision = "approve"')
    drawing.flow("Decided", "Merge", id="Back")
    drawing.flow("Lapsed", "LateDecision", "Together")
    return drawing


@pytest.mark.parametrize("kind", ["parallel", "inclusive"])
@pytest.mark.parametrize("first", ORDERS)
@pytest.mark.parametrize("second", ORDERS)
def test_a_join_waits_for_every_branch_in_every_round_and_shows_the_newest_data(
    kind: str, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    case = Case(assembled(_round_trip(kind)))
    for number, order in enumerate((first, second)):
        case.do("Application", form={"deep": {"round": number}})
        steps = [step for name in order for step in ([name, "LeaderOpinion"] if name == "UnitOpinion" else [name])]
        for step in steps:
            assert "Decision" not in case.open
            assert case.task(step).data["Application"] == {"form": {"deep": {"round": number}}}
            case.do(step, text=f"{step} in round {number}")
        assert case.open == ["Decision"]
        data = case.task("Decision").data
        assert {step: data[step]["text"] for step in steps} == {step: f"{step} in round {number}" for step in steps}
        case.do("Decision", decision="approve" if number else "request_correction")
    assert case.run.completed
    assert case.run.data["Application"] == {"form": {"deep": {"round": 1}}}


def test_round_two_of_a_block_shows_no_answer_of_round_one() -> None:
    case = Case(assembled(_round_trip())).do("Application")
    for step in ("UnitOpinion", "FinanceOpinion", "DataOpinion", "LeaderOpinion"):
        case.do(step, text="round one")
    case.do("Decision", decision="request_correction").do("Application")
    case.do("FinanceOpinion", text="round two")
    data = case.task("DataOpinion").data
    assert [data[step] for step in ("UnitOpinion", "LeaderOpinion", "DataOpinion")] == [None, None, None]
    assert "UnitOpinion" not in case.run.data
    assert case.run.data["FinanceOpinion"] == {"text": "round two"}


def test_the_value_one_branch_sets_is_not_lost_because_another_left_it_alone() -> None:
    case = Case(assembled(_round_trip()), status="pending").do("Application", rows=[{"n": 1}, {"n": 2}])
    for text in ("first", "second"):
        case.do("UnitOpinion", status=text, rows=[{"n": text}]).do("FinanceOpinion").do("DataOpinion")
        case.do("LeaderOpinion")
        data = case.task("Decision").data
        assert data["UnitOpinion"] == {"status": text, "rows": [{"n": text}]}
        assert data["Application"] == {"rows": [{"n": 1}, {"n": 2}]}
        case.do("Decision", decision="no").do("Application", rows=[{"n": 1}, {"n": 2}])


def test_a_timed_out_block_is_cancelled_as_a_whole_and_keeps_what_was_answered() -> None:
    case = Case(assembled(_round_trip())).do("Application").do("FinanceOpinion", text="in time")
    case.fire("Lapsed")
    assert case.open == ["LateDecision"]
    assert case.run.timers() == []
    assert case.task("LateDecision").data["FinanceOpinion"] == {"text": "in time"}
    case.do("LateDecision")
    assert case.task("Decision").data["FinanceOpinion"] == {"text": "in time"}
    assert case.task("Decision").data["UnitOpinion"] is None
    case.do("Decision", decision="approve")
    assert case.run.completed


def test_an_inclusive_block_opens_only_the_branches_whose_condition_holds() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    with drawing.sub("Opinions"):
        drawing.start("OpinionsStart")
        drawing.gateway("Split", "inclusive", default="None")
        drawing.user("Finance")
        drawing.user("Data")
        drawing.gateway("Join", "inclusive")
        drawing.end("OpinionsEnd")
        drawing.flow("OpinionsStart", "Split")
        drawing.flow("Split", "Finance", when="Application.payment")
        drawing.flow("Split", "Data", when="Application.campus_data")
        drawing.flow("Split", "Join", id="None")
        drawing.flow("Finance", "Join")
        drawing.flow("Data", "Join", "OpinionsEnd")
    drawing.end()
    drawing.flow("Start", "Application", "Opinions", "End")
    definition = assembled(drawing)
    for payment, data, opened in (
        (True, True, ["Data", "Finance"]),
        (True, False, ["Finance"]),
        (False, True, ["Data"]),
    ):
        case = Case(definition).do("Application", payment=payment, campus_data=data)
        assert case.open == opened
        for step in opened:
            case.do(step)
        assert case.run.completed
    neither = Case(definition).do("Application", payment=False, campus_data=None)
    assert neither.run.completed
    assert next(step for step in neither.passed if step.element == "Split").outcome == ["None"]


def test_an_opinion_not_given_in_time_counts_as_given_when_the_timer_leads_to_the_join() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    with drawing.sub("Opinions"):
        drawing.start("OpinionsStart")
        drawing.gateway("Split", "parallel")
        drawing.user("Finance")
        drawing.timer("FinanceSilent", "Finance")
        drawing.user("Data")
        drawing.timer("DataSilent", "Data")
        drawing.user("DataInstead")
        drawing.gateway("DataMerge")
        drawing.gateway("Join", "parallel")
        drawing.end("OpinionsEnd")
        drawing.flow("OpinionsStart", "Split", "Finance", "Join", "OpinionsEnd")
        drawing.flow("FinanceSilent", "Join")
        drawing.flow("Split", "Data", "DataMerge", "Join")
        drawing.flow("DataSilent", "DataInstead", "DataMerge")
    drawing.user("Decision")
    drawing.end()
    drawing.flow("Start", "Application", "Opinions", "Decision", "End")
    definition = build("test_process", {"a.bpmn": drawing.xml()}, OPERATIONS)
    silent = Case(definition).do("Application").fire("FinanceSilent").fire("DataSilent")
    assert silent.open == ["DataInstead"]
    assert silent.do("DataInstead", v=1).open == ["Decision"]
    assert silent.task("Decision").data["DataInstead"] == {"v": 1}
    given = Case(definition).do("Application").do("Data", v=1).do("Finance", v=2)
    assert (given.open, given.run.timers()) == (["Decision"], [])


def test_final_data_is_that_of_the_newest_submission_after_a_side_path_ran_in_round_one() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.gateway("Merge")
    drawing.user("Application")
    drawing.user("Review")
    drawing.timer("Overdue", "Review", interrupting=False)
    drawing.service("Note")
    drawing.end("Noted")
    drawing.gateway("Reviewed", default="Back")
    drawing.end()
    drawing.flow("Start", "Merge", "Application", "Review", "Reviewed")
    drawing.flow("Reviewed", "End", when='Review.decision = "approve"')
    drawing.flow("Reviewed", "Merge", id="Back")
    drawing.flow("Overdue", "Note", "Noted")
    case = Case(assembled(drawing)).do("Application", owner={"name": "OLD", "id": "OLD-ID"}).fire("Overdue")
    assert case.open == ["Review"]
    case.do("Review", decision="no").do("Application", owner={"name": "NEW"}).do("Review", decision="approve")
    assert case.run.completed
    assert case.run.ended_at == "End"
    assert case.run.data["Application"] == {"owner": {"name": "NEW"}}


def test_a_thousand_correction_rounds_cost_no_more_state_than_the_second() -> None:
    case = Case(assembled(_round_trip()))
    sizes = []
    for _ in range(1000):
        case.do("Application", text="x" * 300)
        case.do("UnitOpinion", text="x" * 100).do("FinanceOpinion").do("DataOpinion").do("LeaderOpinion")
        case.do("Decision", decision="request_correction")
        sizes.append(len(case.blob))
    assert case.open == ["Application"]
    assert len(set(sizes[1:])) == 1


def test_a_thousand_rounds_in_one_object_neither_stall_nor_recurse() -> None:
    run = Case(assembled(_round_trip())).run
    steps = ["Application", "UnitOpinion", "FinanceOpinion", "DataOpinion", "LeaderOpinion", "Decision"] * 1000
    for step in steps:
        task = next(task for task in run.open_tasks() if task.element == step)
        run.complete(task.id, {"decision": "request_correction"})
    assert [task.element for task in run.open_tasks()] == ["Application"]
