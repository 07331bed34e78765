"""The life of a rule of substitution: made, in force, over, revoked; what it may not be; and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.substitution.conftest import NOW, TODAY, on
from webapp.errors import BeianError, Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db
from webapp.ledger import Event, verify
from webapp.notifications.models import Notice
from webapp.organization.models import Delegation, User
from webapp.organization.policy import identified
from webapp.organization.queries import substitutions_of
from webapp.substitution import commands

Appoint = Callable[..., Delegation]
Person = Callable[[str], User]


def until(username: str, person: Person) -> date | None:
    """What the person's row says of the last day of standing in."""
    user = person(username)
    db.session.refresh(user)
    found = user.substitutes_until
    db.session.rollback()
    return found


def principals(username: str, person: Person, day: date = TODAY) -> list[tuple[int, str | None]]:
    found = [(s.principal_id, s.process_key) for s in substitutions_of(person(username), day)]
    db.session.rollback()
    return found


def test_a_rule_holds_from_its_first_to_its_last_day(app: Flask, appoint: Appoint, person: Person) -> None:
    li = person("wzpt.li").id
    appoint("wzpt.li", "wzpt.zhang", 1, 7)
    seen = {n: bool(principals("wzpt.zhang", person, on(n))) for n in (0, 1, 7, 8)}
    assert seen == {0: False, 1: True, 7: True, 8: False}
    assert principals("wzpt.zhang", person, on(1)) == [(li, None)]
    assert until("wzpt.zhang", person) == on(7)
    assert until("wzpt.li", person) is None


def test_a_rule_for_one_process_names_it(app: Flask, appoint: Appoint, person: Person) -> None:
    appoint("wzpt.li", "wzpt.zhang", process="new_account")
    appoint("wzpt.li", "wzpt.chen", process="change_filing")
    assert principals("wzpt.zhang", person) == [(person("wzpt.li").id, "new_account")]


def test_the_last_day_of_standing_in_follows_every_change(app: Flask, appoint: Appoint, person: Person) -> None:
    longer = appoint("wzpt.li", "wzpt.zhang", 0, 30).id
    shorter = appoint("wzpt.he", "wzpt.zhang", 0, 5).id
    assert until("wzpt.zhang", person) == on(30)
    commands.revoke(person("wzpt.li"), longer, now=NOW)
    assert until("wzpt.zhang", person) == on(5)
    commands.revoke(person("wzpt.zhang"), shorter, now=NOW)
    assert until("wzpt.zhang", person) is None
    assert principals("wzpt.zhang", person) == []


def test_the_administrator_appoints_and_revokes_for_others(app: Flask, appoint: Appoint, person: Person) -> None:
    li, zhang = person("wzpt.li").id, person("wzpt.zhang").id
    made = commands.appoint(person("wzpt.wei"), zhang, None, TODAY, on(3), "病假", now=NOW, principal_id=li)
    assert (made.principal_id, made.substitute_id) == (li, zhang)
    assert commands.revoke(person("wzpt.wei"), made.id, now=NOW).revoked_at == NOW
    with pytest.raises(Forbidden):
        commands.appoint(person("wzpt.zhang"), zhang, None, TODAY, on(3), now=NOW, principal_id=li)


def test_both_are_told_and_the_ledger_has_it(app: Flask, appoint: Appoint, person: Person) -> None:
    made = appoint("wzpt.li", "wzpt.zhang")
    commands.revoke(person("wzpt.zhang"), made.id, now=NOW)
    commands.revoke(person("wzpt.zhang"), made.id, now=NOW)
    told = db.session.scalars(select(Notice).where(Notice.kind == "substitute")).all()
    who = sorted((n.user_id, n.text_key) for n in told)
    li, zhang = person("wzpt.li").id, person("wzpt.zhang").id
    keys = ("substitution_appointed", "substitution_revoked")
    assert who == sorted((user_id, key) for user_id in (li, zhang) for key in keys)
    assert any("由您代 李主任 办理（全部流程）" in n.subject for n in told if n.user_id == zhang)
    assert any("由 张老师 代您办理（全部流程）" in n.subject for n in told if n.user_id == li)
    actions = db.session.scalars(select(Event.action).where(Event.action.like("substitution:%")).order_by(Event.seq))
    assert list(actions) == ["substitution:rule:appointed", "substitution:rule:revoked"]
    assert verify(db.session(), made.institution_id).problems == []


@pytest.mark.parametrize(
    ("principal", "substitute", "first", "last", "words"),
    [
        ("wzpt.li", "wzpt.li", 0, 7, "不能由本人代理本人"),
        ("wzpt.li", "culr.zhang", 0, 7, "没有这个人"),
        ("wzpt.li", "wzpt.feng", 0, 7, "冯老师 是管理员或审计员"),
        ("wzpt.li", "wzpt.wei", 0, 7, "卫老师 是管理员或审计员"),
        ("wzpt.feng", "wzpt.zhang", 0, 7, "冯老师 是管理员或审计员"),
        ("wzpt.jiang", "wzpt.zhang", 0, 7, "蒋老师 是管理员或审计员"),
        ("wzpt.li", "wzpt.zhang", 7, 6, "结束日不能早于开始日"),
        ("wzpt.li", "wzpt.zhang", 0, 366, "代理期最长 366 天"),
        ("wzpt.li", "wzpt.zhang", -9, -1, "结束日已经过去"),
        ("wzpt.li", "wzpt.zhang", 367, 400, "开始日太远"),
    ],
)
def test_what_a_rule_may_not_be(
    app: Flask, person: Person, principal: str, substitute: str, first: int, last: int, words: str
) -> None:
    other = db.session.scalar(select(User.id).where(User.username == substitute)) or db.session.scalar(
        select(User.id).where(User.institution_id != person(principal).institution_id).limit(1)
    )
    assert other is not None
    with pytest.raises(Invalid) as refused:
        commands.appoint(person(principal), other, None, on(first), on(last), now=NOW)
    assert words in refused.value.sentence
    assert refused.value.details
    assert db.session.scalar(select(Delegation.id)) is None


