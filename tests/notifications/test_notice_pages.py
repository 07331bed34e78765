"""The pages of notices: the bell, the list by kind, how one wants to be told, robots; and that links change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import func, select

from tests.cases.built import CaseOnce
from tests.conftest import make_settings
from tests.notifications.receivers import receiver, signed_by, told
from tests.support.desk import open_seat
from tests.support.records_world import statements
from tests.support.web import Visitor, visitor
from webapp import create_app
from webapp.extensions import db, transactional
from webapp.ledger import Event, page
from webapp.notifications.commands import tell
from webapp.notifications.kinds import CHANNELS, KINDS
from webapp.notifications.models import Notice, NoticePreference, OutboxMessage, Webhook
from webapp.organization.models import User
from webapp.organization.queries import user_by_name
from webapp.workflow.announcing import announce_due
from webapp.workflow.models import Seat

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=5ecret-key-of-the-robot"
DING = "https://oapi.dingtalk.com/robot/send?access_token=5ecret-key-of-the-robot"
Person = Callable[[str], User]


def say(user: User, number: int, kind: str = "case", **more: Any) -> None:
    given = {"instance_id": None, "now": NOW, "key": f"k{number}", "kind": kind, **more}
    tell(user.institution_id, [user.id], f"通知 {number}", "正文", **given)


def shown(browser: Visitor, path: str = "/notices") -> Any:
    answer = browser.get(path)
    assert answer.status_code == 200
    return html.document_fromstring(answer.text)


def bells(browser: Visitor) -> list[str]:
    """What the bells of a page say, in the navigation and in a phone's top bar."""
    return [str(label) for label in shown(browser, "/notices/settings").xpath('//a[@class="bn-bell"]/@aria-label')]


def test_the_bell_counts_what_was_not_read_and_leads_to_the_list(app: Flask, person: Person) -> None:
    zhang = person("wzpt.zhang")
    browser = visitor(app, "wzpt.zhang")
    assert bells(browser) == ["通知", "通知"]
    for number in range(3):
        say(zhang, number)
    assert bells(browser) == ["通知，3 条未读"] * 2
    assert set(shown(browser).xpath('//a[@class="bn-bell"]/@href')) == {"/notices"}
    for number in range(3, 130):
        say(zhang, number)
    texts = shown(browser).xpath('//span[@class="bn-bell__n"]/text()')
    assert texts == ["99+", "99+"]
    browser.post("/notices/read")
    assert bells(browser) == ["通知", "通知"]


def test_the_bell_costs_no_statement_of_its_own(app: Flask, person: Person) -> None:
    """It shows what the navigation counts anyway."""
    say(person("wzpt.zhang"), 1)
    browser = visitor(app, "wzpt.zhang")
    browser.get("/calendar")
    seen = [line for line in statements(lambda: browser.get("/calendar")) if "FROM notice" in line]
    assert len(seen) == 1


def test_the_list_is_narrowed_by_kind_and_marked_by_kind(app: Flask, person: Person) -> None:
    zhang, browser = person("wzpt.zhang"), visitor(app, "wzpt.zhang")
    for number, kind in enumerate(KINDS):
        say(zhang, number, kind)
    for number, kind in enumerate(KINDS):
        heads = shown(browser, f"/notices?kind={kind}").xpath('//ul[@class="bn-notices"]//h2/text()')
        assert heads == [f"通知 {number}"]
    assert len(shown(browser, "/notices?kind=nonsense").xpath('//ul[@class="bn-notices"]/li')) == len(KINDS)
    assert browser.post("/notices/read", {"kind": "urge"}).location.endswith("/notices?kind=urge")
    unread = select(func.count()).select_from(Notice).where(Notice.read_at.is_(None), Notice.user_id == zhang.id)
    assert db.session.scalar(unread) == len(KINDS) - 1
    browser.post("/notices/read", {"kind": "nonsense"})
    assert db.session.scalar(unread) == 0


