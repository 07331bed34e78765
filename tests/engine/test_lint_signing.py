"""Lint: countersigned steps, batches, and what happens to an answer after a return."""

import re

import pytest

from tests.engine.drawing import Drawing, properties
from tests.engine.linting import rules, with_element
from webapp.config import ROOT
from webapp.engine.lint import signing

DECIDES = "approve,reject"


def _user(attributes: str = 'camunda:candidateGroups="g"', **given: str) -> Drawing:
    given = {"article": "wzpt-1", "decisions": DECIDES, **given}
    return with_element(xml=f'<bpmn:userTask id="X" name="X" {attributes}>{properties(given)}</bpmn:userTask>')


@pytest.mark.parametrize("rule", ["any", "all", "sequence", "veto", "ratio 2/3", "ratio 3/3"])
def test_a_step_may_be_countersigned_by_each_of_the_five_rules(rule: str) -> None:
    assert rules(_user(countersign=rule)) == set()
    assert rules(_user(countersign=rule, countersigners="roles")) == set()


@pytest.mark.parametrize("rule", ["most", "ratio 2", "ratio 0/3", "ratio 2/0", "ratio 100/200", "ALL"])
def test_another_rule_of_countersigning_is_refused(rule: str) -> None:
    assert ("X", "property-value") in rules(_user(countersign=rule))


def test_a_share_is_at_most_all_of_them() -> None:
    assert rules(_user(countersign="ratio 4/3")) == {("X", "countersign-ratio")}


def test_a_countersigned_step_is_done_by_roles_who_can_agree() -> None:
    named = 'camunda:assignee="=Application.handler"'
    assert rules(_user(named, countersign="all")) == {("X", "countersign-who")}
    assert rules(_user(countersign="all", decisions="request_correction,reject")) == {("X", "countersign-who")}
    assert rules(_user(countersign="all", decisions="receive, reject")) == set()


def test_countersigners_without_countersigning_are_refused() -> None:
    assert rules(_user(countersigners="roles")) == {("X", "countersigners-ignored")}


def test_a_batch_needs_an_agreement_to_choose() -> None:
    assert rules(_user(batch="true")) == set()
    assert rules(_user(batch="true", decisions="reject")) == {("X", "batch-decision")}
    assert rules(_user(batch="false", decisions="reject")) == set()
    assert rules(_user('camunda:candidateGroups="g" camunda:formKey="f"', batch="true", decisions="")) >= {
        ("X", "batch-decision")
    }


def test_a_step_that_is_not_done_again_says_what_it_reviews() -> None:
    assert rules(_user(after_return="straight", reviews="name, platform")) == set()
    assert rules(_user(after_return="straight")) == {("X", "reviews-missing")}
    assert rules(_user(after_return="again")) == set()


def test_what_a_step_reviews_matters_only_where_its_answer_can_carry_over() -> None:
    assert rules(_user(reviews="name")) == {("X", "reviews-ignored")}
    assert rules(_user(after_return="again", reviews="name")) == {("X", "reviews-ignored")}


def test_only_an_agreement_carries_over() -> None:
    straight = {"after_return": "straight", "reviews": "name"}
    assert rules(_user(decisions="request_correction,reject", **straight)) == {("X", "straight-decision")}


def test_every_rule_is_in_the_list_for_process_owners() -> None:
    listed = set(re.findall(r"^\| `([\w-]+)`", (ROOT / "docs/lint-rules.md").read_text(encoding="utf-8"), re.MULTILINE))
    source = (ROOT / "webapp/engine/lint/signing.py").read_text(encoding="utf-8")
    assert set(re.findall(r'^\s+"([a-z]+-[a-z-]+)",$', source, re.MULTILINE)) <= listed
    assert signing.RULES
