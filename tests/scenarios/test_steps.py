"""What a scenario can do besides filing and answering: begin by the system, follow, wait, update, close."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.world import build, run, scenario_file
from webapp.engine import DefinitionError

ACCOUNT = """
given:
  accounts:
    - {key: acc, platform: weibo, name: 信息之窗, unit: xx, directly_responsible: watch.zhang,
       administrators: [{person: watch.wang, kind: staff}]%s}
"""


@pytest.fixture
def institution(kept: Callable[[Callable[[], int]], int]) -> int:
    return kept(build)


def given(more: str = "") -> str:
    return ACCOUNT % (f", {more}" if more else "")


def test_a_given_account_stands_with_all_its_facts(institution: int) -> None:
    more = "state: suspended, tier: '2', payment: true, last_update_on: 2026-01-10, registered_on: 2025-03-01"
    text = f"""
{given(more + ", followers: 12, audience: 师生, leader_in_charge: watch.head, details: {licence: 甲}")}
applicant: watch.zhang
steps:
  - {{task: Application, process: stock, answers: {{note: 好}}}}
expect:
  state: approved
  accounts:
    acc: {{state: suspended, tier: "2", payment: true, last_update_on: 2026-01-10, followers: 12, audience: 师生,
          licence: 甲, unit: xx, registered_at: /2025-03-01/, administrators: /王老师/, leader_in_charge: /审批人/}}
"""
    assert run(institution, "stock", text) == []


def test_silence_begins_a_case_when_its_time_has_come_and_an_update_ends_it(institution: int) -> None:
    text = f"""
{given("last_update_on: 2026-02-10")}
begins: {{inactivity: acc}}
steps:
  - {{update: acc, by: watch.wang, on: 2026-04-12, at: "2026-04-13T09:00:00+08:00"}}
expect:
  state: approved
  path: [Application, Begin, PutRight, Restore]
  accounts: {{acc: {{state: active, last_update_on: 2026-04-12}}}}
  measures: []
"""
    assert run(institution, "rectification", text) == []


def test_waiting_lets_everything_happen_that_is_due_on_the_way(institution: int) -> None:
    text = f"""
{given()}
begins: {{inactivity: acc}}
steps: [{{wait: 2 months}}]
expect:
  state: approved
  path: [Application, Begin, Criticise, Measure]
  bulletins: [criticism]
  measures: [{{kind: criticism, account: acc, note: 久未更新, unit: xx}}]
  accounts: {{acc: {{state: rectification}}}}
"""
    assert run(institution, "rectification", text) == []


def test_steps_go_on_in_the_case_the_system_started(institution: int) -> None:
    text = f"""
{given()}
applicant: watch.head
steps:
  - {{task: Application, answers: {{account: acc}}}}
  - {{follow: review}}
  - {{task: Application, answers: {{account: acc, note: 已说明}}}}
  - {{task: Decide, by: watch.head, decision: approve, opinion: 可以}}
expect:
  state: approved
  path: [Application, Decide, Keep]
  review: {{account: acc, result: passed, period: "2026", note: 已说明}}
  also: [{{process: order, about: acc, state: approved, path: [Application, Ask]}}]
"""
    assert run(institution, "order", text) == []


def test_a_campaign_is_opened_answered_and_closed(institution: int) -> None:
    text = """
given:
  accounts:
    - {key: acc, platform: weibo, name: 信息之窗, unit: xx, directly_responsible: watch.zhang}
    - {key: late, platform: weibo, name: 迟到的号, unit: xx, directly_responsible: watch.wang}
begins: {campaign: yearly, account: acc}
steps:
  - {task: Application, answers: {account: acc, note: 依据2026}}
  - {task: Decide, by: watch.head, decision: approve, opinion: 可以}
  - {close_campaign: yearly}
expect:
  state: approved
  bulletins: [over]
  accounts: {late: {state: rectification}}
  also:
    - {process: review, about: late, state: open, open: [Application]}
    - {process: rectification, about: late, state: open, path: [Application, Begin]}
"""
    assert run(institution, "review", text) == []


def test_a_campaign_of_units_is_followed_in_one_unit(institution: int) -> None:
    text = """
begins: {campaign: stocktaking, unit: xcb}
steps: [{task: Application, answers: {note: 清点完毕}}]
expect: {state: approved, path: [Application]}
"""
    assert run(institution, "stock", text) == []


def test_a_campaign_that_recurs_opens_by_itself_while_time_passes(institution: int) -> None:
    text = f"""
{given("last_update_on: 2026-05-20")}
applicant: watch.zhang
at: "2026-05-25T09:00:00+08:00"
steps:
  - {{task: Application, process: stock, answers: {{note: 好}}}}
  - {{wait: 10 days}}
  - {{follow: review, account: acc}}