def test_pages_of_one_kind_go_on_in_that_kind(app: Flask, person: Person) -> None:
    zhang = person("wzpt.zhang")
    for number in range(35):
        say(zhang, number, "urge")
        say(zhang, 100 + number, "copy")
    browser = visitor(app, "wzpt.zhang")
    [further] = shown(browser, "/notices?kind=urge").xpath('//a[@rel="next"]/@href')
    assert "kind=urge" in further
    heads = shown(browser, further).xpath('//ul[@class="bn-notices"]//h2/text()')
    assert heads == [f"通知 {number}" for number in range(4, -1, -1)]


@pytest.mark.parametrize(
    ("link", "goes"),
    [
        ("/tasks/7", "/tasks/7"),
        ("/cases/3#comment-1", "/cases/3#comment-1"),
        ("https://evil.example.test/", "/notices"),
        ("//evil.example.test/", "/notices"),
        ("", "/notices"),
    ],
)
def test_reading_one_goes_to_its_page_on_this_site_only(app: Flask, person: Person, link: str, goes: str) -> None:
    zhang, browser = person("wzpt.zhang"), visitor(app, "wzpt.zhang")
    say(zhang, 1, "task", link=link)
    notice = db.session.scalar(select(Notice).where(Notice.user_id == zhang.id))
    assert notice is not None
    assert browser.post(f"/notices/{notice.id}/read").location == goes
    db.session.expire_all()
    assert db.session.get_one(Notice, notice.id).read_at is not None


def test_following_the_links_of_a_mail_changes_nothing(app: Flask, case_once: CaseOnce) -> None:
    """Mail programs and scanners open every link: none of them claims, reads, answers or sets anything."""
    case = case_once("wzpt", "waiting_for_publicity")
    seat = open_seat(case, "PublicityDecision")
    while announce_due(datetime.now(UTC)):
        pass
    sun = user_by_name("wzpt.sun")
    assert sun is not None
    message = db.session.scalar(
        select(OutboxMessage).where(OutboxMessage.user_id == sun.id, OutboxMessage.body.endswith(f"/tasks/{seat}"))
    )
    assert message is not None, "the approver is told, with the path of the seat"
    browser = visitor(app, "wzpt.sun")

    def state() -> tuple[Any, ...]:
        db.session.expire_all()
        row = db.session.get_one(Seat, seat)
        unread = select(func.count()).select_from(Notice).where(Notice.read_at.is_(None))
        counts = [db.session.scalar(select(func.count()).select_from(table)) for table in (Event, NoticePreference)]
        found = row.state, row.holder_id, row.version, db.session.scalar(unread), *counts
        db.session.rollback()
        return found

    before = state()
    for path in (f"/tasks/{seat}", f"/cases/{case}", "/notices", "/notices/settings", "/notices?kind=task"):
        assert browser.get(path).status_code == 200
        assert browser.request("HEAD", path).status_code == 200
    for path in ("/notices/read", "/notices/1/read", "/notices/settings/webhooks", "/outbox/again"):
        assert browser.get(path).status_code in (404, 405)
    assert state() == before
    assert visitor(app).get(f"/tasks/{seat}").status_code == 302


def test_preferences_are_set_on_the_page_and_stand_in_the_ledger(app: Flask, person: Person) -> None:
    zhang, browser = person("wzpt.zhang"), visitor(app, "wzpt.zhang")
    selects = shown(browser, "/notices/settings").xpath("//select")
    assert len(selects) == len(KINDS) * len(CHANNELS)
    assert {box.xpath("string(option[@selected]/@value)") for box in selects} == {"once"}
    assert all(box.get("aria-label") for box in selects)
    wanted = {f"{kind}_{channel}": "once" for kind in KINDS for channel in CHANNELS}
    wanted |= {"task_email": "daily", "copy_webhook": "none"}
    assert browser.post("/notices/settings", wanted).status_code == 302
    rows = db.session.scalars(select(NoticePreference).where(NoticePreference.user_id == zhang.id))
    assert {(row.kind, row.channel, row.mode) for row in rows} == {
        ("task", "email", "daily"),
        ("copy", "webhook", "none"),
    }
    [event] = page(db.session(), zhang.institution_id, action="notifications:preference:set", limit=5)
    assert event.kept == {
        "changes": [
            {"kind": "task", "channel": "email", "mode": "daily"},
            {"kind": "copy", "channel": "webhook", "mode": "none"},
        ]
    }
    box = shown(browser, "/notices/settings").xpath('//select[@name="task_email"]/option[@selected]/@value')
    assert box == ["daily"]
    assert browser.post("/notices/settings", {**wanted, "task_email": "hourly"}).status_code == 422
    assert browser.post("/notices/settings", {}).status_code == 302
    assert len(page(db.session(), zhang.institution_id, action="notifications:preference:set", limit=5)) == 1


