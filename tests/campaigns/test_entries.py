"""Mistakes in a pack's campaigns are named before anything is deployed."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.campaigns.school import PACK, files
from webapp.definitions.checks import check_pack
from webapp.workflow.context import specs

MISTAKES = [
    ("process: review\n    name_zh: 年度审查", "process: nothing\n    name_zh: 年度审查", "没有流程“nothing”"),
    ("manage_roles: [reviewer]", "manage_roles: [nobody]", "没有角色“nobody”"),
    ("manage_roles: [reviewer]", "manage_roles: []", "manage_roles"),
    ("bulletin: review_bulletin", "bulletin: nothing", "没有文字“nothing”"),
    ('  - {key: bulletin, format: "通报〔{year}〕{n:02d}号"}\n', "", "缺少编号序列“bulletin”"),
    ("unfiled: {process: rectify", "unfiled: {process: nothing", "没有流程“nothing”"),
    ("not(account.group)", "not(account.group", "where"),
    ("not(account.group)", "not(case.group)", "这里看不到“case”"),
    ("name: account.name, period: campaign.period", "nam: account.name", "申请表没有字段“nam”"),
    ('"2 working_days"', '"2 moons"', "reminders"),
    ("recurs: {month: 6, day: 1}", "recurs: {month: 6, day: 31}", "recurs"),
    ("recurs: {month: 6, day: 1}", "recurs: {month: 6, day: 1, every_months: 6}", "{half}"),
    ("last_day: {month: 6, day: 30}", "last_day: {month: 6}", "last_day"),
    ("last_day: {month: 6, day: 30}", "last_day: {month: 6, day: 30, days: 3}", "last_day"),
    ("days: [0, 14]", "days: [0]", "days"),
    ("key: check, name_zh: 复核", "key: self_check, name_zh: 复核", "“self_check”重复"),
    ("targets: units", "targets: units\n    zero_report: true", "不设零报告"),
    ("key: by_hand", "key: yearly", "键重复"),
    ("    zero_report: true\n", '    zero_report: true\n    period: "{decade}"\n', "{decade}"),
]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("old", "new", "words"), MISTAKES, ids=[row[1].strip()[:40] for row in MISTAKES])
def test_a_mistake_is_named_with_its_place(app: Flask, old: str, new: str, words: str) -> None:
    assert check_pack(files(), specs()) == []
    assert old in PACK
    found = check_pack(files(PACK.replace(old, new, 1)), specs())
    assert any(words in finding.sentence or words in finding.element for finding in found), found
    assert {finding.file for finding in found} == {"pack.yaml"}
    assert all(finding.sentence and finding.sentence_en for finding in found)
