"""Saved views: kept on the server, opened by an address, shared with one's unit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.cases.built import CaseOnce
from tests.support.desk import text_of, tree
from tests.support.web import Visitor, visitor
from webapp.arrangements import commands, queries
from webapp.arrangements.models import InboxView
from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db
from webapp.ledger import Event
from webapp.organization.models import User


def save(browser: Visitor, name: str, query: str) -> str:
    """Save the list of that address; the address it is opened by."""
    from urllib.parse import quote

    answer = browser.post(f"/inbox/views?list={quote(query)}", {"name": name})
    assert answer.status_code == 302
    return str(answer.location)


def test_a_saved_filter_follows_the_person_and_not_the_browser(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_once("wzpt", "waiting_for_publicity")
    address = save(visitor(app, "wzpt.sun"), "本院的", f"process=new_account&unit={person('wzpt.xu').unit_id}&q=代码")
    elsewhere = Visitor(app)
    elsewhere.login("wzpt.sun")
    page = elsewhere.get(address)
    assert tree(page).xpath("string(//h1)") == "本院的"
    assert "代码与人" in text_of(page)
    assert "本院的" in text_of(elsewhere.get("/inbox")), "it stands in the list of views"
    (view,) = queries.own_views(person("wzpt.sun"))
    assert view.query == {"process": "new_account", "unit": str(person("wzpt.xu").unit_id), "q": "代码"}


def test_a_shared_view_shows_everybody_of_the_unit_their_own_tasks(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    sun, qian, zhang = visitor(app, "wzpt.sun"), visitor(app, "wzpt.qian"), visitor(app, "wzpt.zhang")
    address = save(sun, "快到期的", "q=代码")
    number = address.rpartition("=")[2]
    assert qian.get(address).status_code == 404, "not before it is shared"
    assert sun.post(f"/inbox/views/{number}/share", {"shared": "1"}).status_code == 302
    assert "快到期的" in text_of(qian.get("/inbox"))
    assert "代码与人" in text_of(qian.get(address))
    assert zhang.get(address).status_code == 404, "of another unit"
    assert qian.post(f"/inbox/views/{number}/remove").status_code == 404, "it stays its owner's"
    assert sun.post(f"/inbox/views/{number}/share", {"shared": "0"}).status_code == 302
    assert qian.get(address).status_code == 404


def test_views_are_renamed_ordered_and_deleted(app: Flask, person: Callable[[str], User]) -> None:
    sun = visitor(app, "wzpt.sun")
    numbers = [save(sun, name, f"q={name}").rpartition("=")[2] for name in ("甲", "乙", "丙")]
    assert sun.post(f"/inbox/views/{numbers[2]}/move", {"to": "up"}).status_code == 302
    assert sun.post(f"/inbox/views/{numbers[0]}/move", {"to": "up"}).status_code == 302, "the first stays the first"
    assert sun.post(f"/inbox/views/{numbers[0]}/rename", {"name": " 甲 组 "}).status_code == 302
    assert [view.name for view in queries.own_views(person("wzpt.sun"))] == ["甲 组", "丙", "乙"]
    assert sun.post(f"/inbox/views/{numbers[1]}/rename", {"name": "丙"}).status_code == 422, "a name is taken once"
    assert sun.post(f"/inbox/views/{numbers[1]}/remove").status_code == 302
    assert [view.name for view in queries.own_views(person("wzpt.sun"))] == ["甲 组", "丙"]
    page = text_of(sun.get("/inbox/views"))
    assert "各人看到的是各自的待办" in page
    db.session.rollback()
    actions = set(db.session.scalars(db.select(Event.action).where(Event.action.startswith("arrangements:"))))
    wanted = {"saved", "moved", "renamed", "removed"}
    assert actions == {f"arrangements:view:{done}" for done in wanted}


def test_a_view_of_the_same_name_is_replaced_and_nobody_saves_without_end(
    app: Flask, person: Callable[[str], User]
) -> None:
    sun = person("wzpt.sun")
    first = commands.save_view(sun, "甲", {"q": "一"}).id
    assert commands.save_view(sun, "甲", {"q": "二", "after": "9-9", "x": "y"}).id == first
    assert queries.own_views(sun)[0].query == {"q": "二"}, "places in the list are not kept"
    for number in range(commands.MOST_VIEWS - 1):
        commands.save_view(sun, f"v{number}", {})
    with pytest.raises(Refused):
        commands.save_view(sun, "一个太多", {})
    for name in ("", "  ", "长" * 41):
        with pytest.raises(Invalid):
            commands.save_view(sun, name, {})
    with pytest.raises(NotFound):
        commands.share_view(person("zzlg.sun"), first, True)


def test_an_odd_saved_view_still_opens(app: Flask, person: Callable[[str], User]) -> None:
    sun = person("wzpt.sun")
    view = commands.save_view(sun, "怪", {"view": "nonsense", "unit": "x", "late": "y", "q": "%"})
    number = view.id
    db.session.rollback()
    assert visitor(app, "wzpt.sun").get(f"/inbox?saved={number}").status_code == 200
    gone = commands.save_view(person("wzpt.sun"), "代", {"view": "for", "principal": "7"})
    number = gone.id
    db.session.rollback()
    assert visitor(app, "wzpt.sun").get(f"/inbox?saved={number}").status_code == 404, "nobody is stood in for"
    assert visitor(app, "wzpt.sun").get("/inbox").status_code == 200
    assert db.session.get(InboxView, number) is not None