def test_a_robot_is_added_and_its_key_is_never_seen_again(app: Flask, person: Person) -> None:
    zhang, browser = person("wzpt.zhang"), visitor(app, "wzpt.zhang")
    given = {"kind": "dingtalk", "name": "科室<群>", "url": f" {DING} ", "secret": "SEC5ecret"}
    assert browser.post("/notices/settings/webhooks", given).status_code == 302
    row = db.session.scalars(select(Webhook)).one()
    assert (row.user_id, row.url, row.secret, row.active) == (zhang.id, DING, "SEC5ecret", True)
    seen = browser.get("/notices/settings").text
    assert "科室&lt;群&gt;" in seen
    assert "5ecret" not in seen
    [added] = page(db.session(), zhang.institution_id, action="notifications:webhook:added", limit=5)
    assert added.kept == {"kind": "dingtalk", "host": "oapi.dingtalk.com"}
    assert added.erasable is not None
    assert "5ecret" not in str(added.erasable)
    say(zhang, 1)
    assert db.session.scalar(select(OutboxMessage.channel).where(OutboxMessage.webhook_id == row.id)) == "webhook"
    other = visitor(app, "wzpt.sun")
    for act in ("remove", "test"):
        assert other.post(f"/notices/settings/webhooks/{row.id}/{act}").status_code == 404
    assert browser.post(f"/notices/settings/webhooks/{row.id}/remove").status_code == 302
    db.session.expire_all()
    row = db.session.scalars(select(Webhook)).one()
    assert (row.active, row.url, row.secret) == (False, "", "")
    assert db.session.scalar(select(OutboxMessage).where(OutboxMessage.webhook_id == row.id)) is None
    assert "科室&lt;群&gt;" not in browser.get("/notices/settings").text.split('id="robots"')[1]
    assert len(page(db.session(), zhang.institution_id, action="notifications:webhook:removed", limit=5)) == 1
    for act in ("remove", "test"):
        assert browser.post(f"/notices/settings/webhooks/{row.id}/{act}").status_code == 404


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://127.0.0.1:8000/5ecret"}, "地址须是 https://qyapi.weixin.qq.com"),
        ({"url": "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=5ecret"}, "地址须以 https:// 开头"),
        ({"url": "https://qyapi.weixin.qq.com/cgi-bin/gettoken?5ecret"}, "这不是群机器人的地址"),
        ({"url": DING}, "地址须是 https://qyapi.weixin.qq.com"),
        ({"url": "x" * 501}, "地址太长"),
        ({"url": ""}, "请填写地址"),
        ({"kind": "telegram"}, ""),
        ({"kind": ""}, "请选定一家"),
        ({"name": "名" * 61}, "不超过 60 字"),
        ({"kind": "dingtalk", "url": DING, "secret": "空 格5ecret"}, "请从群机器人的设置页复制"),
        ({"secret": "x" * 201}, "密钥太长"),
    ],
)
def test_what_is_no_robot_is_refused_with_a_sentence(app: Flask, changes: dict[str, str], words: str) -> None:
    browser = visitor(app, "wzpt.zhang")
    answer = browser.post("/notices/settings/webhooks", {"kind": "wecom", "name": "群", "url": WECOM, **changes})
    assert answer.status_code == 422
    assert words in answer.text
    assert "5ecret" not in answer.text
    assert html.document_fromstring(answer.text).xpath('//select[@name="task_email"]/option[@selected]')
    assert not db.session.scalars(select(Webhook)).all()


