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
from webapp.tasks.company import below, opinion_label, seat_name, siblings, waited_for
from webapp.workflow.countersign import rule_of, verdict, vote_of
from webapp.workflow.models import Seat, UserTask
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


def acts(file: CaseFile, seat: Seat) -> list[Act]:
    """The decisions of a step in the order of the bar: refuse, then the way forward. 退回 has targets of its own."""
    element = file.definition.elements[seat.task.element]
    offered = offered_decisions(element)
    names = [name for name in ("reject", "receive", "approve") if name in offered] if offered else ["submit"]
    first = file.instance.to_be_filed
    found = [(name, label(element, name, first=first)) for name in names]
    return [Act(name, words, _effect(file, seat, name), primary=name != "reject") for name, words in found]


def opinion_acts(file: CaseFile, seat: Seat) -> list[Act]:
    """The answers of somebody who was asked: against, then for; neither decides."""
    parent = next((found for found in file.seats if found.id == seat.parent_id), None)
    who = seat_name(file, parent) if parent else ""
    others = [s for s in below(file, parent, seat.kind) if s.id != seat.id] if parent else []
    rest = waited_for(file, others)
    if seat.kind == "after":
        agree = str(_("%(who)s 的决定生效，继续往下走", who=who))
        against = str(_("回到 %(who)s 重新决定", who=who))
    else:
        agree = against = str(_("意见交给 %(who)s，由其决定", who=who))
    if rest:
        agree = str(_("等 %(rest)s 也答复后，%(effect)s", rest=rest, effect=agree))
        against = against if seat.kind == "after" else agree
    against = str(_("%(effect)s；须写意见", effect=against))
    return [
        Act("object", opinion_label(seat.kind, "object"), against),
        Act("agree", opinion_label(seat.kind, "agree"), agree, primary=True),
    ]


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


def _effect(file: CaseFile, seat: Seat, decision: str) -> str:
    """What a decision on this seat leads to: at once, or when others who sign the step have decided too."""
    task = seat.task
    if confirming := waited_for(file, below(file, seat, "after")):
        return str(_("先由 %(who)s 确认", who=confirming))
    outcome = _verdict(file, seat, decision)
    if outcome is None:
        waiting = waited_for(file, [s for s in siblings(file, task) if s.id != seat.id])
        return str(_("记下后等会签的 %(who)s 办理", who=waiting))
    return _leads_to(file, task, outcome)


def _verdict(file: CaseFile, seat: Seat, decision: str) -> str | None:
    """What the step comes to with this decision, None while others must decide."""
    main = siblings(file, seat.task)
    if len(main) < 2:
        return decision
    votes = [decision if s.id == seat.id else vote_of(seat.task, s) for s in main]
    return verdict(rule_of(file.definition.elements[seat.task.element]), votes)


def _leads_to(file: CaseFile, task: UserTask, decision: str) -> str:
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
