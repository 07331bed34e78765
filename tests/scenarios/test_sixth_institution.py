"""A sixth institution: a folder copied and its data edited, without a line of Python."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.config import ROOT
from webapp.scenarios.checking import check_packs

CODE, NAME, SHORT = "xinhe", "新河师范大学", "新河"
# One more approver: 现代教育技术中心 looks at every change before the publicity department decides.
APPROVER = """<bpmn:userTask id="SecurityOpinion" name="网络安全意见" camunda:candidateGroups="data_reviewer"
        camunda:dueDate='due(2, "working_days")'>
      <bpmn:extensionElements>
        <camunda:properties>
          <camunda:property name="name_en" value="Network security" />
          <camunda:property name="article" value="xinhe-11.5" />
          <camunda:property name="due_article" value="not-stated" />
          <camunda:property name="reason_zh" value="本校自定 2 个工作日。" />
          <camunda:property name="reason_en" value="Two working days are this school's own." />
          <camunda:property name="decisions" value="approve" />
        </camunda:properties>
      </bpmn:extensionElements>
      <bpmn:incoming>Flow_FinanceMerge_SecurityOpinion</bpmn:incoming>
      <bpmn:outgoing>Flow_SecurityOpinion_PublicityDecision</bpmn:outgoing>
    </bpmn:userTask>
    """
FLOWS = """<bpmn:sequenceFlow id="Flow_FinanceMerge_SecurityOpinion"
        sourceRef="FinanceMerge" targetRef="SecurityOpinion" />
    <bpmn:sequenceFlow id="Flow_SecurityOpinion_PublicityDecision"
        sourceRef="SecurityOpinion" targetRef="PublicityDecision" />"""
SCENARIO = """
process: change_filing
scenarios:
  - key: three_days_and_one_more_approver
    title_zh: 三个工作日内备案，多一道网络安全意见
    clauses: [xinhe-11.5]
    applicant: xinhe.zhang
    at: "2026-03-06T09:00:00+08:00"
    given:
      accounts:
        - {key: acc, platform: weibo, name: 造物手记, unit: sjcy, tier: "2", purpose: 教学成果, audience: 本院师生,
           first_responsible: xinhe.li, directly_responsible: xinhe.zhang, registered_on: 2025-03-01}
    steps:
      - {task: Application, answers: {account: acc, changed_on: "2026-03-02", change_items: [purpose],
         change_reason: 栏目调整, purpose: 展览与工作坊预告, audience: 师生与市民}}
      - {task: UnitOpinion, by: xinhe.li, decision: approve, opinion: 属实, answers: {signed_as: head, seal: confirmed}}
      - {task: SecurityOpinion, by: xinhe.zheng, decision: approve, opinion: 无风险}
      - {task: PublicityDecision, by: xinhe.sun, decision: approve, opinion: 同意, answers: {items_checked: matching}}
    expect:
      state: approved
      late: true
      last_day: 2026-03-05
      path: [Application, ChangeSteps, UnitOpinion, SecurityOpinion, PublicityDecision, ChangeAccount, NotifyChanged]
      accounts: {acc: {purpose: 展览与工作坊预告}}
"""


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    """wzpt copied under another code, other names put in; only data is touched."""

    def copy() -> tuple[Path, Path]:
        places = []
        for kind in ("processes", "forms"):
            shutil.copytree(ROOT / kind / "common", tmp_path / kind / "common")
            target = tmp_path / kind / CODE
            shutil.copytree(ROOT / kind / "wzpt", target)
            for path in [item for item in target.rglob("*") if item.is_file()]:
                text = path.read_text(encoding="utf-8").replace("温州职业技术学院", NAME)
                text = text.replace("温职", SHORT).replace("wzpt", CODE).replace("WZPT", "XINHE")
                path.write_text(text, encoding="utf-8")
            places.append(tmp_path / kind)
        regulations = tmp_path / "processes" / CODE / "regulations"
        (regulations / "wzpt.yaml").rename(regulations / f"{CODE}.yaml")
        return places[0], places[1]

    return copy


def test_a_copied_folder_with_other_names_and_deadlines_and_one_more_approver_works(
    copied: Callable[[], tuple[Path, Path]],
) -> None:
    processes, forms = copied()
    folder = processes / CODE
    pack = folder / "pack.yaml"
    pack.write_text(
        pack.read_text(encoding="utf-8").replace(
            "deadline: {n: 7, unit: working_days, since: changed_on",
            "deadline: {n: 3, unit: working_days, since: changed_on",
        ),
        encoding="utf-8",
    )
    _one_more_approver(folder / "change_filing.bpmn")
    (folder / "scenarios" / "change_filing.yaml").write_text(SCENARIO, encoding="utf-8")
    said: list[str] = []
    failures = check_packs(processes, forms, (CODE,), said.append)
    assert failures == 0, "\n".join(line for line in said if not line.startswith("pass"))
    assert any("three_days_and_one_more_approver" in line for line in said)
    assert not (tuple(processes.rglob("*.py")) + tuple(forms.rglob("*.py")))


def _one_more_approver(path: Path) -> None:
    """Put the step between the finance office's merge and the publicity department, with shapes of its own."""
    text = path.read_text(encoding="utf-8")
    flow = re.search(r'<bpmn:sequenceFlow id="Flow_FinanceMerge_PublicityDecision"[^>]*/>', text)
    assert flow is not None
    text = text.replace(flow[0], FLOWS)
    text = text.replace(
        "<bpmn:outgoing>Flow_FinanceMerge_PublicityDecision</bpmn:outgoing>",
        "<bpmn:outgoing>Flow_FinanceMerge_SecurityOpinion</bpmn:outgoing>",
    )
    text = text.replace(
        "<bpmn:incoming>Flow_FinanceMerge_PublicityDecision</bpmn:incoming>",
        "<bpmn:incoming>Flow_SecurityOpinion_PublicityDecision</bpmn:incoming>",
    )
    task = text.index('<bpmn:userTask id="PublicityDecision"')
    text = text[:task] + APPROVER + text[task:]
    edge = re.search(
        r'<bpmndi:BPMNEdge id="Flow_FinanceMerge_PublicityDecision_di".*?</bpmndi:BPMNEdge>', text, re.DOTALL
    )
    assert edge is not None
    points = '<di:waypoint x="1500" y="240" /><di:waypoint x="1560" y="240" />'
    bounds = '<dc:Bounds x="1500" y="40" width="120" height="80" />'
    drawn = f'<bpmndi:BPMNShape id="SecurityOpinion_di" bpmnElement="SecurityOpinion">{bounds}</bpmndi:BPMNShape>'
    for name in ("Flow_FinanceMerge_SecurityOpinion", "Flow_SecurityOpinion_PublicityDecision"):
        drawn += f'<bpmndi:BPMNEdge id="{name}_di" bpmnElement="{name}">{points}</bpmndi:BPMNEdge>'
    path.write_text(text.replace(edge[0], drawn), encoding="utf-8")