expect: {{state: open, open: [Application]}}
"""
    assert run(institution, "stock", text) == []


def test_a_request_files_what_it_is_given(institution: int) -> None:
    text = f"""
{given("last_update_on: 2026-02-10")}
begins: {{request: rectification, account: acc, answers: {{account: acc, last_update_on: "2026-02-10"}}, open: false}}
expect: {{state: open, path: [Application, Begin], open: [PutRight]}}
"""
    assert run(institution, "rectification", text) == []


def test_the_public_reports_by_its_own_form(institution: int) -> None:
    text = """
begins: {public_report: {kind: impostor, name: 假的号, platform: weibo, place: 微博, description: 冒名}}
expect: {state: approved, path: [Application]}
"""
    assert run(institution, "stock", text) == []
    (problem,) = run(institution, "stock", text.replace("kind: impostor", "impostor_name: 假"))
    assert problem.startswith("begins: the public's report has no impostor_name; it has kind, name")


def test_a_second_case_can_be_begun_and_its_refusal_expected(institution: int) -> None:
    text = f"""
{given()}
applicant: watch.zhang
steps:
  - {{task: Application, answers: {{account: acc, note: 一}}}}
  - {{process: review, task: Application, answers: {{account: acc, note: 二}}, refused: {{account: 审〔2026〕00001}}}}
expect: {{state: open, open: [Decide]}}
"""
    assert run(institution, "review", text) == []


def test_a_filing_after_its_last_day_is_late(institution: int) -> None:
    text = f"""
{given()}
applicant: watch.zhang
steps: [{{task: Application, answers: {{account: acc, changed_on: 2026-02-24, note: 换人}}}}]
expect: {{state: open, late: true, last_day: 2026-02-27}}
"""
    assert run(institution, "change", text) == []


def test_a_filing_before_its_last_day_is_in_time(institution: int) -> None:
    text = f"""
{given()}
applicant: watch.zhang
steps: [{{task: Application, answers: {{account: acc, changed_on: 2026-02-26, note: 换人}}}}]
expect: {{state: open, late: true, last_day: 2026-03-04}}
"""
    # 28 February 2026 is a Saturday that is worked.
    assert run(institution, "change", text) == [
        "late: expected True, found False",
        "last_day: expected 2026-03-04, found 2026-03-02",
    ]


def test_a_sheet_is_given_by_its_rows(institution: int) -> None:
    text = """
applicant: watch.zhang
steps:
  - {task: Application, answers: {rows: [[微博, 一号], [群聊, 二号]]}, refused: {rows: "3 类别"}}
  - {task: Application, answers: {rows: [[微博, 一号], [QQ群, 二号]]}}
expect:
  state: approved
  path: [Application, Import]
  accounts: {一号: {platform: weibo, unit: xx}, 二号: {platform: qq_group}}
"""
    assert run(institution, "table", text) == []


def test_what_is_not_there_is_said(institution: int) -> None:
    assert run(institution, "stock", "begins: {campaign: other, unit: xcb}\nexpect: {state: open}") == [
        "begins: pack.yaml has no campaign other"
    ]
    filed = "applicant: watch.zhang\nsteps: [{task: Application, answers: {note: 好}}, %s]\nexpect: %s"
    assert run(institution, "stock", filed % ("{follow: review}", "{state: open}")) == [
        "step 2 (follow review): no case of review was started"
    ]
    assert run(institution, "stock", filed % ("{update: acc}", "{state: open}")) == [
        "step 2 (update acc): given has no account acc"
    ]
    expect = "{state: open, measures: [{kind: veto}], bulletins: [over], requested: [review], review: {result: passed}}"
    assert run(institution, "stock", filed % ("{wait: 1 hours}", expect)) == [
        "state: expected open, found approved",
        "measures: expected 1, found []",
        "bulletins: expected ['over'], found []",
        "requested: expected ['review'], found []",
        "review: expected one, found none",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("applicant: a\nsteps: [{task: X, wait: 1 days}]\nexpect: {state: open}", "scenarios.0.steps.0"),
        ("applicant: a\nsteps: [{by: b}]\nexpect: {state: open}", "scenarios.0.steps.0"),
        ("begins: {campaign: a, request: b}\nexpect: {state: open}", "scenarios.0.begins"),
        ("steps: []\nexpect: {state: open}", "scenarios.0"),
        ("applicant: a\nsteps: [{task: X}]\nexpect: {state: open, lates: true}", "scenarios.0.expect.lates"),
    ],
)
def test_a_scenario_file_names_what_is_wrong_in_it(text: str, place: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        scenario_file("stock", text)
    assert [finding.element for finding in refused.value.findings] == [place]
