"""Everything done with a task by its forms, without a script: allowed, and refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.desk import case_of, decide, hidden, open_seat, text_of, tree, values
from tests.support.web import PASSWORD, Visitor, sentence_of, visitor
from tests.tasks.bureau import Bureau, build_bureau
from webapp.extensions import db
from webapp.ledger.verification import verify
from webapp.organization.models import User
from webapp.organization.passwords import hash_password
from webapp.organization.queries import user_by_name
from webapp.workflow.models import ProcessInstance, Seat

CLEAR = {"positioning_review": "clear"}
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
# How a page reads does not depend on the database; what is done and found is tried on both.
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


def bureau_with_logins() -> Bureau:
    return build_bureau(hash_password(PASSWORD))


def decision_of_publicity() -> int:
    return open_seat(case_of("wzpt", "waiting_for_publicity"), "PublicityDecision")


@pytest.fixture
def bureau(kept: Callable[[Callable[[], Bureau]], Bureau]) -> Bureau:
    return kept(bureau_with_logins)


@pytest.fixture
def seat_id(kept: Callable[[Callable[[], int]], int]) -> int:
    """A decision of the publicity department, which 孙老师 and 钱老师 may make."""
    return kept(decision_of_publicity)


def number(username: str) -> str:
    user = user_by_name(username)
    assert user is not None
    found = str(user.id)
    db.session.rollback()
    return found


def seat(seat_id: int) -> Seat:
    found = db.session.get_one(Seat, seat_id, populate_existing=True)
    db.session.expunge(found)
    db.session.rollback()
    return found


def child_of(seat_id: int, username: str) -> int:
    """The newest seat opened below another for this person."""
    wanted = select(Seat.id).where(Seat.parent_id == seat_id, Seat.holder_id == int(number(username)))
    found = db.session.scalars(wanted.order_by(Seat.id.desc())).first()
    db.session.rollback()
    assert found is not None
    return found


def hand(person: Visitor, seat_id: int, way: str, to: list[str], **posted: Any) -> TestResponse:
    """Open the form of a way of handing on and send it with its own hidden fields."""
    path = f"/tasks/{seat_id}/hand/{way}"
    page = person.get(path)
    pairs = [*hidden(page, path).items(), *(("to", number(name)) for name in to)]
    return person.post(path, [*pairs, ("note", posted.pop("note", "请办")), *posted.items()])


def attach(person: Visitor, path: str, posted: dict[str, str], name: str, content: bytes) -> TestResponse:
    """Send a decision with a file beside the opinion."""
    pairs: list[tuple[str, Any]] = [*posted.items(), ("opinion-files-new", (BytesIO(content), name))]
    return person.post(path, pairs, content_type="multipart/form-data")


def names(answer: TestResponse) -> list[str]:
    return [name.strip() for name in tree(answer).xpath('//ul[@class="bn-people"]//b/text()')]


def offered(answer: TestResponse) -> dict[str, str]:
    """The menu: what each entry is called, and the line under it."""
    lines = tree(answer).xpath('//details[contains(@class, "bn-further")]//li')
    return {line.xpath(".//b/text()")[0]: line.xpath(".//small/text()")[0] for line in lines}


def pressed(person: Visitor, page: TestResponse, label: str) -> TestResponse:
    """Press the button of this name in a small form of its own."""
    form = next(f for f in tree(page).xpath("//form") if f.xpath(f'.//button[normalize-space()="{label}"]'))
    return person.post(form.get("action"), {i.get("name"): i.get("value", "") for i in form.xpath(".//input")})


class TestTheMenu:
    @SQLITE
    def test_every_act_says_its_effect_or_why_it_is_not_possible(self, app: Flask, seat_id: int) -> None:
        found = offered(visitor(app, "wzpt.sun").get(f"/tasks/{seat_id}"))
        assert list(found) == ["转办", "委派", "前加签", "后加签", "减签", "拿回委派"]
        assert found["转办"] == "由所选的人接着办结这一步，您不再办理。"
        assert found["减签"] == "没有待答复的加签。"
        assert found["拿回委派"] == "没有委派出去。"

    @SQLITE
    def test_who_was_asked_for_an_opinion_reads_why_it_goes_no_further(self, app: Flask, seat_id: int) -> None:
        hand(visitor(app, "wzpt.sun"), seat_id, "delegate", ["wzpt.he"])
        page = visitor(app, "wzpt.he").get(f"/tasks/{child_of(seat_id, 'wzpt.he')}")
        assert offered(page)["转办"] == "这里只请您给意见，不能再转给别人。"
        path = f"/tasks/{child_of(seat_id, 'wzpt.he')}/hand/transfer"
        assert "现在不能转办" in text_of(visitor(app, "wzpt.he").get(path))

    @SQLITE
    def test_what_only_one_person_may_do_cannot_be_handed_on(self, app: Flask) -> None:
        opinion = open_seat(case_of("wzpt", "waiting_for_opinions"), "DataOpinion")
        found = offered(visitor(app, "wzpt.zheng").get(f"/tasks/{opinion}"))
        assert found["转办"] == "没有别的人可以办理这一步。"

    def test_strangers_find_no_form(self, app: Flask, seat_id: int) -> None:
        for username in ("wzpt.zhang", "zzlg.sun", "wzpt.wei"):
            person = visitor(app, username)
            for way in ("transfer", "delegate", "before", "after"):
                assert person.get(f"/tasks/{seat_id}/hand/{way}").status_code == 404
                assert person.post(f"/tasks/{seat_id}/hand/{way}", {"to": "1"}).status_code == 404
            for act in ("take-back", f"asked/{seat_id}/recall", f"asked/{seat_id}/remove"):
                assert person.post(f"/tasks/{seat_id}/{act}").status_code == 404, act
        assert visitor(app, "wzpt.sun").get(f"/tasks/{seat_id}/hand/away").status_code == 404


class TestTransfer:
    def test_the_other_finishes_it_and_reads_why(self, app: Flask, seat_id: int) -> None:
        sun, qian = visitor(app, "wzpt.sun"), visitor(app, "wzpt.qian")
        page = sun.get(f"/tasks/{seat_id}/hand/transfer")
        assert names(page) == ["钱老师"], "who does not hold the role is not offered"
        assert tree(page).xpath('//input[@name="to"]/@checked'), "the only one is picked"
        assert values(page, "note") == ["请接着办理「宣传部审核」。"]
        assert hand(sun, seat_id, "transfer", ["wzpt.qian"], note="我去开会").status_code == 302
        text = text_of(qian.get(f"/tasks/{seat_id}"))
        assert "孙老师 转给您办理" in text
        assert "我去开会" in text
        refused = text_of(sun.get(f"/tasks/{seat_id}"))
        assert "钱老师 已认领这件待办。" in refused
        assert decide(qian, seat_id, "approve", opinion="同意", **CLEAR).status_code == 302
        assert "转办给 钱老师" in text_of(sun.get(f"/cases/{seat(seat_id).instance_id}"))

    @SQLITE
    def test_what_is_wrong_stands_beside_its_field(self, app: Flask, seat_id: int) -> None:
        sun = visitor(app, "wzpt.sun")
        nobody = hand(sun, seat_id, "transfer", [])
        assert nobody.status_code == 422
        assert "请选定交给谁" in text_of(nobody)
        applicant = hand(sun, seat_id, "transfer", ["wzpt.xu"])
        assert applicant.status_code == 422
        assert "所选的人不在可选之列" in text_of(applicant)
        long = hand(sun, seat_id, "transfer", ["wzpt.qian"], note="字" * 501)
        assert long.status_code == 422
        assert "说明最长 500 字" in text_of(long)
        assert values(long, "note") == ["字" * 501]
        assert seat(seat_id).holder_id is None

    def test_a_page_that_is_out_of_date_hands_nothing_on(self, app: Flask, seat_id: int) -> None:
        sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/hand/transfer"
        fields = hidden(sun.get(path), path)
        sun.post(f"/tasks/{seat_id}/claim")
        answer = sun.post(path, {**fields, "to": number("wzpt.qian"), "note": ""})
        assert answer.status_code == 409
        assert "有了变化" in sentence_of(answer)


class TestDelegation:
    def test_an_opinion_comes_back_to_who_asked(self, app: Flask, seat_id: int) -> None:
        sun, he = visitor(app, "wzpt.sun"), visitor(app, "wzpt.he")
        assert hand(sun, seat_id, "delegate", ["wzpt.he"], note="是否属实？").status_code == 302
        waiting = sun.get(f"/tasks/{seat_id}")
        assert "已委派给 何主任，等其意见；要自己办，先拿回委派。" in text_of(waiting)
        assert offered(waiting)["拿回委派"] == "不等意见了，由您直接决定。"
        refused = sun.post(f"/tasks/{seat_id}/answer", {"decision": "approve", **CLEAR})
        assert refused.status_code in (409, 422)
        asked = child_of(seat_id, "wzpt.he")
        page = he.get(f"/tasks/{asked}")
        assert "孙老师 请您给出意见" in text_of(page)
        assert "是否属实？" in text_of(page)
        assert "意见交给 孙老师，由其决定" in text_of(page)
        buttons = tree(page).xpath('//div[@class="bn-decide"]//button')
        assert [button.get("value") for button in buttons] == ["object", "agree"]
        silent = decide(he, asked, "object")
        assert silent.status_code == 422
        assert "请写明意见" in text_of(silent)
        assert decide(he, asked, "approve", opinion="同意").status_code == 422, "who is asked does not decide"
        assert decide(he, asked, "agree", return_to="applicant", opinion="退").status_code == 422
        assert decide(he, asked, "agree", opinion="情况属实").status_code == 302
        text = text_of(sun.get(f"/tasks/{seat_id}"))
        assert "委派意见：建议同意" in text
        assert "委派 何主任" in text
        assert decide(sun, seat_id, "approve", opinion="同意", **CLEAR).status_code == 302

    def test_who_asked_may_do_without_it(self, app: Flask, seat_id: int) -> None:
        sun, he = visitor(app, "wzpt.sun"), visitor(app, "wzpt.he")
        hand(sun, seat_id, "delegate", ["wzpt.he"])
        asked = child_of(seat_id, "wzpt.he")
        assert he.post(f"/tasks/{seat_id}/asked/{asked}/recall").status_code == 404, "only who asked"
        assert pressed(sun, sun.get(f"/tasks/{seat_id}"), "拿回委派").location == f"/tasks/{seat_id}"
        assert decide(he, asked, "agree").status_code in (404, 409)
        assert decide(sun, seat_id, "approve", opinion="同意", **CLEAR).status_code == 302

    def test_the_applicant_is_never_asked(self, app: Flask, seat_id: int) -> None:
        sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/hand/delegate"
        fields = hidden(sun.get(path), path)
        assert "徐老师" not in names(sun.post(path, {**fields, "q": "老师", "find": "1"}))
        answer = hand(sun, seat_id, "delegate", ["wzpt.xu"])
        assert answer.status_code == 422
        assert "徐老师 是申请人，不能参与办理自己的申请。" in text_of(answer)


class TestAddedSigners:
    def test_people_are_found_without_a_script_and_ticks_are_kept(self, app: Flask, seat_id: int) -> None:
        sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/hand/before"
        fields, he = hidden(sun.get(path), path), number("wzpt.he")
        found = sun.post(path, {**fields, "q": "wzpt.zheng", "to": he, "note": "写到一半", "find": "1"})
        assert found.status_code == 200
        assert names(found) == ["何主任", "郑老师"]
        assert tree(found).xpath('//input[@name="to"][@checked]/@value') == [he]
        assert values(found, "note") == ["写到一半"]
        assert "何主任" in tree(found).xpath('//*[@data-chosen="to"]')[0].text_content()
        assert seat(seat_id).state == "open"

    def test_those_asked_before_are_waited_for_and_can_be_taken_off(self, app: Flask, seat_id: int) -> None:
        sun = visitor(app, "wzpt.sun")
        assert hand(sun, seat_id, "before", ["wzpt.he", "wzpt.zheng"]).status_code == 302
        page = sun.get(f"/tasks/{seat_id}")
        assert "等 何主任、郑老师 给出意见后再决定；不等了，可以减签。" in text_of(page)
        he = child_of(seat_id, "wzpt.he")
        assert decide(visitor(app, "wzpt.he"), he, "object", opinion="还差材料").status_code == 302
        page = sun.get(f"/tasks/{seat_id}")
        assert "等 郑老师" in text_of(page)
        assert pressed(sun, page, "减签").status_code == 302
        text = text_of(sun.get(f"/tasks/{seat_id}"))
        assert "前加签：建议不同意" in text
        assert "还差材料" in text
        again = sun.post(f"/tasks/{seat_id}/asked/{he}/remove")
        assert again.status_code == 409
        assert "意见已经给出" in sentence_of(again)

    def test_a_decision_counts_when_those_asked_after_have_confirmed(self, app: Flask, seat_id: int) -> None:
        sun, he, case_id = visitor(app, "wzpt.sun"), visitor(app, "wzpt.he"), seat(seat_id).instance_id
        assert hand(sun, seat_id, "after", ["wzpt.he"]).location == f"/tasks/{seat_id}"
        assert "先由 何主任 确认" in text_of(sun.get(f"/tasks/{seat_id}"))
        asked = child_of(seat_id, "wzpt.he")
        assert "还没有轮到您办理。" in text_of(he.get(f"/tasks/{asked}"))
        assert decide(sun, seat_id, "approve", opinion="同意", **CLEAR).status_code == 302
        page = sun.get(f"/tasks/{seat_id}")
        assert "您已作出决定，等 何主任 确认。" in text_of(page)
        assert tree(page).xpath(f'//form[@action="/tasks/{seat_id}/take-back"]//button')
        assert "孙老师 的决定生效，继续往下走" in text_of(he.get(f"/tasks/{asked}"))
        assert decide(he, asked, "object", opinion="名称不妥").status_code == 302
        text = text_of(sun.get(f"/tasks/{seat_id}"))
        assert "后加签：不同意" in text
        assert "名称不妥" in text
        assert decide(sun, seat_id, "approve", opinion="再同意", **CLEAR).status_code == 302
        assert db.session.get_one(ProcessInstance, case_id, populate_existing=True).state == "ended"
        db.session.rollback()

    @SQLITE
    def test_nobody_is_asked_eleven_at_once(self, app: Flask, seat_id: int) -> None:
        ids = [str(user) for user in db.session.scalars(select(User.id).where(User.username.startswith("wzpt.")))]
        db.session.rollback()
        sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/hand/before"
        posted = [*hidden(sun.get(path), path).items(), *(("to", one) for one in ids[:12])]
        answer = sun.post(path, posted)
        assert answer.status_code == 422
        assert "一次最多请 10 人" in text_of(answer)


class TestCountersigning:
    @SQLITE
    def test_the_page_says_the_rule_and_who_has_signed(self, app: Flask, bureau: Bureau) -> None:
        case_id = bureau.start("signing")
        db.session.rollback()
        zhang = visitor(app, "bureau.zhang")
        mine = bureau.seat(case_id, "Share")[0]
        text = text_of(zhang.get(f"/tasks/{mine}"))
        assert "3 人中 2 人同意即通过。" in text
        assert "已签 0 / 3" in text
        assert "记下后等会签的 李主任、王老师 办理" in text
        answer = decide(zhang, mine, "approve", opinion="我同意")
        toast = tree(zhang.get(answer.location)).xpath('//div[@class="bn-toast"]')[0]
        assert "已同意" in toast.text_content()
        assert toast.xpath(".//form/@action") == [f"/tasks/{mine}/take-back"]
        second = bureau.seat(case_id, "Share", position=1)[0]
        page = visitor(app, "bureau.li").get(f"/tasks/{second}")
        assert "已签 1 / 3" in text_of(page)
        assert "会签 1/3：同意" in text_of(page)
        assert "随即" not in tree(page).xpath('//*[@id="effect-reject"]')[0].text_content()
        assert "记下后等会签的 王老师 办理" in tree(page).xpath('//*[@id="effect-reject"]')[0].text_content()
        assert decide(visitor(app, "bureau.li"), second, "approve").status_code == 302
        assert "会签 2/3：同意" in text_of(zhang.get(f"/cases/{case_id}"))

    @SQLITE
    def test_who_comes_later_in_a_sequence_is_told_so(self, app: Flask, bureau: Bureau) -> None:
        case_id = bureau.start("signing")
        for position, name in enumerate(("zhang", "li")):
            mine = bureau.seat(case_id, "Share", position=position)[0]
            assert decide(visitor(app, f"bureau.{name}"), mine, "approve").status_code == 302
        second = bureau.seat(case_id, "Row", position=1)[0]
        page = visitor(app, "bureau.sun").get(f"/tasks/{second}")
        assert "还没有轮到您办理。" in text_of(page)
        assert "3 人依次办理" in text_of(page)
        assert "未轮到" in text_of(page)
        assert decide(visitor(app, "bureau.sun"), second, "approve").status_code in (409, 422)


class TestTakingBack:
    def test_one_takes_an_answer_back_until_somebody_has_acted(self, app: Flask, bureau: Bureau) -> None:
        case_id = bureau.start("line")
        li, sun = visitor(app, "bureau.li"), visitor(app, "bureau.sun")
        first = bureau.seat(case_id, "First")[0]
        assert decide(li, first, "approve", opinion="同意").status_code == 302
        page = li.get(f"/cases/{case_id}")
        assert "撤下您的这次办理，回到您这里重新办" in text_of(page)
        again = pressed(li, page, "拿回")
        assert again.status_code == 302
        reopened = bureau.seat(case_id, "First")[0]
        assert again.location == f"/tasks/{reopened}"
        assert "同意（已拿回）" in text_of(li.get(again.location))
        assert decide(li, reopened, "approve", opinion="还是同意").status_code == 302
        second = bureau.seat(case_id, "Second")[0]
        assert sun.post(f"/tasks/{second}/claim").status_code == 302
        page = li.get(f"/cases/{case_id}")
        assert "孙老师 已接手下一环节，不能拿回；可请其退回。" in text_of(page)
        assert not tree(page).xpath('//main//form[contains(@action, "take-back")]')
        refused = li.post(f"/tasks/{reopened}/take-back")
        assert refused.status_code == 409
        assert "不能拿回" in sentence_of(refused)
        assert sun.post(f"/tasks/{reopened}/take-back").status_code in (404, 409), "only one's own"

    @SQLITE
    def test_what_is_registered_is_told_to_stand(self, app: Flask, seat_id: int) -> None:
        sun, case_id = visitor(app, "wzpt.sun"), seat(seat_id).instance_id
        decide(sun, seat_id, "approve", opinion="同意", **CLEAR)
        assert "事项已办结，不能拿回。" in text_of(sun.get(f"/cases/{case_id}"))
        assert sun.post(f"/tasks/{seat_id}/take-back").status_code == 409

    @SQLITE
    def test_an_answer_that_serves_again_says_so(self, app: Flask, bureau: Bureau) -> None:
        case_id = bureau.start("line")
        li, sun = visitor(app, "bureau.li"), visitor(app, "bureau.sun")
        decide(li, bureau.seat(case_id, "First")[0], "approve", opinion="同意")
        back = decide(sun, bureau.seat(case_id, "Second")[0], "return", return_to="applicant", opinion="请补")
        assert back.status_code == 302
        correction, zheng = bureau.seat(case_id, "Application")[0], visitor(app, "bureau.zheng")
        path = f"/tasks/{correction}/answer"
        page = zheng.get(f"/tasks/{correction}")
        assert zheng.post(path, {**hidden(page, path), "decision": "submit", "name": "信息之窗"}).status_code == 302
        assert "同意（沿用上一轮）" in text_of(sun.get(f"/tasks/{bureau.seat(case_id, 'Second')[0]}"))


class TestFilesBesideAnOpinion:
    def test_a_file_survives_a_refused_page_and_stands_beside_the_opinion(self, app: Flask, seat_id: int) -> None:
        sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/answer"
        fields = hidden(sun.get(f"/tasks/{seat_id}"), path)
        refused = attach(sun, path, {**fields, "decision": "reject", "opinion": ""}, "会议纪要.pdf", PDF)
        assert refused.status_code == 422
        assert "会议纪要.pdf" in text_of(refused)
        key = tree(refused).xpath('//input[@name="opinion-files"][@checked]/@value')[0]
        kept = {**fields, "opinion": "见附件", "opinion-files": key}
        assert sun.post(f"/tasks/{seat_id}/draft", kept).status_code == 200
        assert values(sun.get(f"/tasks/{seat_id}"), "opinion-files") == [key]
        assert sun.post(path, {**kept, "decision": "approve", **CLEAR}).status_code == 302
        xu = visitor(app, "wzpt.xu")
        page = xu.get(f"/cases/{seat(seat_id).instance_id}")
        assert tree(page).xpath(f'//ol[@class="bn-ops"]//a[@href="/files/{key}"]/text()') == ["会议纪要.pdf"]
        assert xu.get(f"/files/{key}").data == PDF

    @SQLITE
    def test_a_bad_file_is_named_and_nothing_is_decided(self, app: Flask, seat_id: int) -> None:
        sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/answer"
        fields = hidden(sun.get(f"/tasks/{seat_id}"), path)
        posted = {**fields, "decision": "approve", "opinion": "同意", **CLEAR}
        answer = attach(sun, path, posted, "x.exe", b"MZ")
        assert answer.status_code == 422
        assert "的类型不受理" in text_of(answer)
        assert seat(seat_id).state == "open"

    def test_a_strangers_file_is_not_attached(self, app: Flask, seat_id: int) -> None:
        sun = visitor(app, "wzpt.sun")
        answer = decide(sun, seat_id, "approve", opinion="同意", **CLEAR, **{"opinion-files": "k" * 43})
        assert answer.status_code == 302
        assert not seat(seat_id).attachments


class TestOversight:
    def test_the_administrator_sees_where_cases_are_and_nothing_of_them(self, app: Flask, seat_id: int) -> None:
        wei, case_id = visitor(app, "wzpt.wei"), seat(seat_id).instance_id
        text = text_of(wei.get("/oversight"))
        assert "宣传部审核" in text
        assert "宣传部审核人，待认领" in text
        page = text_of(wei.get(f"/oversight/{case_id}"))
        assert "主办单位签章意见" in page
        assert "用短视频介绍专业方向和学生项目" not in page
        assert wei.get(f"/cases/{case_id}").status_code == 404
        assert tree(wei.get("/")).xpath('//nav//a[@href="/oversight"]')

    def test_cases_are_found_by_reference_and_shown_by_pages(self, app: Flask, bureau: Bureau) -> None:
        for _ in range(21):
            bureau.start("line")
        db.session.rollback()
        feng = visitor(app, "bureau.feng")
        page = feng.get("/oversight")
        assert len(tree(page).xpath("//tbody/tr")) == 20
        following = tree(page).xpath('//a[@rel="next"]/@href')[0]
        assert len(tree(feng.get(following)).xpath("//tbody/tr")) == 1
        reference = tree(page).xpath("//tbody/tr[1]//a/text()")[0]
        assert len(tree(feng.get("/oversight", query_string={"q": reference})).xpath("//tbody/tr")) == 1
        assert "没有这个编号的在办事项" in text_of(feng.get("/oversight?q=%25"))

    def test_nobody_else_oversees(self, app: Flask, seat_id: int) -> None:
        case_id = seat(seat_id).instance_id
        for username in ("wzpt.sun", "wzpt.xu", "wzpt.feng", "zzlg.wei"):
            person = visitor(app, username)
            assert person.get(f"/oversight/{case_id}").status_code == 404, username
            for act in ("suspend", "resume", "terminate", f"seats/{seat_id}", f"seats/{seat_id}/release"):
                answer = person.post(f"/oversight/{case_id}/{act}", {f"{act}-reason": "x"})
                assert answer.status_code == 404, (username, act)

    def test_a_case_is_stopped_set_going_and_ended_each_with_its_reason(self, app: Flask, seat_id: int) -> None:
        wei, sun, case_id = visitor(app, "wzpt.wei"), visitor(app, "wzpt.sun"), seat(seat_id).instance_id
        assert wei.post(f"/oversight/{case_id}/suspend", {"suspend-reason": ""}).status_code == 422
        silent = wei.post(f"/oversight/{case_id}/suspend", {"suspend-reason": " "})
        assert silent.status_code == 422
        assert "请写明事由" in text_of(silent)
        assert wei.post(f"/oversight/{case_id}/suspend", {"suspend-reason": "核实举报"}).status_code == 302
        assert "挂起" in text_of(wei.get("/oversight"))
        assert "这件事项已挂起，暂不能办理。" in text_of(sun.get(f"/tasks/{seat_id}"))
        assert "核实举报" in text_of(sun.get(f"/cases/{case_id}"))
        assert "已经挂起" in text_of(wei.get(f"/oversight/{case_id}"))
        assert wei.post(f"/oversight/{case_id}/resume", {"resume-reason": "核实完毕"}).status_code == 302
        assert wei.post(f"/oversight/{case_id}/terminate", {"terminate-reason": "重复申请"}).status_code == 302
        page = wei.get(f"/oversight/{case_id}")
        assert "已终止" in text_of(page)
        assert not tree(page).xpath("//main//form")
        again = wei.post(f"/oversight/{case_id}/suspend", {"suspend-reason": "再停"})
        assert again.status_code == 409
        assert "事项已办结，不能挂起。" in sentence_of(again)
        assert wei.get(f"/oversight/{case_id}/seats/{seat_id}").status_code == 404

    def test_a_seat_whose_holder_is_away_goes_to_another_or_back(self, app: Flask, seat_id: int) -> None:
        wei, sun, case_id = visitor(app, "wzpt.wei"), visitor(app, "wzpt.sun"), seat(seat_id).instance_id
        sun.get(f"/tasks/{seat_id}")
        sun.post(f"/tasks/{seat_id}/claim")
        path = f"/oversight/{case_id}/seats/{seat_id}"
        page = wei.get(path)
        assert tree(page).xpath('//select[@name="to"]/option/text()') == ["钱老师"]
        assert wei.post(path, {"to": number("wzpt.qian"), "note": ""}).status_code == 422
        assert wei.post(path, {"to": number("wzpt.he"), "note": "出差"}).status_code == 422
        assert wei.post(path, {"to": number("wzpt.qian"), "note": "孙老师出差"}).status_code == 302
        qian = visitor(app, "wzpt.qian").get(f"/tasks/{seat_id}")
        assert "孙老师出差" in text_of(qian)
        assert wei.post(f"{path}/release", {"release-reason": ""}).status_code == 422
        assert wei.post(f"{path}/release", {"release-reason": "钱老师也出差"}).status_code == 302
        assert seat(seat_id).holder_id is None
        assert "改派给 钱老师" in text_of(sun.get(f"/cases/{case_id}"))


def test_every_act_of_the_pages_stands_in_the_ledger(app: Flask, seat_id: int) -> None:
    sun, institution_id = visitor(app, "wzpt.sun"), seat(seat_id).institution_id
    hand(sun, seat_id, "delegate", ["wzpt.he"])
    pressed(sun, sun.get(f"/tasks/{seat_id}"), "拿回委派")
    hand(sun, seat_id, "transfer", ["wzpt.qian"])
    text = text_of(visitor(app, "wzpt.feng").get("/ledger"))
    assert "转办" in text or "transferred" in text
    assert verify(db.session(), institution_id).ok
