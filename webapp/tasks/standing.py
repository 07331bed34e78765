"""Who may be given a seat: the same duties kept apart as where one takes it oneself."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.definitions import queries as definitions
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import User
from webapp.organization.policy import has_role, held_queues
from webapp.workflow import queries
from webapp.workflow.models import Seat
from webapp.workflow.rules import own_application, sits_beside


def colleague(actor: User, user_id: int) -> User:
    """An active person of the same institution. Raises NotFound."""
    found = db.session.get(User, user_id)
    if found is None or not found.active or found.institution_id != actor.institution_id:
        raise NotFound(_("没有这位人员，或其账户已停用。"))
    return found


def objection_to_deciding(person: User, seat: Seat) -> str:
    """Why somebody cannot take over a main seat, "" when they can."""
    said = objection_to_speaking(person, seat)
    if said:
        return said
    if seat.queue is not None and seat.queue not in held_queues(person):
        return str(_("%(who)s 不担任这一步的办理角色。", who=person.name_zh))
    if seat.queue is None and seat.holder is not None and seat.holder.unit_id != person.unit_id:
        return str(_("这一步指定了办理人，只能转给其同部门的人；%(who)s 不在该部门。", who=person.name_zh))
    if not seat.task.decides or seat.role in ("applicant", "assignee"):
        return ""
    instance = seat.task.instance
    pinned = definitions.pinned(instance.definition_id)
    if pinned.bundle.process(pinned.key).same_person_two_roles:
        return ""
    if queries.standing_roles(instance, person.id) - {seat.role, "applicant", "assignee"}:
        return str(_("%(who)s 已以另一角色办理过这件事项，须由他人办理。", who=person.name_zh))
    return ""


def objection_to_speaking(person: User, seat: Seat) -> str:
    """Why somebody cannot be asked for an opinion on a task, "" when they can."""
    if person.id == seat.holder_id:
        return str(_("这件待办已在 %(who)s 手中。", who=person.name_zh))
    if seat.task.decides and own_application(person, seat):
        return str(_("%(who)s 是申请人，不能参与办理自己的申请。", who=person.name_zh))
    if has_role(person, *ADMINISTRATORS):
        return str(_("%(who)s 是管理或审计人员，不参与办理。", who=person.name_zh))
    if sits_beside(person.id, seat):
        return str(_("%(who)s 已在这一步办理或待办。", who=person.name_zh))
    return ""
