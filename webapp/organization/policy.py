"""Who may do what: plain Python, deny by default.

Each package registers rules for its own nouns: `@rule("view", ProcessInstance)` answers for one object, and its
twin `@visibility(ProcessInstance)` narrows a query to what the person may see. Every route names its permission
with `@requires` or `@public`; create_app refuses to start when one has neither.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import Select, false, inspect

from webapp.errors import Forbidden
from webapp.organization.models import User
from webapp.organization.queries import Substitution, local_day, queues, substitutions_of, user_with_queues

Rule = Callable[[User, Any], bool]
Narrow = Callable[[User, Select[Any]], Select[Any]]
F = TypeVar("F", bound=Callable[..., Any])

_rules: dict[tuple[str, type], Rule] = {}
_visibility: dict[type, Narrow] = {}
_permissions: dict[str, Callable[[User], bool]] = {}


class PolicyError(Exception):
    """A route or noun without a rule: a programming error found at start-up."""


def rule(action: str, noun: type) -> Callable[[Rule], Rule]:
    """Register who may do `action` to one `noun`."""

    def register(function: Rule) -> Rule:
        _rules[action, noun] = function
        return function

    return register


def visibility(noun: type) -> Callable[[Narrow], Narrow]:
    """Register how a query over `noun` is narrowed to what a person may see."""

    def register(function: Narrow) -> Narrow:
        _visibility[noun] = function
        return function

    return register


def permission(name: str) -> Callable[[Callable[[User], bool]], Callable[[User], bool]]:
    """Register a permission that needs no object, e.g. to read the ledger."""

    def register(function: Callable[[User], bool]) -> Callable[[User], bool]:
        _permissions[name] = function
        return function

    return register


def can(user: User, action: str, thing: Any) -> bool:
    """Whether `user` may do `action` to `thing`; no rule means no. Other institutions' rows are never allowed."""
    if getattr(thing, "institution_id", user.institution_id) != user.institution_id or not user.active:
        return False
    found = _rules.get((action, type(thing)))
    return found is not None and found(user, thing)


def visible(user: User, statement: Select[Any], noun: type) -> Select[Any]:
    """`statement` narrowed to the rows of `noun` that `user` may see."""
    narrow = _visibility.get(noun)
    if narrow is None or not user.active:
        return statement.where(false())
    institution = noun.institution_id  # type: ignore[attr-defined]
    return narrow(user, statement.where(institution == user.institution_id))


def may(user: User, name: str) -> bool:
    found = _permissions.get(name)
    return found is not None and user.is_authenticated and user.active and found(user)


def demand(user: User, action: str, thing: Any) -> None:
    """Raise Forbidden unless allowed; commands call this at the moment of acting."""
    if not can(user, action, thing):
        raise Forbidden(_("您没有办理此事的权限。"))


def requires(name: str) -> Callable[[F], F]:
    """Guard a route by a registered permission ("signed_in" is the least); strangers are sent to log in."""

    def decorate(view: F) -> F:
        @login_required  # type: ignore[untyped-decorator]
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not may(current_user, name):
                abort(404)
            return view(*args, **kwargs)

        guarded.policy = name
        return guarded  # type: ignore[no-any-return]

    return decorate


def public(view: F) -> F:
    """Mark a route as open to everybody."""
    view.policy = "public"  # type: ignore[attr-defined]
    return view


def check_routes(app: Flask) -> None:
    """Raise PolicyError when a route has no policy or names an unknown permission."""
    for endpoint, view in app.view_functions.items():
        policy = getattr(view, "policy", None)
        if policy is None and endpoint != "static":
            raise PolicyError(f"the route {endpoint} has no policy: decorate it with @requires(...) or @public")
        if policy not in (None, "public") and policy not in _permissions:
            raise PolicyError(f"the route {endpoint} requires {policy!r}, which no package registers")


def held_queues(user: User) -> tuple[str, ...]:
    """The person's queues, read once per request."""
    cache = _held()
    if user.id not in cache:
        cache[user.id] = queues(user)
    return cache[user.id]


def substitutions(user: User) -> tuple[Substitution, ...]:
    """For whom the person stands in today, with the queues of each principal; read once per request.

    Whoever stands in for nobody costs no query. Nobody stands in through a substitute: these are no further's.
    """
    today = local_day(datetime.now(UTC), user.institution.time_zone)
    if user.substitutes_until is None or user.substitutes_until < today:
        return ()
    cache: dict[int, tuple[Substitution, ...]] = g.setdefault("substitutions", {}) if g else {}
    if user.id not in cache:
        cache[user.id] = substitutions_of(user, today)
    return cache[user.id]


def _held() -> dict[int, tuple[str, ...]]:
    return g.setdefault("held_queues", {}) if g else {}


def identified(user_id: int) -> User | None:
    """The person of that id, and what the person holds, as it stands now; what was read before is forgotten."""
    user, _held()[user_id] = user_with_queues(user_id)
    if g:
        g.pop("substitutions", None)
    return user


def acting(user: User) -> None:
    """Read who acts and what they hold as it stands in this transaction."""
    key = inspect(user).identity  # asking the person for it would read the row by itself
    assert key is not None
    identified(key[0])


def may_log_in(user: User) -> bool:
    """People of the demo, whose password everybody knows, exist in demo mode only."""
    return user.active and (not user.demo or bool(current_app.extensions["settings"].demo))


def has_role(user: User, *keys: str) -> bool:
    """Whether the person holds one of the roles anywhere in the institution today."""
    return any(queue.split(":", 1)[0] in keys for queue in held_queues(user))


@permission("signed_in")
def _signed_in(user: User) -> bool:
    return True


@permission("ledger.read")
def _ledger_read(user: User) -> bool:
    return has_role(user, "auditor", "audit_admin")


@permission("faults.read")
def _faults_read(user: User) -> bool:
    return has_role(user, "system_admin")


@permission("processes.edit")
def _processes_edit(user: User) -> bool:
    return has_role(user, "process_owner")
