"""Phrases under the opinion box, and the keys of the inbox: a person's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, render_template

from tests.cases.built import CaseOnce
from tests.support.desk import open_seat, text_of, tree, values
from tests.support.web import visitor
from webapp.arrangements import commands, queries
from webapp.arrangements.keys import USUAL
from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db
from webapp.organization.models import User


def keys(**changed: str) -> dict[str, str]:
    """All keys as the page posts them."""
    return {f"key_{action}": key for action, key in {**USUAL, **changed}.items()}


def offered(page: object) -> list[str]:
    return [str(words) for words in tree(page).xpath("//*[@data-phrase-for]/@data-phrase")]  # type: ignore[arg-type]


def test_ones_own_phrases_stand_under_the_opinion_box_and_nobody_elses(app: Flask, case_once: CaseOnce) -> None:
    seat = open_seat(case_once("wzpt", "waiting_for_publicity"), "PublicityDecision")
    sun, qian = visitor(app, "wzpt.sun"), visitor(app, "wzpt.qian")
    assert offered(sun.get(f"/tasks/{seat}")) == ["情况属实，同意", "请补充材料", "不符合规定"], "the usual ones"
    for words in ("同意，请按时更新。", "请补材料：\r\n第二页"):
        assert sun.post("/inbox/phrases", {"words": words}).status_code == 302
    assert offered(sun.get(f"/tasks/{seat}")) == ["同意，请按时更新。", "请补材料：\n第二页"]
    assert "情况属实，同意" in offered(qian.get(f"/tasks/{seat}"))


def test_phrases_are_changed_ordered_and_deleted(app: Flask, person: Callable[[str], User]) -> None:
    sun = visitor(app, "wzpt.sun")
    for words in ("一", "二", "三"):
        sun.post("/inbox/phrases", {"words": words})
    one, _two, three = [phrase.id for phrase in queries.phrases(person("wzpt.sun"))]
    db.session.rollback()
    sun.post(f"/inbox/phrases/{three}/move", {"to": "up"})
    sun.post(f"/inbox/phrases/{one}/change", {"words": "壹"})
    assert [phrase.words for phrase in queries.phrases(person("wzpt.sun"))] == ["壹", "三", "二"]
    boxes = tree(sun.get("/inbox/phrases")).xpath('//textarea[@name="words"]')
    assert [(box.text or "").strip() for box in boxes] == ["壹", "三", "二", ""]
    sun.post(f"/inbox/phrases/{one}/remove")
    assert [phrase.words for phrase in queries.phrases(person("wzpt.sun"))] == ["三", "二"]
    for act in ("change", "move", "remove"):
        assert visitor(app, "wzpt.qian").post(f"/inbox/phrases/{three}/{act}", {"words": "x"}).status_code == 404


def test_a_phrase_has_an_end_and_so_has_their_number(app: Flask, person: Callable[[str], User]) -> None:
    sun = person("wzpt.sun")
    for words in ("", " \n ", "长" * 201):
        with pytest.raises(Invalid):
            commands.add_phrase(sun, words)
    made = [commands.add_phrase(sun, f"第 {n} 条").id for n in range(commands.MOST_PHRASES)]
    with pytest.raises(Refused):
        commands.add_phrase(sun, "一条太多")
    with pytest.raises(NotFound):
        commands.change_phrase(person("wzpt.qian"), made[0], "改")


def test_keys_are_remapped_on_the_server_and_given_back(app: Flask, person: Callable[[str], User]) -> None:
    sun = visitor(app, "wzpt.sun")
    assert sun.post("/inbox/keys", keys(next="N", approve="y")).status_code == 302
    assert queries.keymap(person("wzpt.sun")) == {**USUAL, "next": "n", "approve": "y"}
    assert values(sun.get("/inbox/keys"), "key_next") == ["n"]
    assert '"next": "n"' in tree(sun.get("/inbox")).xpath("//@data-keymap")[0]
    assert '"next": "j"' in tree(visitor(app, "wzpt.qian").get("/inbox")).xpath("//@data-keymap")[0]
    assert sun.post("/inbox/keys/reset").status_code == 302
    assert queries.keymap(person("wzpt.sun")) == USUAL


def test_no_key_does_two_things(app: Flask, person: Callable[[str], User]) -> None:
    sun = visitor(app, "wzpt.sun")
    for changed in ({"next": "k"}, {"next": ""}, {"next": "jj"}, {"next": " "}, {"next": "下"}, {"help": "\x01"}):
        answer = sun.post("/inbox/keys", keys(**changed))
        assert answer.status_code == 422, changed
        assert tree(answer).xpath('//input[@aria-invalid="true"]'), changed
    assert "已用于：下一件" in text_of(sun.post("/inbox/keys", keys(previous="j")))
    assert queries.shortcuts(person("wzpt.sun")) is None


def test_the_phrases_can_be_shown_under_any_box(app: Flask) -> None:
    with app.test_request_context():
        page = render_template("arrangements/_phrases.html", phrases_for="words")
    assert 'data-phrase-for="words"' in page
    assert "情况属实，同意" in page
