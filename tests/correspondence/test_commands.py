"""Commenting, asking, copying and the receipt: who may, what it leads to, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.correspondence.conftest import NOW, People, the_case
from tests.support.desk import case_of, open_seat
from webapp.correspondence import commands, queries
from webapp.correspondence.models import Comment, Copy
from webapp.errors import BeianError, Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.ledger import queries as ledger
from webapp.notifications.models import Notice
from webapp.organization.policy import can, visible
from webapp.workflow import commands as workflow
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat

# Who takes part in the case of `case_id`, who only sees it, and who is outside.
PARTIES = ("wzpt.xu", "wzpt.he", "wzpt.sun", "wzpt.qian")
OUTSIDE = ("wzpt.zhang", "wzpt.wang", "wzpt.wei", "zzlg.zhang", "zzlg.sun")
EVERYBODY = (*PARTIES, *OUTSIDE, "wzpt.feng", "wzpt.li")


def notices_of(person: People, username: str, kind: str) -> list[Notice]:
    statement = select(Notice).where(Notice.user_id == person(username).id, Notice.kind == kind)
    return list(db.session.scalars(statement.order_by(Notice.id)))


def events(case_id: int) -> list[Any]:
    """The correspondence's events of a case, oldest first."""
    case = the_case(case_id)
    found = ledger.page(db.session(), case.institution_id, instance_id=case_id, limit=100)
    return [event for event in reversed(found) if event.action.startswith("correspondence:")]


def outcome(act: Any) -> str:
    """ "", or the name of the refusal."""
    try:
        act()
    except BeianError as refused:
        return type(refused).__name__ if len(refused.sentence) > 4 else "no sentence"
    return ""


def test_who_takes_part_comments_and_copies_and_outsiders_find_nothing(case_id: int, person: People) -> None:
    for username in PARTIES:
        said = commands.comment(person(username), case_id, f"{username} 说", now=NOW)
        assert (said.author_id, said.words) == (person(username).id, f"{username} 说")
    for username in OUTSIDE:
        assert outcome(lambda u=username: commands.comment(person(u), case_id, "外人", now=NOW)) == "NotFound"
        assert outcome(lambda u=username: commands.copy_to(person(u), case_id, [1], now=NOW)) == "NotFound"
        assert outcome(lambda u=username: commands.urge(person(u), case_id, now=NOW)) == "NotFound"
    # 冯老师 audits: sees every case and takes part in none.
    feng = person("wzpt.feng")
    assert outcome(lambda: commands.comment(feng, case_id, "审计", now=NOW)) == "Forbidden"
    assert outcome(lambda: commands.copy_to(feng, case_id, [person("wzpt.wang").id], now=NOW)) == "Forbidden"
    assert outcome(lambda: commands.urge(feng, case_id, now=NOW)) == "Forbidden"
    assert db.session.scalar(select(func.count(Comment.id))) == len(PARTIES)


def test_who_is_asked_sees_the_case_is_told_and_answers(case_id: int, person: People) -> None:
    wang = person("wzpt.wang")
    assert not can(wang, "view", the_case(case_id))
    question = commands.comment(person("wzpt.sun"), case_id, "面向谁？", asked_id=wang.id, now=NOW)
    assert can(person("wzpt.wang"), "view", the_case(case_id))
    (told,) = notices_of(person, "wzpt.wang", "comment")
    assert told.link == f"/cases/{case_id}#comment-{question.id}"
    assert "面向谁？" in told.body
    # Somebody else's reply tells the asker and answers nothing.
    commands.comment(person("wzpt.xu"), case_id, "等等", reply_to_id=question.id, now=NOW)
    assert db.session.get_one(Comment, question.id, populate_existing=True).answered_at is None
    answer = commands.comment(person("wzpt.wang"), case_id, "面向学生", reply_to_id=question.id, now=NOW)
    assert db.session.get_one(Comment, question.id, populate_existing=True).answered_at == NOW
    links = [notice.link for notice in notices_of(person, "wzpt.sun", "comment")]
    assert links[-1] == f"/cases/{case_id}#comment-{answer.id}"
    assert [event.action.partition(":")[2] for event in events(case_id)] == [
        "comment:written", "comment:written", "comment:written", "question:answered",
    ]  # fmt: skip
    assert events(case_id)[0].kept["asked_id"] == wang.id
    assert "面向谁" not in str(events(case_id)[0].kept)


def test_a_remark_tells_nobody_and_a_notice_speaks_the_readers_language(case_id: int, person: People) -> None:
    @transactional
    def english() -> None:
        person("wzpt.wang").locale = "en"

    english()
    commands.comment(person("wzpt.sun"), case_id, "备忘", now=NOW)
    assert db.session.scalar(select(func.count(Notice.id)).where(Notice.kind == "comment")) == 0
    commands.comment(person("wzpt.sun"), case_id, "面向谁？", asked_id=person("wzpt.wang").id, now=NOW)
    (told,) = notices_of(person, "wzpt.wang", "comment")
    assert person("wzpt.sun").name_en in told.subject


