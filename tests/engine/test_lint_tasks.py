"""Lint: what tasks must say, the clauses they name, and the names their expressions read."""

import ast
import re
from pathlib import Path

import pytest

from tests.engine.drawing import Drawing, properties
from tests.engine.linting import findings, rules, with_element
from tests.engine.running import OPERATIONS
from tests.engine.tables import tier_table
from webapp.engine import assemble, lint


def _user(attributes: str = 'camunda:candidateGroups="g" camunda:formKey="f"', **given: str) -> Drawing:
    given = {"article": "wzpt-1", **given}
    return with_element(xml=f'<bpmn:userTask id="X" name="X" {attributes}>{properties(given)}</bpmn:userTask>')


def test_a_user_task_says_who_does_it() -> None:
    assert rules(_user('camunda:formKey="f"')) == {("X", "who")}
    assert rules(_user('camunda:formKey="f" camunda:assignee="applicant" camunda:candidateGroups="g"')) == {
        ("X", "who")
    }
    assert rules(_user('camunda:formKey="f" camunda:assignee="zhang"')) == {("X", "assignee")}
    assert rules(_user('camunda:formKey="f" camunda:assignee="=Application.handler"')) == set()


def test_a_role_that_an_expression_gives_is_one_of_those_named() -> None:
    given = 'camunda:candidateGroups=\'=if case.late then "a" else "b"\' camunda:formKey="f"'
    assert rules(_user(given)) == {("X", "roles-missing")}
    assert rules(_user(given, roles="a, b")) == set()
    assert rules(_user(roles="a")) == {("X", "roles-ignored")}
    assert rules(_user(given, roles="a, B!")) == {("X", "property-value")}
    assert rules(_user(given.replace("case.late", "Absent"), roles="a, b")) == {("X", "unknown-name")}


def _common(article: str = "as-called") -> Drawing:
    common = Drawing("common_hearing")
    common.start("CommonStart")
    common.user("Hear", article=article)
    common.end("CommonEnd")
    common.flow("CommonStart", "Hear", "CommonEnd")
    return common


def test_a_common_process_rests_on_the_clauses_of_whoever_calls_it() -> None:
    call = '<bpmn:callActivity id="X" name="X" calledElement="common_hearing">{}</bpmn:callActivity>'
    calling = with_element(xml=call.format(properties({"article": "wzpt-1"})))
    assert rules(calling, _common()) == set()
    assert rules(with_element(xml=call.format("")), _common()) == {("X", "article-missing")}
    assert rules(calling, _common("as-called wzpt-1")) == {("Hear", "as-called")}
    assert ("X", "as-called") in rules(_user(article="as-called"))
    files = {"a.bpmn": calling.xml(), "common/hearing.bpmn": _common().xml()}
    assert assemble(calling.process_id, files, OPERATIONS).elements["Hear"].articles == ("wzpt-1",)


def test_a_plain_submit_task_needs_a_form_and_a_decision_task_does_not() -> None:
    assert rules(_user('camunda:assignee="applicant"')) == {("X", "form-missing")}
    assert rules(_user('camunda:candidateGroups="g"', decisions="approve,reject")) == set()


def test_the_applicant_judges_nothing() -> None:
    for decisions in ("approve", "request_correction, reject", "receive"):
        assert rules(_user('camunda:assignee="applicant"', decisions=decisions)) == {("X", "self-approval")}


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("remindbefore", "1 working_days", "unknown-property"),
        ("outcome", "approved", "unknown-property"),
        ("decisions", "approve,maybe", "property-value"),
        ("after_return", "around", "property-value"),
        ("pauses_clock", "yes", "property-value"),
        ("reviews", "Application.name", "property-value"),
        ("escalate_to", "unit_head", "no-due-date"),
        ("escalate_after", "0 working_days", "escalate-to-whom"),
    ],
)
def test_properties_are_known_and_understood(name: str, value: str, rule: str) -> None:
    assert ("X", rule) in rules(_user(**{name: value}))


def test_a_reminder_is_so_long_before_a_due_date() -> None:
    due = 'camunda:assignee="applicant" camunda:formKey="f" camunda:dueDate="due(5, &quot;working_days&quot;)"'
    assert rules(_user(due, remind_before="1 working_days")) == set()
    assert ("X", "property-value") in rules(_user(due, remind_before="a day"))
    assert ("X", "no-due-date") in rules(_user(remind_before="1 working_days"))


def test_every_step_names_its_clause_or_says_why_there_is_none() -> None:
    assert rules(_user(article="")) == {("X", "article-missing")}
    assert rules(_user(article="not-stated")) == {("X", "not-stated-reason")}
    assert rules(_user(article="not-stated", reason_zh="未规定")) == {("X", "not-stated-reason")}
    assert rules(_user(article="not-stated", reason_zh="未规定", reason_en="silent")) == set()
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    xml = f'<bpmn:intermediateCatchEvent id="X">{timer}</bpmn:intermediateCatchEvent>'
    assert rules(with_element(xml=xml)) == {("X", "article-missing")}


