"""What each decision leads to, said before it is made: the next steps and who acts at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name
from webapp.cases.casefile import CaseFile
from webapp.cases.forecast import Forecast, offered_decisions
from webapp.cases.route import limit_text, shown
from webapp.engine import Element
from webapp.inbox.forms import APPLICANT
from webapp.workflow.models import UserTask
from webapp.workflow.returning import return_targets
from webapp.workflow.stepping import Step


@dataclass(frozen=True)
class Act:
    """One button: `name` is what is posted, `effect` what it leads to. `primary` is the way forward."""

    name: str
    label: str
    effect: str
    primary: bool = False


@dataclass(frozen=True)
class Target:
    """One place a task can be sent back to; `value` is posted."""

    value: str
    name: str
    effect: str


def acts(file: CaseFile, task: UserTask) -> list[Act]:
    """The decisions of a step in the order of the bar: refuse, then the way forward. 退回 has targets of its own."""
    element = file.definition.elements[task.element]
    offered = offered_decisions(element)
    names = [name for name in ("reject", "receive", "approve") if name in offered] if offered else ["submit"]
    first = file.instance.to_be_filed
    found = [(name, label(element, name, first=first)) for name in names]
    return [Act(name, words, _effect(file, task, name), primary=name != "reject") for name, words in found]


def label(element: Element, decision: str, *, first: bool = False) -> str:
    """The words of a decision's button, "" for what has none. `first`: the application was not filed before."""
    if decision == "submit":
        return str(_("提交补正") if element.id == "Application" and not first else _("提交"))
    words = {"reject": _("不予同意"), "receive": _("收存"), "approve": _("同意")}
    return str(words.get(decision, ""))


def targets(file: CaseFile, task: UserTask) -> list[Target]:
    """Whom a task can be sent back to: the applicant where the diagram draws it, then earlier steps, newest first."""
    element = file.definition.elements[task.element]
    offered = offered_decisions(element)
    found = []
    if "request_correction" in offered:
        who = person_name(file.instance.applicant, file.locale)
        paused = file.definition.elements["Application"].properties.get("pauses_clock") == "true"
        effect = _("由 %(who)s 补正后重新办理", who=who)
        effect = _("%(effect)s；等待期间停表", effect=effect) if paused else effect
        found.append(Target(APPLICANT, _("申请人补正"), effect))
    if offered:
        step = Step(file.instance, file.reader, file.moments.now, filing_id=0)
        for target in reversed(return_targets(step, task)):
            drawn = file.definition.elements[target.element]
            done = _done_in(file, drawn)
            if not done:  # a block nobody had anything to do in
                continue
            who = _joined(file, list(dict.fromkeys(_actor(file, element) for element in done)))
            effect = _("由 %(who)s 重新办理", who=who)
            found.append(Target(target.element, step_name(drawn, file.locale, target.name), effect))
    return found


def _done_in(file: CaseFile, target: Element) -> list[Element]:
    """The steps people did at a target: itself, or those inside a block."""
    if target.kind == "userTask":
        return [target]
    answered = dict.fromkeys(seat.task.element for seat in file.seats if seat.answered_at)
    elements = (file.definition.elements[element] for element in answered if element in file.definition.elements)
    return [element for element in elements if target.id in element.scope]


def _actor(file: CaseFile, element: Element) -> str:
    seat = next((s for s in reversed(file.seats) if s.task.element == element.id and s.answered_by), None)
    return person_name(seat.answered_by, file.locale) if seat else file.actors.at(element)


def _effect(file: CaseFile, task: UserTask, decision: str) -> str:
    if decision == "submit":
        answers = next((dict(row.data) for row in reversed(file.answers) if row.element == task.element), {})
    else:
        answers = {"decision": decision, "opinion": "", "grounds": []}
    outcome = file.trial.after(file.instance.state_blob, task.token, answers)
    return _words(file, task, outcome)


def _words(file: CaseFile, task: UserTask, outcome: Forecast | None) -> str:
    if outcome is None:
        return str(_("按流程图进入下一步"))
    parts = []
    done = [e for e in outcome.passed if shown(file.definition, e) and file.definition.elements[e].kind != "userTask"]
    if done:
        parts.append(_("随即%(acts)s", acts=_joined(file, [_quoted(_name(file, e)) for e in done])))
    if outcome.tasks:
        parts.append(_("送 %(steps)s", steps=_joined(file, [_destination(file, e) for e in outcome.tasks])))
    elif outcome.ended_at:
        parts.append(_("本件办结：%(end)s", end=_name(file, outcome.ended_at)))
    else:
        waiting = [_name(file, s.task.element) for s in file.open_seats if s.task_id != task.id]
        parts.append(_("等%(steps)s办完后继续", steps=_joined(file, [_quoted(name) for name in waiting])))
    return ("，" if file.locale == "zh" else ", ").join(parts)


def _destination(file: CaseFile, element_id: str) -> str:
    element = file.definition.elements[element_id]
    limit = limit_text(element, {"case": file.lookups.case}, file.trial.clock) if element.due else ""
    who = file.actors.at(element)
    inside = ("，" if file.locale == "zh" else ", ").join(part for part in (who, limit) if part)
    return f"{_name(file, element_id)}（{inside}）" if file.locale == "zh" else f"{_name(file, element_id)} ({inside})"


def _name(file: CaseFile, element_id: str) -> str:
    return step_name(file.definition.elements.get(element_id), file.locale, element_id)


def _quoted(name: str) -> str:
    return str(_("「%(name)s」", name=name))


def _joined(file: CaseFile, parts: Sequence[str]) -> str:
    return ("、" if file.locale == "zh" else ", ").join(parts)