def test_the_same_post_twice_is_one_comment(case_id: int, person: People) -> None:
    first = commands.comment(person("wzpt.xu"), case_id, "请看附件", now=NOW)
    again = commands.comment(person("wzpt.xu"), case_id, " 请看附件\r\n", now=NOW)
    assert again.id == first.id
    later = commands.comment(person("wzpt.xu"), case_id, "请看附件", now=NOW + commands.TWICE * 2)
    assert later.id != first.id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_odd_words_and_ids_are_refused_with_a_sentence(case_id: int, person: People) -> None:
    sun, foreign = person("wzpt.sun"), person("zzlg.zhang")
    other = commands.comment(person("wzpt.xu"), case_id, "a", now=NOW)
    gone = person("wzpt.wang")

    @transactional
    def leaves() -> None:
        person("wzpt.wang").active = False

    leaves()
    for words in ("", " \r\n\t ", "\0", "文" * 2001):
        assert outcome(lambda w=words: commands.comment(sun, case_id, w, now=NOW)) == "Invalid"
    assert outcome(lambda: commands.comment(sun, case_id, "文" * 2000, now=NOW)) == ""
    for asked in (0, -1, 987_654, 2**31 - 1, sun.id, foreign.id, gone.id):
        assert outcome(lambda a=asked: commands.comment(sun, case_id, "问", asked_id=a, now=NOW)) == "Invalid", asked
        assert outcome(lambda a=asked: commands.copy_to(sun, case_id, [a], now=NOW)) == "Invalid", asked
    assert outcome(lambda: commands.comment(sun, case_id, "答", reply_to_id=other.id + 9, now=NOW)) == "Invalid"
    assert outcome(lambda: commands.comment(sun, case_id, "答", task_id=987_654, now=NOW)) == "Invalid"
    for absent in (0, -1, 987_654):
        assert outcome(lambda a=absent: commands.comment(sun, a, "x", now=NOW)) == "NotFound"
    assert outcome(lambda: commands.copy_to(sun, case_id, [], now=NOW)) == "Invalid"
    assert outcome(lambda: commands.copy_to(sun, case_id, list(range(1, 52)), now=NOW)) == "Invalid"
    assert outcome(lambda: commands.copy_to(sun, case_id, [person("wzpt.li").id], "长" * 501, now=NOW)) == "Invalid"
    assert db.session.scalar(select(func.count(Copy.id))) == 0


def test_a_reply_and_a_task_belong_to_the_case(case_id: int, person: People) -> None:
    elsewhere = case_of("wzpt", "waiting_for_correction")
    said = commands.comment(person("wzpt.sun"), elsewhere, "别处", now=NOW)
    seat = db.session.get_one(Seat, open_seat(case_id, "PublicityDecision"))
    with pytest.raises(Invalid):
        commands.comment(person("wzpt.sun"), case_id, "答", reply_to_id=said.id, now=NOW)
    with pytest.raises(Invalid):
        commands.comment(person("wzpt.sun"), elsewhere, "说", task_id=seat.task_id, now=NOW)
    assert commands.comment(person("wzpt.sun"), case_id, "说", task_id=seat.task_id, now=NOW).task_id == seat.task_id


def test_a_copy_is_sent_once_and_its_receipt_is_the_readers_own(case_id: int, person: People) -> None:
    wang, li = person("wzpt.wang"), person("wzpt.li")
    sent = commands.copy_to(person("wzpt.sun"), case_id, [wang.id, wang.id], "请知悉", now=NOW)
    assert [copy.user_id for copy in sent] == [wang.id]
    with pytest.raises(Refused):
        commands.copy_to(person("wzpt.xu"), case_id, [person("wzpt.wang").id], now=NOW)
    more = commands.copy_to(person("wzpt.xu"), case_id, [wang.id, li.id], now=NOW)
    assert [copy.user_id for copy in more] == [li.id]
    (told,) = notices_of(person, "wzpt.wang", "copy")
    assert told.link == f"/cases/{case_id}#copies"
    assert "请知悉" in told.body
    assert queries.count_unread_copies(person("wzpt.wang")) == 1
    for stranger in ("wzpt.sun", "wzpt.li", "zzlg.zhang"):
        with pytest.raises(NotFound):
            commands.mark_read(person(stranger), [sent[0].id], now=NOW)
    with pytest.raises(NotFound):  # all or none
        commands.mark_read(person("wzpt.wang"), [sent[0].id, more[0].id], now=NOW)
    assert commands.mark_read(person("wzpt.wang"), [sent[0].id], now=NOW) == 1
    assert commands.mark_read(person("wzpt.wang"), [sent[0].id], now=NOW + commands.TWICE) == 0
    assert db.session.get_one(Copy, sent[0].id, populate_existing=True).read_at == NOW
    assert queries.count_unread_copies(person("wzpt.wang")) == 0
    with pytest.raises(Invalid):
        commands.mark_read(person("wzpt.wang"), [], now=NOW)
    assert [event.action.partition(":")[2] for event in events(case_id)] == ["copy:sent", "copy:sent", "copy:read"]
    assert events(case_id)[0].kept["to"] == [wang.id]


