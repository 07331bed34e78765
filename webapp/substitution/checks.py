"""What no rule of substitution may be; each refusal has its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from flask_babel import gettext as _

from webapp.definitions.queries import bundle, current_deployment
from webapp.errors import Invalid, Refused
from webapp.organization.models import User
from webapp.substitution import queries

LONGEST_DAYS = 366
FARTHEST_DAYS = 366
LONGEST_NOTE = 200


@dataclass(frozen=True)
class Wanted:
    """A rule as it is asked for. `process_key` None: all processes; both days inclusive."""

    process_key: str | None
    valid_from: date
    valid_to: date
    note: str


def check_days(wanted: Wanted, today: date) -> None:
    """Raise Invalid for days in the wrong order, too many, over already, or too far away."""
    if wanted.valid_to < wanted.valid_from:
        _refuse("valid_to", _("结束日不能早于开始日。"))
    if (wanted.valid_to - wanted.valid_from).days + 1 > LONGEST_DAYS:
        _refuse("valid_to", _("代理期最长 %(n)s 天，请缩短，到期后可以再设。", n=LONGEST_DAYS))
    if wanted.valid_to < today:
        _refuse("valid_to", _("结束日已经过去。"))
    if (wanted.valid_from - today).days > FARTHEST_DAYS:
        _refuse("valid_from", _("开始日太远，请核对年份。"))
    if len(wanted.note) > LONGEST_NOTE:
        _refuse("note", _("说明不超过 %(n)s 字。", n=LONGEST_NOTE))


def check_process(institution_id: int, process_key: str | None) -> None:
    """Raise Invalid for a process the pack does not have."""
    deployment = current_deployment(institution_id)
    known = {entry.key for entry in bundle(deployment).pack.processes} if deployment else set()
    if process_key is not None and process_key not in known:
        _refuse("process_key", _("没有这项流程。"))


def check_people(principal: User | None, substitute: User | None, wanted: Wanted, *, own: bool) -> tuple[User, User]:
    """The two people, once they may stand in for one another. Raises Invalid at the field that names the wrong one."""
    place = "substitute" if own else "principal"
    if principal is None:
        _refuse(place, _("没有这个人。"))
    if substitute is None:
        _refuse("substitute", _("没有这个人。"))
    if principal.id == substitute.id:
        _refuse("substitute", _("不能由本人代理本人，请选另一个人。"))
    for user, field in ((principal, place), (substitute, "substitute")):
        if not user.active:
            _refuse(field, _("%(who)s 的登录已停用，不能设代理。", who=user.name_zh))
        if queries.administers(user.id, wanted.valid_from, wanted.valid_to):
            _refuse(field, _("%(who)s 是管理员或审计员：不办理事项，不能代理，也无须代理。", who=user.name_zh))
    return principal, substitute


def check_others(principal: User, substitute: User, wanted: Wanted) -> None:
    """Raise Refused where another rule has the same days: for the same process, or the other way round."""
    first, last = wanted.valid_from, wanted.valid_to
    other = queries.overlapping(principal.id, wanted.process_key, first, last)
    if other is not None:
        raise Refused(
            _(
                "这段时间已由 %(who)s 代理（%(first)s 至 %(last)s），请先撤销那一条，或错开日期。",
                who=other.substitute.name_zh,
                first=other.valid_from.isoformat(),
                last=other.valid_to.isoformat(),
            )
        )
    back = queries.reversed_pair(principal.id, substitute.id, first, last)
    if back is not None:
        raise Refused(
            _(
                "%(substitute)s 在这段时间由 %(principal)s 代理，两人不能同时互相代理。",
                substitute=substitute.name_zh,
                principal=principal.name_zh,
            )
        )


def _refuse(field: str, sentence: str) -> NoReturn:
    raise Invalid(sentence, ((field, sentence),))