def test_five_robots_are_enough(app: Flask) -> None:
    browser = visitor(app, "wzpt.zhang")
    for _number in range(5):
        assert browser.post("/notices/settings/webhooks", {"kind": "wecom", "url": WECOM}).status_code == 302
    assert browser.post("/notices/settings/webhooks", {"kind": "wecom", "url": WECOM}).status_code == 409
    assert "最多" in browser.get("/notices/settings").text
    names = db.session.scalars(select(Webhook.name)).all()
    assert names == ["企业微信"] * 5


@pytest.fixture
def elsewhere(prepared_sqlite: Any, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """An installation that names further hosts."""
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        made.append(create_app(make_settings(prepared_sqlite.copy(), tmp_path, **changes)))
        return made[-1]

    yield make
    for application in made:
        with application.app_context():
            db.engine.dispose()


def test_a_robot_is_tried_from_the_page_and_says_what_is_wrong(elsewhere: Callable[..., Flask]) -> None:
    answers: list[dict[str, object]] = [{"errcode": 0}, {"errcode": 310000, "errmsg": "sign not match the-key"}]
    with receiver(lambda received: told(answers.pop(0))(received)) as found:
        application = elsewhere(
            webhook_hosts=f" hooks.example.test, 127.0.0.1:{found.port} ", base_url="https://b.test"
        )
        with application.app_context():
            browser = visitor(application, "wzpt.zhang")
            given = {"kind": "dingtalk", "name": "群", "url": found.url("dingtalk"), "secret": "SEC5ecret"}
            assert browser.post("/notices/settings/webhooks", given).status_code == 302
            place = db.session.scalars(select(Webhook.id)).one()
            assert browser.post(f"/notices/settings/webhooks/{place}/test").status_code == 302
            assert "“群”收下了" in browser.get("/notices/settings").text
            assert signed_by("dingtalk", found.received[0], "SEC5ecret")
            assert "https://b.test/notices/settings" in found.received[0].text
            browser.post(f"/notices/settings/webhooks/{place}/test")
            said = browser.get("/notices/settings").text
            assert "没有发出：errcode 310000: sign not match" in said
            assert "the-key" not in said
            assert not db.session.scalars(select(OutboxMessage)).all()
            for _number in range(8):
                browser.post(f"/notices/settings/webhooks/{place}/test")
            assert browser.post(f"/notices/settings/webhooks/{place}/test").status_code == 429
            db.session.remove()


def test_the_outbox_shows_robots_and_sends_all_again(app: Flask, person: Person) -> None:
    zhang = person("wzpt.zhang")
    visitor(app, "wzpt.zhang").post("/notices/settings/webhooks", {"kind": "wecom", "name": "科室群", "url": WECOM})
    for number in range(3):
        say(zhang, number)

    @transactional
    def fail() -> None:
        for row in db.session.scalars(select(OutboxMessage)):
            row.state, row.attempts, row.error = "failed", 3, "errcode 93000"

    fail()
    admin = visitor(app, "wzpt.wei")
    seen = admin.get("/outbox?state=failed").text
    assert seen.count("科室群") == 3
    assert "5ecret" not in seen
    assert "errcode 93000" in seen
    assert visitor(app, "wzpt.sun").post("/outbox/again").status_code == 404
    assert visitor(app, "zzlg.chen").post("/outbox/again").status_code == 302
    assert "科室群" in admin.get("/outbox?state=failed").text
    assert admin.post("/outbox/again").status_code == 302
    rows = db.session.scalars(select(OutboxMessage)).all()
    assert {(row.state, row.attempts, row.error) for row in rows} == {("waiting", 0, "")}
    assert "没有发不出去的消息" in admin.get("/outbox?state=failed").text
    assert "没有等着汇总的消息" in admin.get("/outbox?state=digest").text
