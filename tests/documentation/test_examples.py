"""The examples in the documentation are accepted by what they are examples of."""

import getpass
import json
import re

import pytest
import yaml
from flask import Flask
from lxml import etree

import webapp
from tests.documentation.pages import section, text_of
from webapp.engine import feel
from webapp.organization.queries import holders, unit_by_code, user_by_name
from webapp.scenarios.documents import parse_scenarios
from webapp.workflow.context import OPERATIONS


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_expressions_are_expressions() -> None:
    (examples,) = _blocks(section(text_of("docs/process-owner.md"), "表达式"), "")
    lines = examples.splitlines()
    assert len(lines) > 4
    for line in lines:
        feel.compile(line)


def test_the_scenario_is_one() -> None:
    (example,) = _blocks(text_of("docs/process-owner.md"), "yaml")
    document = parse_scenarios(example.encode(), "example.yaml")
    assert document.scenarios[0].steps[0].task == "Application"


def test_the_service_task_calls_an_operation_with_inputs_it_has(app: Flask) -> None:
    (example,) = _blocks(text_of("docs/operations.md"), "xml")
    spaces = (
        'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    )
    root = etree.fromstring(f"<x {spaces}>{example}</x>")
    camunda = "{http://camunda.org/schema/1.0/bpmn}"
    task = root[0]
    spec = OPERATIONS[task.get(f"{camunda}topic")].spec
    given = {item.get("name") for item in task.iter(f"{camunda}inputParameter")}
    assert spec.required <= given <= set(spec.inputs)


def test_the_examples_of_forms_are_json_and_their_conditions_expressions() -> None:
    head, rule = (json.loads(block) for block in _blocks(text_of("docs/form-fields.md"), "json"))
    assert head["type"] == "default"
    feel.compile(rule["when"])


def test_the_files_of_a_pack_are_named_as_they_are() -> None:
    (drawn,) = [block for block in _blocks(text_of("docs/process-owner.md"), "") if "pack.yaml" in block]
    assert "new_account.bpmn" in drawn
    assert yaml.safe_load(text_of("processes/wzpt/pack.yaml"))["regulations"] == ["regulations/wzpt.yaml"]


def test_the_program_that_adds_a_person_adds_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = _blocks(section(text_of("docs/administrator.md"), "人员和角色"), "python")
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "a long enough password")
    monkeypatch.setattr(webapp, "create_app", lambda: app)
    exec(compile(program, "administrator.md", "exec"), {})
    person = user_by_name("zhang.laoshi")
    assert person is not None
    office = unit_by_code(person.institution_id, "xcb")
    assert office is not None
    assert person in holders(person.institution_id, "publicity_reviewer", office.id)