def test_a_day_less_than_the_longest_is_taken(app: Flask, appoint: Appoint) -> None:
    assert appoint("wzpt.li", "wzpt.zhang", 0, 365).valid_to == on(365)


def test_nobody_whose_login_is_ended_is_a_party(app: Flask, person: Person) -> None:
    zhang = person("wzpt.zhang")
    zhang.active = False
    db.session.commit()
    with pytest.raises(Invalid, match="张老师 的登录已停用"):
        commands.appoint(person("wzpt.li"), zhang.id, None, TODAY, on(3), now=NOW)


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ((0, 7, None), (7, 9, None), True),
        ((0, 7, None), (8, 9, None), False),
        ((0, 7, "new_account"), (3, 4, "new_account"), True),
        ((0, 7, "new_account"), (3, 4, "change_filing"), False),
        ((0, 7, None), (3, 4, "new_account"), True),
        ((0, 7, "new_account"), (3, 4, None), True),
    ],
)
def test_one_substitute_for_a_process_on_a_day(
    app: Flask, appoint: Appoint, first: tuple[int, int, str], second: tuple[int, int, str], refused: bool
) -> None:
    appoint("wzpt.li", "wzpt.zhang", *first)
    if not refused:
        assert appoint("wzpt.li", "wzpt.chen", *second).id
        return
    with pytest.raises(Refused, match="已由 张老师 代理"):
        appoint("wzpt.li", "wzpt.chen", *second)


def test_a_revoked_rule_is_in_nobodys_way(app: Flask, appoint: Appoint, person: Person) -> None:
    commands.revoke(person("wzpt.li"), appoint("wzpt.li", "wzpt.zhang").id, now=NOW)
    assert appoint("wzpt.li", "wzpt.chen").id
    assert appoint("wzpt.zhang", "wzpt.li").id


def test_two_do_not_stand_in_for_each_other_at_once(app: Flask, appoint: Appoint) -> None:
    appoint("wzpt.li", "wzpt.he", 0, 7)
    with pytest.raises(Refused, match="不能同时互相代理"):
        appoint("wzpt.he", "wzpt.li", 7, 9)
    assert appoint("wzpt.he", "wzpt.li", 8, 9).id


def test_a_chain_gives_nothing_to_its_end(app: Flask, appoint: Appoint, person: Person) -> None:
    appoint("wzpt.li", "wzpt.he")
    appoint("wzpt.he", "wzpt.zhang")
    assert principals("wzpt.zhang", person) == [(person("wzpt.he").id, None)]


@pytest.mark.parametrize("who", ["wzpt.chen", "wzpt.feng", "culr.admin"])
def test_strangers_do_not_find_a_rule_to_revoke(app: Flask, appoint: Appoint, person: Person, who: str) -> None:
    made = appoint("wzpt.li", "wzpt.zhang")
    if who == "culr.admin":
        found = db.session.scalar(
            select(User).where(User.institution_id != made.institution_id, User.active).order_by(User.id).limit(1)
        )
        assert found is not None
        stranger = found
    else:
        stranger = person(who)
    with pytest.raises(NotFound):
        commands.revoke(stranger, made.id, now=NOW)
    with pytest.raises(NotFound):
        commands.revoke(stranger, made.id + 999, now=NOW)


def test_what_has_run_out_is_not_revoked(app: Flask, appoint: Appoint, person: Person) -> None:
    made = appoint("wzpt.li", "wzpt.zhang", 0, 1)
    with pytest.raises(Refused, match="已在 2026-11-21 到期"):
        commands.revoke(person("wzpt.li"), made.id, now=NOW + timedelta(days=3))


@pytest.mark.parametrize("hostile", [0, -1, 2**31, 2**63, 10**30])
def test_an_id_no_row_has_is_nobody(app: Flask, person: Person, hostile: int) -> None:
    with pytest.raises(BeianError):
        commands.appoint(person("wzpt.li"), hostile, None, TODAY, on(1), now=NOW)
    with pytest.raises(BeianError):
        commands.appoint(person("wzpt.wei"), person("wzpt.li").id, None, TODAY, on(1), now=NOW, principal_id=hostile)


@pytest.mark.parametrize("key", ["no_such", "x" * 500, "新开", "' or 1=1 --"])
def test_a_process_the_pack_does_not_have_is_refused(app: Flask, person: Person, key: str) -> None:
    with pytest.raises(Invalid, match="没有这项流程"):
        commands.appoint(person("wzpt.li"), person("wzpt.zhang").id, key, TODAY, on(1), now=NOW)


def test_whoever_left_the_role_of_an_administrator_may_be_a_party_from_then_on(app: Flask, person: Person) -> None:
    from webapp.organization.models import RoleGrant

    wei = person("wzpt.wei").id
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == wei)).one()
    grant.valid_to = on(2)
    db.session.commit()
    with pytest.raises(Invalid):
        commands.appoint(person("wzpt.li"), wei, None, on(2), on(3), now=NOW)
    assert commands.appoint(person("wzpt.li"), wei, None, on(3), on(4), now=NOW).id
    identified(wei)
