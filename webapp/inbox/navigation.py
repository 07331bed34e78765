"""The navigation of signed-in pages: what there is for this person, with the counter of open tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _

from webapp.cases.actors import unit_name
from webapp.cases.moments import page_locale
from webapp.faults.queries import count_open
from webapp.inbox.counters import todo_count
from webapp.inbox.listing import start_choices
from webapp.notifications.queries import count_unread
from webapp.organization.models import User
from webapp.organization.policy import held_queues, may
from webapp.organization.queries import role

Link = dict[str, Any]
MAIN = 4


def navigation(user: User) -> dict[str, Any]:
    """Template variables of `_shell.html`: nav, nav_rest, bell, me_note, institution_name, home_url, search_url."""
    locale = page_locale()
    institution = user.institution
    english = locale == "en"
    links = _links(user)
    main = [links[key] for key in _first(user, links["inbox"].get("count", 0)) if links[key]][:MAIN]
    return {
        "nav": main,
        "nav_rest": _rest(user, locale, links, {link["key"] for link in main}),
        "bell": links["notices"],
        "me_note": _note(user, locale),
        "institution_name": institution.name_en or institution.name_zh if english else institution.name_zh,
        "home_url": url_for("inbox.home"),
        "search_url": url_for("registry.accounts") if "registry.accounts" in current_app.view_functions else "",
    }


def _first(user: User, todo: int) -> list[str]:
    """What stands in the bottom bar of a phone, by what the person does most."""
    if may(user, "ledger.read"):
        return ["ledger", "registry", "processes", "notices"]
    if may(user, "faults.read"):
        return ["home", "faults", "calendar", "registry"]
    if not held_queues(user):
        return ["home", *(["inbox"] if todo else []), "cases", "registry", "notices"]
    return ["home", "inbox", "cases", "registry"]


def _links(user: User) -> dict[str, Link]:
    """Every page there may be, by key; {} for one the person has no use for."""
    todo = todo_count(user, datetime.now(UTC))
    found = {
        "home": _link("inbox.home", "home", "house", _("工作台")),
        "inbox": _link("inbox.todo", "inbox", "inbox", _("待办"), count=todo),
        "cases": _link("inbox.todo", "cases", "file-earmark-text", _("我的申请"), view="started"),
        "notices": _link("notifications.notices", "notices", "bell", _("通知"), count=count_unread(user)),
        "registry": _link("registry.accounts", "registry", "journal-bookmark", _("登记册")),
        "bulletins": _link("bulletins.bulletins", "bulletins", "megaphone", _("简报与通报")),
        "processes": _link("definitions.processes", "processes", "diagram-3", _("流程")),
        "regulations": _link("regulations.regulations", "regulations", "book", _("规章")),
        "calendar": _link("organization.calendar", "calendar", "calendar3", _("工作日历")),
        "substitution": _link("substitution.substitution", "substitution", "person-check", _("代理")),
        "handover": _link("handover.handovers", "handover", "arrow-left-right", _("离职交接"))
        if may(user, "handover.read")
        else {},
        **{
            key: {}
            for key in ("campaigns", "measures", "coverage", "ledger", "checkpoints", "faults", "oversight", "outbox")
        },
    }
    if may(user, "campaigns.read"):
        found["campaigns"] = _link("campaigns.campaigns", "campaigns", "calendar-check", _("集中工作"))
    if may(user, "coverage.read"):
        found["coverage"] = _link("coverage.coverage", "coverage", "list-check", _("条款对照"))
    if may(user, "ledger.read"):
        found["ledger"] = _link("ledger.events", "ledger", "clipboard-check", _("账册"))
        found["checkpoints"] = _link("ledger.checkpoints", "checkpoints", "link-45deg", _("检查点与校验"))
    if may(user, "measures.read"):
        found["measures"] = _link("registry.taken_measures", "measures", "clipboard-x", _("措施台账"))
    if may(user, "faults.read"):
        waiting = count_open(user.institution_id)
        found["faults"] = _link("faults.faults", "faults", "exclamation-circle", _("故障"), count=waiting)
        found["oversight"] = _link("tasks.oversight", "oversight", "binoculars", _("在办事项"))
        found["outbox"] = _link("notifications.outbox", "outbox", "envelope", _("发件箱"))
    return found


def _rest(user: User, locale: str, links: Mapping[str, Link], shown: set[str]) -> list[Link]:
    """Everything else, in groups."""
    starts = [
        {"key": f"start-{choice.key}", "icon": "plus-circle", "label": choice.name, "href": choice.href}
        for choice in start_choices(user, locale)
    ]

    def left(*keys: str) -> list[Link]:
        return [links[key] for key in keys if links[key] and key not in shown]

    groups = [
        (_("办理"), [*starts, *left("home", "inbox", "cases", "campaigns", "notices", "substitution")]),
        (_("查阅"), left("registry", "bulletins", "measures", "processes", "regulations", "coverage", "calendar")),
        (_("核查与管理"), left("checkpoints", "ledger", "faults", "oversight", "handover", "outbox")),
    ]
    return [{"label": label, "links": links} for label, links in groups if links]


def _note(user: User, locale: str) -> str:
    """Unit and first role: "宣传部 · 宣传部审核人"."""
    held = [queue.split(":", 1)[0] for queue in held_queues(user)][:1]
    known = role(user.institution_id, held[0]) if held else None
    name = (known.name_en or known.name_zh if locale == "en" else known.name_zh) if known else ""
    return " · ".join(part for part in (unit_name(user.unit, locale), name) if part)


def _link(endpoint: str, key: str, icon: str, label: str, *, count: int = 0, **values: Any) -> Link:
    """A link to a page of another package, {} while that has no such page."""
    if endpoint not in current_app.view_functions:
        return {}
    return {"key": key, "icon": icon, "label": label, "href": url_for(endpoint, **values), "count": count}
