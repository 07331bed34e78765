"""A small pack in which no clause and no reason is missing, for tests that take something away."""

from __future__ import annotations

from tests.scenarios.world import files

SCENARIOS = """
process: review
scenarios:
  - key: passed
    title_zh: 审查通过
    clauses: [wzpt-1]
    applicant: watch.zhang
    at: "2026-03-02T10:00:00+08:00"
    steps:
      - {task: Application, answers: {account: acc}}
      - {task: Decide, by: watch.head, decision: approve}
    expect: {state: approved, path: [Application, Decide, Keep]}
  - key: silent
    title_zh: 久未更新
    clauses: [wzpt-6]
    begins: {inactivity: acc}
    at: "2026-03-02T10:00:00+08:00"
    steps: [{wait: 2 months}]
    expect: {state: approved, path: [Application, Begin, Criticise, Measure]}
"""
SILENT = ", article: not-stated, reason_zh: 原文未规定, reason_en: Not stated"


def pack(**changed: str) -> dict[str, bytes]:
    """The pack of the runner's tests with clauses, reasons and scenarios, so that nothing is missing."""
    made = files()
    text = made["pack.yaml"].decode()
    text = text.replace('body_en: "{name} was not put right."}', 'body_en: "{name} was not put right."' + SILENT + "}")
    text = text.replace('body_zh: "请处理。"}', 'body_zh: "请处理。"' + SILENT + "}")
    text = text.replace('已报 {filed}。"}', '已报 {filed}。"' + SILENT + "}")
    text += "limits: {article: not-stated, reason_zh: 原文未规定, reason_en: Not stated}\n"
    made["pack.yaml"] = text.encode()
    regulation = made["regulations/watch.yaml"].decode()
    made["regulations/watch.yaml"] = "\n".join(
        line for line in regulation.splitlines() if "wzpt-5" not in line
    ).encode()
    made["scenarios/review.yaml"] = SCENARIOS.encode()
    return {**made, **{path: content.encode() for path, content in changed.items()}}
