"""What may be done with a task besides deciding it: the word, the effect, and why not where it is not possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name
from webapp.cases.casefile import CaseFile
from webapp.cases.route import RouteStep
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.policy import can
from webapp.organization.queries import is_held, local_day
from webapp.tasks.company import below, seat_name, waited_for
from webapp.tasks.taking_back import obstacle_to_taking_back
from webapp.workflow.countersign import STILL
from webapp.workflow.models import Seat
from webapp.workflow.rules import OPINIONS

# The ways a task is handed to others, as addresses name them.
WAYS = ("transfer", "delegate", "before", "after")
_POLICY = {"transfer": "transfer", "delegate": "delegate", "before": "add_sign", "after": "add_sign"}


@dataclass(frozen=True)
class Offer:
    """One line of the menu: `obstacle` says why it is not possible now, "" when it is, and then `href` leads there."""

    name: str
    label: str
    effect: str
    href: str
    obstacle: str = ""


def label_of(way: str) -> str:
    """The word for a way of handing on."""
    words = {"transfer": _("转办"), "delegate": _("委派"), "before": _("前加签"), "after": _("后加签")}
    return str(words[way])


def effect_of(way: str) -> str:
    """What it leads to, in one sentence."""
    words = {
        "transfer": _("由所选的人接着办结这一步，您不再办理。"),
        "delegate": _("请一人先给意见，答复后回到您这里，由您决定。"),
        "before": _("请几人先给意见，都答复后回到您这里，由您决定。"),
        "after": _("您先决定，再请几人确认；有人不同意，就回到您这里重新决定。"),
    }
    return str(words[way])


def offers(file: CaseFile, seat: Seat) -> list[Offer]:
    """The menu of a task, in its order; nothing is hidden."""
    here = url_for("inbox.task", seat_id=seat.id)
    made = [
        Offer(way, label_of(way), effect_of(way), _address(seat, way), obstacle)
        for way, obstacle in ((way, obstacle_to(file, seat, way)) for way in WAYS)
    ]
    signers = [s for s in below(file, seat, "before", "after") if s.state in STILL]
    nobody = "" if signers else str(_("没有待答复的加签。"))
    made.append(Offer("remove", str(_("减签")), str(_("不再等这位的意见。")), f"{here}#asked", nobody))
    sent = [s for s in below(file, seat, "delegate") if s.state in STILL]
    none = "" if sent else str(_("没有委派出去。"))
    made.append(Offer("recall", str(_("拿回委派")), str(_("不等意见了，由您直接决定。")), f"{here}#asked", none))
    return made


def _address(seat: Seat, way: str) -> str:
    return url_for("tasks.hand", seat_id=seat.id, way=way)


def obstacle_to(file: CaseFile, seat: Seat, way: str) -> str:
    """Why this person cannot hand the task on in this way now, "" when possible."""
    if sentence := why_not_now(file, seat):
        return sentence
    if seat.kind in OPINIONS:
        return str(_("这里只请您给意见，不能再转给别人。"))
    if seat.role == "applicant":
        return str(_("这是您自己要填报或落实的，不能交给别人。"))
    if way != "transfer" and not seat.task.decides:
        return str(_("这一步只照办、不作决定，无须先问别人。"))
    if not can(file.reader, _POLICY[way], seat):
        return str(_("您不在这一步的办理人之列。"))
    if way == "transfer" and _nobody_else(file, seat):
        return str(_("没有别的人可以办理这一步。"))
    return ""


def _nobody_else(file: CaseFile, seat: Seat) -> bool:
    """Whether nobody else holds the role; each one's own obstacles are seen where the person is picked."""
    if seat.queue is None:
        return False
    role, unit_id = seat.queue.rsplit(":", 1)
    apart = seat.holder_id or file.reader.id
    return not is_held(seat.institution_id, role, int(unit_id), local_day(file.moments.now), apart_from=apart)


def why_not_now(file: CaseFile, seat: Seat) -> str:
    """Why a seat cannot be acted on as it stands, "" when it can; says nothing of who may."""
    if seat.state == "held" or seat.task.state == "suspended" or file.instance.state == "suspended":
        return str(_("这件事项已挂起，暂不能办理。"))
    if seat.state == "answered":
        names = waited_for(file, below(file, seat, "after"))
        return str(_("您已作出决定，等 %(who)s 确认。", who=names) if names else _("您已办理，等其他会签人办理。"))
    if seat.state == "waiting" and seat.kind == "main":
        delegated = waited_for(file, below(file, seat, "delegate"))
        if delegated:
            return str(_("已委派给 %(who)s，等其意见；要自己办，先拿回委派。", who=delegated))
        before = waited_for(file, below(file, seat, "before"))
        if before:
            return str(_("等 %(who)s 给出意见后再决定；不等了，可以减签。", who=before))
    if seat.state == "waiting":
        return str(_("还没有轮到您办理。"))
    if seat.holder is None or seat.holder_id == file.reader.id or can(file.reader, "answer", seat):
        return ""  # a substitute answers what the principal holds
    return str(_("%(who)s 已认领这件待办。", who=person_name(seat.holder, file.locale)))


def outlook(file: CaseFile, seat: Seat, way: str, chosen: Sequence[str]) -> list[RouteStep]:
    """What happens next when the task is handed on in this way; `chosen` are the names of those picked so far."""
    me = person_name(file.reader, file.locale)
    them = ("、" if file.locale == "zh" else ", ").join(chosen) or str(_("所选的人"))
    step = step_name(file.definition.elements.get(seat.task.element), file.locale, seat.task.name)
    asked = RouteStep("current", them, str(_("给出意见")), "", "")
    mine = RouteStep("next", me, str(_("办理「%(step)s」", step=step)), "", "")
    if way == "transfer":
        return [RouteStep("done", me, str(_("转办，不再办理"))), RouteStep("current", them, mine.note)]
    if way == "after":
        me_first = RouteStep("current", me, mine.note)
        confirming = RouteStep("next", them, str(_("确认；有人不同意则回到您这里")))
        return [me_first, confirming, RouteStep("next", str(_("都确认后")), str(_("您的决定生效，继续往下走")))]
    return [asked, mine]


def asked_by(file: CaseFile, seat: Seat) -> str:
    """Who asked for the opinion a seat below another is for."""
    parent = next((found for found in file.seats if found.id == seat.parent_id), None)
    return person_name(seat.handed_by, file.locale) or (seat_name(file, parent) if parent else "")


def own_answer(file: CaseFile) -> tuple[Seat, str] | None:
    """The person's newest answer in a case, and why it cannot be taken back, "" when it can; None without one."""
    answered = (s for s in file.seats if s.state == "answered" and s.answered_by_id == file.reader.id)
    mine = [s for s in answered if s.role != "applicant" and s.answered_at is not None]
    if not mine:
        return None
    newest = max(mine, key=lambda seat: (seat.answered_at, seat.id))
    return newest, obstacle_to_taking_back(file.reader, newest)


def toast_after(user: User, seat_id: int) -> str:
    """The category of the line after a decision: with the button that takes it back, where that is possible."""
    seat = db.session.get(Seat, seat_id)
    return "message" if seat is None or obstacle_to_taking_back(user, seat) else f"take-back:{seat_id}"
