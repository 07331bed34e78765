"""The examples in the documentation are accepted by what they are examples of."""

import getpass
import json
import os
import re
from pathlib import Path

import psycopg
import pytest
import yaml
from flask import Flask
from lxml import etree
from sqlalchemy.engine import URL, make_url

import webapp
from tests.conftest import make_settings
from tests.documentation.pages import section, text_of
from tests.support.postgres import Postgres, libpq
from webapp import serving
from webapp.definitions.process_entries import ProcessEntry
from webapp.documents.layout import parse_layout
from webapp.documents.sheets import Sheet
from webapp.engine import feel
from webapp.extensions import db
from webapp.organization.queries import holders, institution, unit_by_code, user_by_name
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
    example, *_more = _blocks(section(text_of("docs/process-owner.md"), "情景怎么写"), "yaml")
    document = parse_scenarios(example.encode(), "example.yaml")
    assert document.scenarios[0].steps[0].task == "Application"


def test_what_a_process_says_of_its_account_is_read() -> None:
    (example,) = _blocks(section(text_of("docs/process-owner.md"), "关于一个账号的流程"), "yaml")
    said = {"key": "x", "diagram": "x", "name_zh": "x", "title_zh": "x", "number": {"series": "x", "format": "x"}}
    entry = ProcessEntry.model_validate({**said, **yaml.safe_load(example)})
    assert (entry.one_open_case, entry.start.kinds, len(entry.deadline)) == (True, (), 2)


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
    (drawn,) = _blocks(section(text_of("docs/process-owner.md"), "流程包里有什么"), "")
    assert "pack.yaml" in drawn
    assert "new_account.bpmn" in drawn
    assert yaml.safe_load(text_of("processes/wzpt/pack.yaml"))["regulations"] == ["regulations/wzpt.yaml"]


def test_the_layout_and_the_sheet_are_read() -> None:
    page = text_of("docs/process-owner.md")
    (layout,) = _blocks(section(page, "正式表格"), "yaml")
    assert parse_layout(layout.encode(), "documents/review_form.yaml").copies == 2
    (sheets,) = _blocks(section(page, "电子表格"), "yaml")
    assert [Sheet.model_validate(entry).key for entry in yaml.safe_load(sheets)["sheets"]] == ["filing_table"]


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


@pytest.mark.postgres
def test_on_postgresql_as_described_the_program_works_and_cannot_switch_the_triggers_off(
    postgres: Postgres, tmp_path: Path
) -> None:
    name = f"beian_doc_{os.getpid()}"
    (script,) = _blocks(section(text_of("docs/administrator.md"), "PostgreSQL"), "sql")
    as_admin, as_owner = re.split(
        r"^\\c .*\n",
        re.sub(r"\bbeian\b", name, script).replace("beian_owner", f"{name}_owner").replace("…", "secret"),
        flags=re.MULTILINE,
    )
    seed = make_url(postgres.create_database())
    owner, program = (seed.set(database=name, username=user, password="secret") for user in (f"{name}_owner", name))
    for statement in as_admin.split(";\n"):
        if statement.strip():
            postgres.execute(statement)
    try:
        _run(as_owner, owner)
        _use(owner, program, tmp_path)
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for user in (f"{name}_owner", name):
            postgres.execute(f"DROP ROLE {user}")


def _run(script: str, url: URL) -> None:
    with psycopg.connect(libpq(url)) as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())


def _use(owner: URL, program: URL, folder: Path) -> None:
    address, owners = (url.render_as_string(hide_password=False) for url in (program, owner))
    settings = make_settings(address, folder, migration_database_url=owners, jobs=True)
    app = webapp.create_app(settings)
    serving.upgrade(app)
    with app.app_context():
        serving.deploy_packs(settings, ("zzlg",), lambda line: None)
        assert institution("zzlg") is not None
        db.session.remove()
        db.engine.dispose()
    for forbidden in (
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "DROP TRIGGER event_refuse_change ON event",
        "DELETE FROM event",
    ):
        with pytest.raises(psycopg.Error):
            _run(forbidden, program)
