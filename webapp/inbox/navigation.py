"""The navigation of signed-in pages: what there is for this person, with the counter of open tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _

from webapp.cases.actors import unit_name
from webapp.cases.moments import page_locale
from webapp.inbox.listing import start_choices
from webapp.inbox.queues import todo_count
from webapp.organization.models import User
from webapp.organization.policy import may

Link = dict[str, Any]


def navigation(user: User) -> dict[str, Any]:
    """Template variables of `_shell.html`: nav, nav_rest, me_note, institution_name, home_url."""
    locale = page_locale()
    institution = user.institution
    english = locale == "en"
    return {
        "nav": _main(user),
        "nav_rest": _rest(user, locale),
        "me_note": unit_name(user.unit, locale),
        "institution_name": institution.name_en or institution.name_zh if english else institution.name_zh,
        "home_url": url_for("inbox.home"),
    }


def _main(user: User) -> list[Link]:
    count = todo_count(user, datetime.now(UTC))
    mine = _link("inbox.todo", "cases", "file-earmark-text", _("我的申请"), view="started")
    todo = _link("inbox.todo", "inbox", "inbox", _("待办"), count=count)
    found = [_link("inbox.home", "home", "house", _("工作台")), todo, mine]
    found += [_link("registry.accounts", "registry", "journal-bookmark", _("登记册"))]
    return [link for link in found if link]


def _rest(user: User, locale: str) -> list[Link]:
    starts = [
        {"key": f"start-{choice.key}", "icon": "plus-circle", "label": choice.name, "href": choice.href}
        for choice in start_choices(user, locale)
    ]
    watch = [_link("definitions.processes", "processes", "diagram-3", _("流程"))]
    if may(user, "ledger.read"):
        watch.append(_link("ledger.events", "ledger", "clipboard-check", _("账册")))
    if may(user, "faults.read"):
        watch.append(_link("faults.faults", "faults", "exclamation-circle", _("故障")))
    groups = [(_("办理"), starts), (_("查阅"), [link for link in watch if link])]
    return [{"label": label, "links": links} for label, links in groups if links]


def _link(endpoint: str, key: str, icon: str, label: str, *, count: int = 0, **values: Any) -> Link:
    """A link to a page of another package, {} while that has no such page."""
    if endpoint not in current_app.view_functions:
        return {}
    return {"key": key, "icon": icon, "label": label, "href": url_for(endpoint, **values), "count": count}