def _rule(article: str = "", reference: str = "tier", result: str = "Tier") -> Drawing:
    xml = (
        f'<bpmn:businessRuleTask id="X" name="X" camunda:decisionRef="{reference}" '
        f'camunda:resultVariable="{result}">{properties({"article": article} if article else {})}'
        "</bpmn:businessRuleTask>"
    )
    return with_element(xml=xml)


def test_a_rule_task_names_its_clause_or_its_table_does() -> None:
    assert rules(_rule(), tier=tier_table()) == {("X", "article-missing")}
    assert rules(_rule("wzpt-5"), tier=tier_table()) == set()
    assert rules(_rule(), tier=tier_table(article="wzpt-5")) == set()


def test_decision_tables_must_be_there_and_sound() -> None:
    assert rules(_rule("wzpt-5", "gone")) == {("X", "unknown-decision")}
    found = rules(_rule("wzpt-5"), tier=tier_table(policy="OUTPUT ORDER"))
    assert ("X", "unknown-decision") in found
    assert len(found) > 1
    assert ("X", "unknown-name") in rules(_rule("wzpt-5"), tier=tier_table(asks="Applicaton.followers"))
    assert rules(_rule("wzpt-5", result="")) >= {("X", "result-variable")}


def test_service_tasks_name_an_operation_and_give_what_it_needs() -> None:
    def service(**settings: object) -> set[tuple[str, str]]:
        drawing = Drawing()
        drawing.start()
        drawing.user("Application")
        drawing.service("X", **settings)  # type: ignore[arg-type]
        drawing.end()
        drawing.flow("Start", "Application", "X", "End")
        return rules(drawing)

    assert service(topic="test.register", inputs={"name": "Application.name"}) == set()
    assert service(topic="registry.nothing") == {("X", "unknown-operation")}
    assert service(topic="test.register") == {("X", "missing-input")}
    assert service(inputs={"colour": '"red"'}) == {("X", "unknown-input")}
    assert service(inputs={"text": ""}) == {("X", "empty-input")}
    assert service(result="two words") == {("X", "result-variable")}
    assert service(result="Application") == {("X", "name-clash")}
    assert service(result="case") == {("X", "name-clash")}
    assert service(inputs={"text": "Application.name ="}) == {("X", "expression")}
    assert service(inputs={"text": "launch(1)"}) == {("X", "unknown-function")}
    assert service(inputs={"text": "today()"}) == set()
    assert service(inputs={"text": "Aplication.name"}) == {("X", "unknown-name")}
    assert service(inputs={"text": "case.applicant.name"}) == set()
    assert service(inputs={"text": "case.salary"}) == {("X", "unknown-name")}
    assert service(inputs={"text": "XResult"}) == {("X", "read-before-written")}


def test_two_results_of_one_service_task_are_refused() -> None:
    output = '<camunda:outputParameter name="{}" />'
    xml = (
        '<bpmn:serviceTask id="X" name="X" camunda:type="external" camunda:topic="test.note"><bpmn:extensionElements>'
        f"<camunda:inputOutput>{output.format('a')}{output.format('b')}</camunda:inputOutput>"
        "</bpmn:extensionElements></bpmn:serviceTask>"
    )
    assert rules(with_element(xml=xml)) == {("X", "one-result")}


def test_what_only_a_later_step_writes_cannot_be_read() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("G", default="Else")
    drawing.user("Review")
    drawing.end()
    drawing.end("Other")
    drawing.flow("Start", "Application", "G")
    drawing.flow("G", "Other", when="Review.ok", id="Early")
    drawing.flow("G", "Review", id="Else")
    drawing.flow("Review", "End")
    assert rules(drawing) == {("Early", "read-before-written")}


def test_answers_from_inside_a_block_may_be_read_behind_it() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.block("Opinions", ("A",), ("B",))
    drawing.gateway("G", default="Else")
    drawing.end()
    drawing.end("Other")
    drawing.flow("Start", "Application", "Opinions", "G")
    drawing.flow("G", "End", when="A.ok and B.ok")
    drawing.flow("G", "Other", id="Else")
    assert findings(drawing) == []


def test_ends_have_a_name_and_an_outcome() -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.raw("End", '<bpmn:endEvent id="End" name="完成" />')
    drawing.flow("Start", "Application", "End")
    assert rules(drawing) == {("End", "outcome")}


def test_every_rule_is_documented_and_shown_to_refuse_something() -> None:
    root = Path(__file__).parents[2]
    named = {
        call.args[1].value
        for module in Path(lint.__file__).parent.glob("*.py")
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "finding"
        if isinstance(call.args[1], ast.Constant)
    } | {"process-missing"}
    assert len(named) > 40
    documented = set(
        re.findall(r"^\| `([a-z-]+)` \|", (root / "docs" / "lint-rules.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert documented == named
    shown = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_lint_*.py"))
    assert sorted(rule for rule in named if f'"{rule}"' not in shown) == []
