"""The correspondence through its pages: forms without a script, look-ups, receipts, and what strangers get."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.correspondence.conftest import NOW, People
from tests.support.desk import case_of, hidden, open_seat, text_of, tree
from tests.support.web import sentence_of, visitor
from webapp.correspondence import commands
from webapp.correspondence.models import Comment, Copy, Urge
from webapp.extensions import db


def picks(page: TestResponse, name: str) -> list[tuple[str, bool]]:
    """The people to tick under `name`: id and whether ticked."""
    boxes = tree(page).xpath(f'//input[@name="{name}"][@type="checkbox" or @type="radio"][@value!=""]')
    return [(box.get("value"), box.get("checked") is not None) for box in boxes]


def count(thing: type[Comment] | type[Copy] | type[Urge]) -> int:
    return db.session.scalar(select(func.count(thing.id))) or 0


def test_a_question_is_asked_by_name_and_answered_on_the_page(app: Flask, case_id: int, person: People) -> None:
    sun, wang, path = visitor(app, "wzpt.sun"), visitor(app, "wzpt.wang"), f"/cases/{case_id}/comments"
    assert wang.get(f"/cases/{case_id}").status_code == 404
    fields = hidden(sun.get(f"/cases/{case_id}"), path)
    name = person("wzpt.wang").name_zh
    asked = sun.post(path, {**fields, "words": "面向谁？", "asked-query": name})
    question = db.session.scalars(select(Comment)).one()
    assert asked.location == f"/cases/{case_id}#comment-{question.id}"
    page = wang.get(f"/cases/{case_id}")
    assert tree(page).xpath(f'//article[@id="comment-{question.id}"]//details[@open]//textarea')
    answered = wang.post(path, {"words": "学生", "reply_to": str(question.id), "back": f"/cases/{case_id}"})
    assert answered.status_code == 302
    assert "已答复" in text_of(sun.get(f"/cases/{case_id}"))
    assert wang.get(f"/tasks/{open_seat(case_id, 'PublicityDecision')}").status_code == 404


def test_looking_people_up_needs_no_script_and_loses_nothing(app: Flask, case_id: int, person: People) -> None:
    sun, path = visitor(app, "wzpt.sun"), f"/cases/{case_id}/comments"
    several = sun.post(path, {"words": "正在写的话", "asked-query": "wzpt.w", "refresh": "1"})
    assert several.status_code == 200
    assert "正在写的话" in text_of(several)
    assert len(picks(several, "asked")) > 1
    assert not any(ticked for _, ticked in picks(several, "asked"))
    wang = str(person("wzpt.wang").id)
    one = sun.post(path, {"words": "正在写的话", "asked-query": "wzpt.wang", "refresh": "1"})
    assert picks(one, "asked") == [(wang, True)]
    refused = sun.post(path, {"words": "话", "asked-query": "wzpt.w"})
    assert refused.status_code == 422
    assert "查到几位" in text_of(refused)
    assert "查到几位" not in text_of(several)
    nobody = sun.post(path, {"words": "话", "asked-query": "%_无此人"})
    assert nobody.status_code == 422
    assert "没有查到" in text_of(nobody)
    assert count(Comment) == 0
    # Ticking tells several of one name apart, though the name still stands in the box; so does ticking nobody.
    assert sun.post(path, {"words": "话", "asked": wang, "asked-query": "wzpt.w"}).status_code == 302
    assert sun.post(path, {"words": "不问了", "asked": "", "asked-query": "wzpt.w"}).status_code == 302
    assert [row.asked_id for row in db.session.scalars(select(Comment).order_by(Comment.id))] == [int(wang), None]


def test_several_get_a_copy_at_once_and_all_see_who_has_read_it(app: Flask, case_id: int, person: People) -> None:
    sun, wang, path = visitor(app, "wzpt.sun"), visitor(app, "wzpt.wang"), f"/cases/{case_id}/copies"
    found = sun.post(path, {"people-query": "wzpt.wang、wzpt.li，没有这人", "note": "请阅", "refresh": "1"})
    assert {number for number, ticked in picks(found, "people") if ticked} == {
        str(person(name).id) for name in ("wzpt.wang", "wzpt.li")
    }
    ticked = [number for number, _ in picks(found, "people")]
    assert sun.post(path, [("people", number) for number in ticked] + [("note", "请阅")]).status_code == 302
    copy_id = db.session.scalar(select(Copy.id).where(Copy.user_id == person("wzpt.wang").id))
    for _ in range(2):  # looking is no receipt
        assert "请阅" in text_of(wang.get("/copies"))
        wang.get(f"/cases/{case_id}")
    assert "2 人未阅" in text_of(visitor(app, "wzpt.xu").get(f"/cases/{case_id}"))
    assert wang.get("/copies/read").status_code == 405
    back = wang.post("/copies/read", {"one": str(copy_id), "back": f"/cases/{case_id}#copies"})
    assert back.location == f"/cases/{case_id}#copies"
    assert "1 人未阅" in text_of(visitor(app, "wzpt.xu").get(f"/cases/{case_id}"))
    assert "没有未阅的抄送" in text_of(wang.get("/copies?view=unread"))
    assert not tree(wang.get(f"/cases/{case_id}")).xpath('//form[@id="copy-form"]')


def test_ticked_copies_are_marked_together_and_only_ones_own(app: Flask, case_id: int, person: People) -> None:
    cases = [case_id, case_of("wzpt", "waiting_for_correction")]
    wang_id, li_id = person("wzpt.wang").id, person("wzpt.li").id
    own = [commands.copy_to(person("wzpt.sun"), number, [wang_id], now=NOW)[0].id for number in cases]
    others = commands.copy_to(person("wzpt.sun"), case_id, [li_id], now=NOW)[0].id
    wang = visitor(app, "wzpt.wang")
    assert wang.post("/copies/read", {}).status_code == 422
    assert wang.post("/copies/read", {"one": "x"}).status_code == 422
    assert wang.post("/copies/read", {"copy": str(others)}).status_code == 404
    marked = wang.post("/copies/read?view=unread", [("copy", str(number)) for number in own])
    assert marked.location == "/copies?view=unread"
    unread = select(Copy.id).where(Copy.read_at.is_(None))
    assert list(db.session.scalars(unread)) == [others]


def test_the_button_says_whom_it_reminds_and_then_when_one_may_again(app: Flask, case_id: int, person: People) -> None:
    xu, path = visitor(app, "wzpt.xu"), f"/cases/{case_id}/urge"
    effect = tree(xu.get(f"/cases/{case_id}")).xpath('//*[@id="urge-effect"]')[0].text_content()
    assert person("wzpt.sun").name_zh in effect
    assert "24 小时内只能催一次" in effect
    assert not tree(visitor(app, "wzpt.sun").get(f"/cases/{case_id}")).xpath('//*[@id="urge"]')
    assert xu.get(path).status_code == 405
    assert xu.post(path, {"words": "长" * 501}).status_code == 422
    assert xu.post(path, hidden(xu.get(f"/cases/{case_id}"), path)).location == f"/cases/{case_id}#urge"
    page = xu.get(f"/cases/{case_id}")
    assert not tree(page).xpath('//*[@id="urge"]//button')
    assert "起可以再催" in text_of(page)
    again = xu.post(path, {})
    assert again.status_code == 409
    assert "起可以再催" in sentence_of(again)
    assert count(Urge) == 1


def test_strangers_and_onlookers_reach_nothing(app: Flask, case_id: int, person: People) -> None:
    commands.comment(person("wzpt.sun"), case_id, "内部的话", now=NOW)
    for username in ("wzpt.wang", "zzlg.sun"):
        stranger = visitor(app, username)
        assert stranger.get(f"/cases/{case_id}/correspondence").status_code == 404
        for part in ("comments", "copies", "urge"):
            for number in (case_id, 999_999):
                posted = {"words": "x", "people-query": "wzpt", "asked-query": "wzpt", "refresh": "1"}
                assert stranger.post(f"/cases/{number}/{part}", posted).status_code == 404
    auditor = visitor(app, "wzpt.feng")
    assert "内部的话" in text_of(auditor.get(f"/cases/{case_id}"))
    for part in ("comments", "copies", "urge"):
        assert auditor.post(f"/cases/{case_id}/{part}", {"words": "x", "people": "1"}).status_code == 403
    assert count(Comment) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_hostile_posts_are_answered_with_a_page(app: Flask, case_id: int, person: People) -> None:
    sun = visitor(app, "wzpt.sun")
    foreign = str(person("zzlg.zhang").id)
    comments: list[dict[str, str]] = [{"words": w} for w in ("", " \n", "文" * 2001)]
    comments += [{"words": "x", "asked": odd} for odd in (foreign, "0", "-1", "１", "9" * 30, "x", "1'--")]
    comments += [{"words": "x", "reply_to": odd} for odd in ("0", "x", "9" * 30, "2147483647")]
    comments += [{"words": "x", "task": odd} for odd in ("x", "2147483647")]
    comments += [{"words": "x", "asked-query": "a、" * 600}]
    for posted in comments:
        answer = sun.post(f"/cases/{case_id}/comments", posted)
        assert answer.status_code == 422, posted
        assert tree(answer).xpath('//p[@class="bn-err"]'), posted
    copies = [{"people": foreign}, {"people": "x"}, {"people-query": "x、" * 51}, {}, {"people-query": "'--%"}]
    copies += [{"people": str(person("wzpt.wang").id), "note": "长" * 501}]
    for posted in copies:
        assert sun.post(f"/cases/{case_id}/copies", posted).status_code == 422, posted
    assert sun.post(f"/cases/{case_id}/copies", [("people", str(n)) for n in range(1, 60)]).status_code == 422
    for odd in ("//evil.test", "https://evil.test", "/\t/evil.test", "javascript:1"):
        said = sun.post(f"/cases/{case_id}/comments", {"words": f"去 {odd}", "back": odd})
        assert said.location.startswith(f"/cases/{case_id}#comment-")
    for odd in ("unread-", "read-99999999999", "x", "-1", "unread-1'--"):
        assert sun.get("/copies", query_string={"after": odd, "view": odd}).status_code == 200


def test_words_are_shown_as_they_were_written(app: Flask, case_id: int) -> None:
    sun, words = visitor(app, "wzpt.sun"), "<script>alert(1)</script> & 第一行\n第二行"
    sun.post(f"/cases/{case_id}/comments", {"words": words.replace("\n", "\r\n")})
    page = sun.get(f"/cases/{case_id}")
    assert "<script>alert(1)" not in page.get_data(as_text=True)
    (shown,) = tree(page).xpath('//article[starts-with(@id, "comment-")]/p')
    assert shown.text_content() == words


def test_the_list_of_copies_goes_by_pages(app: Flask, case_id: int, person: People) -> None:
    cases = [case_id, case_of("wzpt", "waiting_for_correction")]

    for number in cases:
        commands.copy_to(person("wzpt.sun"), number, [person("wzpt.wang").id], now=NOW)
    wang = visitor(app, "wzpt.wang")
    newest = max(db.session.scalars(select(Copy.id)))
    first = text_of(wang.get("/copies"))
    assert "2 件未阅" in first
    rest = tree(wang.get(f"/copies?after=unread-{newest}"))
    assert len(rest.xpath('//ul[@class="bn-copies"]/li')) == 1