def test_who_has_a_copy_sees_the_case_and_decides_nothing_in_it(case_id: int, person: People) -> None:
    """Seeing is not acting: no seat, no copying on, no opening the case to further people by a question."""
    for username, bring in (("wzpt.wang", "copy"), ("wzpt.li", "ask")):
        reader = person(username)
        if bring == "copy":
            commands.copy_to(person("wzpt.sun"), case_id, [reader.id], now=NOW)
        else:
            commands.comment(person("wzpt.sun"), case_id, "问", asked_id=reader.id, now=NOW)
        reader = person(username)
        assert can(reader, "view", the_case(case_id))
        seat_id = open_seat(case_id, "PublicityDecision")
        for act in (
            lambda r=reader, s=seat_id: workflow.claim(r, s, 1, now=NOW),
            lambda r=reader, s=seat_id: workflow.answer(r, s, 1, Submission("approve", "同意"), now=NOW),
            lambda r=reader, s=seat_id: workflow.return_to(r, s, 1, "Opinions", Submission("return", "退"), now=NOW),
        ):
            with pytest.raises(NotFound):
                act()
        with pytest.raises(Refused):
            workflow.cancel(person(username), case_id, now=NOW)
        with pytest.raises(Forbidden):
            commands.copy_to(person(username), case_id, [person("wzpt.zhang").id], now=NOW)
        with pytest.raises(Forbidden):
            commands.comment(person(username), case_id, "问", asked_id=person("wzpt.zhang").id, now=NOW)
        with pytest.raises(Forbidden):
            commands.urge(person(username), case_id, now=NOW)
        assert commands.comment(person(username), case_id, "问您", asked_id=person("wzpt.xu").id, now=NOW).id
    assert not can(person("wzpt.zhang"), "view", the_case(case_id))
    assert db.session.scalar(select(Seat.holder_id).where(Seat.id == seat_id)) is None


def test_the_rule_and_its_query_agree_on_who_sees_a_case(case_id: int, person: People) -> None:
    other = case_of("wzpt", "waiting_for_correction")

    def agree() -> dict[str, list[bool]]:
        seen = {}
        for username in EVERYBODY:
            user = person(username)
            listed = set(db.session.scalars(visible(user, select(ProcessInstance.id), ProcessInstance)))
            by_rule = [can(user, "view", the_case(which)) for which in (case_id, other)]
            assert by_rule == [which in listed for which in (case_id, other)], username
            seen[username] = by_rule
        return seen

    before = agree()
    commands.copy_to(person("wzpt.sun"), case_id, [person("wzpt.wang").id], now=NOW)
    commands.comment(person("wzpt.sun"), other, "问", asked_id=person("wzpt.wei").id, now=NOW)
    after = agree()
    assert {name for name in EVERYBODY if before[name] != after[name]} == {"wzpt.wang", "wzpt.wei"}
    assert (after["wzpt.wang"][0], after["wzpt.wei"]) == (True, [False, True])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_case_holds_a_bounded_number_of_comments_and_copies(
    app: Flask, case_id: int, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_COMMENTS", 2)
    monkeypatch.setattr(commands, "MOST_COPIES", 1)
    for n in range(2):
        commands.comment(person("wzpt.xu"), case_id, f"第 {n} 条", now=NOW)
    with pytest.raises(Refused, match="2 条"):
        commands.comment(person("wzpt.xu"), case_id, "再来", now=NOW)
    with pytest.raises(Refused, match="1 人"):
        commands.copy_to(person("wzpt.xu"), case_id, [person("wzpt.wang").id, person("wzpt.li").id], now=NOW)


def test_copies_are_listed_unread_first_and_paged_without_gap_or_repetition(case_id: int, person: People) -> None:
    cases = [case_id, *(case_of("wzpt", "waiting_for_correction") for _ in range(3))]
    ids = [commands.copy_to(person("wzpt.sun"), c, [person("wzpt.wang").id], now=NOW)[0].id for c in cases]
    commands.mark_read(person("wzpt.wang"), [ids[3], ids[0]], now=NOW)
    wang = person("wzpt.wang")
    expected = [ids[2], ids[1], ids[3], ids[0]]
    assert [copy.id for copy in queries.copies_to(wang)] == expected
    assert [copy.id for copy in queries.copies_to(wang, unread_only=True)] == expected[:2]
    paged: list[int] = []
    after = None
    while page := queries.copies_to(wang, after=after, limit=1):
        paged += [copy.id for copy in page]
        after = (page[-1].read_at is not None, page[-1].id)
    assert paged == expected
