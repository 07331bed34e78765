"""A small institution for tests of scenarios: the one that watches its accounts, with campaigns and a sheet."""

from __future__ import annotations

from typing import Any

import yaml

from tests.engine.drawing import Drawing
from tests.support import watch
from webapp.definitions.commands import deploy
from webapp.scenarios.checking import run_scenario
from webapp.scenarios.documents import ScenarioFile, parse_scenarios
from webapp.workflow.context import specs

_PROCESSES = """
  - {key: change, diagram: change.bpmn, name_zh: 变更, start: {kinds: [staff]}, about: account, article: wzpt-1,
     title_zh: "变更「{account}」", number: {series: filing, format: "变〔{year}〕{n:05d}"},
     deadline: {n: 3, unit: working_days, since: changed_on, article: wzpt-6}}
  - {key: table, diagram: table.bpmn, name_zh: 集中报备, start: {kinds: [staff]}, article: wzpt-1,
     title_zh: 集中报备, number: {series: filing, format: "表〔{year}〕{n:05d}"}}
  - {key: stock, diagram: stock.bpmn, name_zh: 清点, start: {kinds: [staff]}, article: wzpt-1,
     title_zh: 清点, number: {series: filing, format: "点〔{year}〕{n:05d}"}}
inactivity:"""
_MORE = """
campaigns:
  - key: yearly
    process: review
    name_zh: 年审
    article: wzpt-6
    where: 'account.state != "deregistered" and not(account.group)'
    recurs: {month: 6, day: 1}
    last_day: {days: 30}
    reminders: [7 days]
    answers: {note: '"依据" + campaign.period'}
    on_close:
      bulletin: over
      unfiled: {process: rectification, open: false, answers: {last_update_on: 'campaign.opens_on'}}
    manage_roles: [unit_head]
  - key: stocktaking
    process: stock
    name_zh: 清点
    article: wzpt-6
    targets: units
    where: 'unit.kind = "department"'
    last_day: {days: 10}
    applicant_role: unit_head
    manage_roles: [unit_head]
public_report:
  process: stock
  article: wzpt-1
  answers: {note: 'report.name + "：" + report.description'}
sheets:
  - key: accounts
    name_zh: 报备表
    article: wzpt-1
    columns:
      - {key: platform, title_zh: 类别, kind: choice, choices: {weibo: 微博, qq_group: QQ群}, required: true}
      - {key: name, title_zh: 名称, required: true, max: 20}
"""
_TEXTS = """texts:
  over: {subject_zh: "{name}（{period}）", body_zh: "应报 {total}，已报 {filed}。"}
"""
_DAY = """{"id": "d", "type": "datetime", "subtype": "date", "key": "changed_on", "label": "变更日期",
  "properties": {"article": "wzpt-6"}}"""
_SHEET = """{"id": "t", "type": "filepicker", "key": "rows", "label": "报备表", "validate": {"required": true},
  "properties": {"kind": "sheet", "sheet": "accounts", "article": "wzpt-1"}}"""


def files() -> dict[str, bytes]:
    """The pack's files."""
    found = watch.files()
    pack = found["pack.yaml"].decode().replace("\ninactivity:", _PROCESSES).replace("\ntexts:\n", "\n" + _TEXTS) + _MORE
    pack = pack.replace("manage_roles: [unit_head]\n", "manage_roles: [unit_head]\n    reason_zh: 试验\n")
    reviewed = found["forms/review.form"].decode().replace('"kind": "account"', '"kind": "account", "scope": "all"')
    found["forms/review.form"] = reviewed.encode()
    for form, fields in (("change", (watch._ACCOUNT, _DAY, watch._NOTE)), ("table", (_SHEET,))):
        found[f"forms/{form}.form"] = (watch._FORM % (form, ",".join(fields))).encode()
    return {
        **found,
        "pack.yaml": pack.encode(),
        "change.bpmn": _change().xml(),
        "table.bpmn": _table().xml(),
        "stock.bpmn": _stock().xml(),
    }


def _change() -> Drawing:
    drawing = Drawing("watch_change")
    drawing.start("Start")
    drawing.user("Application", form="change")
    drawing.user("Decide", form=None, decisions="approve,reject")
    drawing.end("Done")
    drawing.flow("Start", "Application", "Decide", "Done")
    return drawing


def _table() -> Drawing:
    drawing = Drawing("watch_table")
    drawing.start("Start")
    drawing.user("Application", form="table")
    given = {"rows": "Application.rows.rows", "unit": "case.unit.id"}
    drawing.service("Import", "registry.import_rows", inputs=given)
    drawing.end("Done")
    drawing.flow("Start", "Application", "Import", "Done")
    return drawing


def _stock() -> Drawing:
    drawing = Drawing("watch_stock")
    drawing.start("Start")
    drawing.user("Application", form="form")
    drawing.end("Done")
    drawing.flow("Start", "Application", "Done")
    return drawing


def build() -> int:
    """Deploy the pack and add its people; returns the institution's id."""
    made = watch.build_watch()
    deploy(files(), specs(), actor=None, note="scenarios")
    return made.institution


def scenario_file(process: str, text: str) -> ScenarioFile:
    """A scenario file of one scenario, whose members are written as YAML."""
    entry: dict[str, Any] = {"key": "one", "title_zh": "情景", "at": "2026-03-02T10:00:00+08:00"}
    content = {"process": process, "scenarios": [{**entry, **yaml.safe_load(text)}]}
    return parse_scenarios(yaml.safe_dump(content, allow_unicode=True).encode(), "scenarios/one.yaml")


def run(institution: int, process: str, text: str) -> list[str]:
    """Run a scenario; what went otherwise than it says."""
    return run_scenario(institution, process, scenario_file(process, text).scenarios[0])
