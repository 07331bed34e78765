"""How an account stands: its last update, its state, its end, and changes of what is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid, Refused
from webapp.extensions import transactional, work_waits
from webapp.organization.models import User
from webapp.organization.policy import acting, demand
from webapp.organization.queries import local_day
from webapp.registry import events, facts
from webapp.registry.commands import revise_account
from webapp.registry.models import Account
from webapp.registry.rows import lock_account

STATES = ("active", "rectification", "suspended")
GONE = "deregistered"
# Closed by whom: its holder, the platform, or the office that ordered it.
CLOSERS = ("holder", "platform", "office")


@dataclass(frozen=True)
class MadeBy:
    """What a change rests on: the filing and decision of a case, and who acted."""

    filing_id: int | None = None
    decision_id: int | None = None
    actor: User | None = None
    instance_id: int | None = None

    def of_version(self) -> dict[str, Any]:
        return {"filing_id": self.filing_id, "decision_id": self.decision_id, "actor": self.actor}


BY_ITSELF = MadeBy()


@transactional
def change_account(
    institution_id: int,
    account_id: int,
    application: Mapping[str, Any],
    *,
    only: Sequence[str] | None = None,
    now: datetime,
    made_by: MadeBy = BY_ITSELF,
) -> tuple[Account, list[str]]:
    """Bring the register to what an application for change says; returns the account and the keys that changed.

    Keys as `register_account` reads them. Any other answer is taken where the account's details already have it or
    `only` names it, so that what a form asks about the change itself does not become part of the account.
    Raises NotFound, or Refused for an account that is deregistered.
    """
    account = _standing(institution_id, account_id)
    wanted = {key: value for key, value in application.items() if only is None or key in only}
    stated = facts.from_application(wanted)
    details = stated.pop("details", {})
    changes = {key: value for key, value in stated.items() if getattr(account, key) != value}
    changes = {key: value for key, value in changes.items() if key not in ("name", "platform") or value}
    if "followers" in changes:
        changes["followers_on"] = local_day(now)
    known = account.details
    fresh = {
        key: facts.as_json(value)
        for key, value in details.items()
        if (only is not None or key in known) and known.get(key) != value
    }
    if fresh:
        changes["details"] = fresh
    names = {"unit_id": "unit"}
    changed = [names.get(key, key) for key in changes if key not in ("details", "followers_on")] + list(fresh)
    if changes:
        account = revise_account(institution_id, account_id, changes, cause="change", now=now, **made_by.of_version())
    return account, sorted(changed)


@transactional
def deregister(
    institution_id: int,
    account_id: int,
    *,
    cancelled_on: date | None = None,
    ordered: bool = False,
    ground: str = "",
    closed_by: str = "",
    now: datetime,
    made_by: MadeBy = BY_ITSELF,
) -> Account:
    """注销: the account is no longer run in the school's name; its entry stays. `ordered`: it was told to close.

    Raises NotFound, Refused when it is deregistered already, Invalid for a `closed_by` that is none of CLOSERS.
    """
    account = _standing(institution_id, account_id)
    if closed_by and closed_by not in CLOSERS:
        raise Invalid(_("注销方“%(who)s”不在可选之列。", who=closed_by))
    day = cancelled_on or local_day(now)
    ended = {"cancelled_on": day.isoformat(), "ordered": ordered, "closed_by": closed_by}
    changes = {"state": GONE, "details": {"deregistration": ended}}
    cause = "ordered_closure" if ordered else "deregistration"
    return revise_account(
        institution_id, account.id, changes, cause=cause, now=now, note=ground, **made_by.of_version()
    )


@transactional
def set_state(
    institution_id: int, account_id: int, state: str, *, reason: str = "", now: datetime, made_by: MadeBy = BY_ITSELF
) -> Account:
    """Put an account into a state of STATES; the state it is in already changes nothing.

    Raises NotFound, Refused for an account that is deregistered, Invalid for any other state.
    """
    if state not in STATES:
        raise Invalid(_("账号没有“%(state)s”这种状态。", state=state))
    account = _standing(institution_id, account_id)
    if account.state == state:
        return account
    return revise_account(
        institution_id, account_id, {"state": state}, cause="state", now=now, note=reason, **made_by.of_version()
    )


@transactional
def record_update(
    institution_id: int, account_id: int, updated_on: date, *, now: datetime, made_by: MadeBy = BY_ITSELF
) -> Account:
    """登记更新: on `updated_on` the account put something out. An earlier day than the one known changes nothing.

    Raises NotFound, Refused for an account that is deregistered, Invalid for a day to come.
    """
    if updated_on > local_day(now):
        raise Invalid(_("更新日期不能晚于今天。"), (("updated_on", _("不能晚于今天")),))
    account = _standing(institution_id, account_id)
    if account.last_update_on is not None and updated_on < account.last_update_on:
        return account
    account.last_update_on, account.update_recorded_at = updated_on, now
    events.updated(account, made_by.actor, made_by.instance_id)
    work_waits()
    return account


@transactional
def note_update(actor: User, account_id: int, updated_on: date, *, now: datetime) -> Account:
    """As `record_update`, by a person on the account's page. Raises Forbidden where that is not the person's to say."""
    acting(actor)
    account = lock_account(actor.institution_id, account_id)
    demand(actor, "record_update", account)
    return record_update(actor.institution_id, account_id, updated_on, now=now, made_by=MadeBy(actor=actor))


def _standing(institution_id: int, account_id: int) -> Account:
    account = lock_account(institution_id, account_id)
    if account.state == GONE:
        raise Refused(_("“%(name)s”已注销，不能再变动。", name=account.name))
    return account
