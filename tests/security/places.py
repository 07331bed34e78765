"""A little of everything in both institutions, and for every route the things its address can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, inspect, literal, select, union_all
from werkzeug.datastructures import MultiDict

from tests.files.made import PDF
from tests.support.cases import run_case
from webapp.arrangements.models import InboxView, Phrase
from webapp.bulletins.models import Bulletin
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.faults.models import Fault
from webapp.files.commands import UploadLimits, upload
from webapp.files.models import StoredFile
from webapp.handover.models import Handover
from webapp.ledger.checkpoints import Signer, checkpoint
from webapp.notifications.models import Notice, OutboxMessage, Webhook
from webapp.organization.models import Delegation, User
from webapp.organization.queries import user_by_name
from webapp.registry.models import Account
from webapp.workflow.drafts import save_draft
from webapp.workflow.models import AnswerDraft, ProcessInstance, Seat

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
UNKNOWN = 987_654
HEAD = {"wzpt": "wzpt.he", "zzlg": "zzlg.he"}
APPLICANT = {"wzpt": "wzpt.xu", "zzlg": "zzlg.zhang"}


@dataclass(frozen=True)
class Things:
    """What an institution has, as it stands in addresses: argument of a route -> value."""

    ids: Mapping[str, str | int]

    def __getitem__(self, argument: str) -> str | int:
        return self.ids[argument]


@dataclass(frozen=True)
class Places:
    wzpt: Things
    zzlg: Things
    signing_key: str  # of their checkpoints: a file, which no database keeps


def build() -> Places:
    """Both institutions with a running case, a registered account, a file, a draft, a notice, a fault, a message."""
    return Places(_school("wzpt"), _school("zzlg"), key_file().read_text())


def key_file() -> Path:
    return Path(current_app.extensions["settings"].ledger_key_file)


def _school(code: str) -> Things:
    applicant = APPLICANT[code]
    registered = run_case(code, {"wzpt": "straight_way", "zzlg": "sample_weibo"}[code])
    waiting = run_case(code, "waiting_for_publicity")
    user = user_by_name(applicant)
    assert user is not None
    institution_id = user.institution_id
    case_id = waiting.instance_id
    assert case_id is not None
    _records(institution_id, user.id, case_id)
    item_id = _campaign(_person(HEAD[code]))
    size = _signed(institution_id)
    stored = upload(_person(applicant), "表.pdf", PDF, UploadLimits(), NOW)
    key = stored.key
    _belongs(key, case_id)
    save_draft(_person(applicant), MultiDict({"name": "草"}), process_key="new_account", title="草稿")
    ids = {
        "case_id": case_id,
        "number": 1,
        "seat_id": _one(select(Seat.id).where(Seat.instance_id == case_id, Seat.state == "open")),
        "asked_id": _one(select(Seat.id).where(Seat.instance_id == case_id, Seat.state == "open")),
        "way": "transfer",
        "act": "suspend",
        "key": key,
        "account_id": _one(select(func.max(Account.id)).where(Account.institution_id == institution_id)),
        "bulletin_id": _one(select(func.max(Bulletin.id)).where(Bulletin.institution_id == institution_id)),
        "campaign_id": _one(select(CampaignItem.campaign_id).where(CampaignItem.id == item_id)),
        "campaign_key": "yearly_review",
        "item_id": item_id,
        "fault_id": _one(select(func.max(Fault.id)).where(Fault.institution_id == institution_id)),
        "notice_id": _one(select(func.max(Notice.id)).where(Notice.user_id == user.id)),
        "view_id": _one(select(func.max(InboxView.id)).where(InboxView.owner_id == user.id)),
        "phrase_id": _one(select(func.max(Phrase.id)).where(Phrase.user_id == user.id)),
        "webhook_id": _one(select(func.max(Webhook.id)).where(Webhook.user_id == user.id)),
        "message_id": _one(select(func.max(OutboxMessage.id)).where(OutboxMessage.institution_id == institution_id)),
        **_handed_on(institution_id, user.id, _person(HEAD[code]).id),
        "draft_id": _one(select(func.max(AnswerDraft.id)).where(AnswerDraft.user_id == user.id)),
        "seq": 1,
        "layout": "registration_form",
        "ending": "docx",
        "sheet": "filing_table",
        "size": size,
        "process_key": "new_account",
        "version": 1,
        "registered_case": registered.instance_id or 0,
    }
    db.session.rollback()
    return Things(ids)


@transactional
def _handed_on(institution_id: int, applicant: int, head: int) -> dict[str, int]:
    """A rule of substitution that is far from its first day, and a hand-over with nothing in it."""
    first, last = date(2099, 1, 1), date(2099, 1, 7)
    rule = Delegation(institution_id=institution_id, principal_id=head, substitute_id=applicant, created_at=NOW)
    rule.valid_from, rule.valid_to = first, last
    made = Handover(institution_id=institution_id, leaver_id=head, successor_id=applicant, ordered_by_id=head)
    made.reason, made.ordered_at, made.done_at, made.state = "退休", NOW, NOW, "done"
    db.session.add_all([rule, made])
    db.session.flush()
    return {"delegation_id": rule.id, "handover_id": made.id}


def _person(username: str) -> User:
    found = user_by_name(username)
    assert found is not None
    return found


def _one(statement: Any) -> int:
    found = db.session.scalars(statement).first()
    assert found is not None, statement
    return int(found)


@transactional
def _records(institution_id: int, user_id: int, case_id: int) -> None:
    report(
        institution_id,
        kind="operation",
        sentence="登记没有成功",
        detail="detail",
        instance_id=case_id,
        element="X",
        now=NOW,
    )
    case = db.session.get_one(ProcessInstance, case_id)
    notice = Notice(institution_id=institution_id, user_id=user_id, subject="通知", body="正文", instance_id=case.id)
    notice.created_at = NOW
    message = OutboxMessage(institution_id=institution_id, key=f"k{institution_id}", address="a@example.test")
    message.subject, message.body, message.state, message.error = "信", "正文", "failed", "refused"
    message.created_at = message.next_at = NOW
    bulletin = Bulletin(institution_id=institution_id, number="1", title_zh="简报", body_zh="正文", published_at=NOW)
    robot = Webhook(institution_id=institution_id, user_id=user_id, kind="wecom", name="群", created_at=NOW)
    robot.url = "https://127.0.0.1/"  # which is no robot's, so that trying it asks nobody
    arranged = {"institution_id": institution_id, "position": 1}
    view = InboxView(owner_id=user_id, name="视图", query={"late": "soon"}, created_at=NOW, **arranged)
    phrase = Phrase(user_id=user_id, words="同意", **arranged)
    db.session.add_all([notice, message, bulletin, robot, view, phrase])


@transactional
def _campaign(head: User) -> int:
    """A campaign that is open, with the zero report of this person's unit; the item's id."""
    assert head.unit_id is not None
    campaign = Campaign(
        institution_id=head.institution_id,
        key="yearly_review",
        process="new_account",
        targets="accounts",
        period="2025",
        name_zh="年审",
        state="open",
        opens_on=NOW.date(),
        last_day=NOW.date(),
        opens_at=NOW,
        ends_at=NOW,
    )
    item = CampaignItem(institution_id=head.institution_id, campaign=campaign, kind="zero", name="单位")
    item.unit_id, item.target = head.unit_id, f"unit:{head.unit_id}"
    db.session.add_all([campaign, item])
    db.session.flush()
    return item.id


@transactional
def _signed(institution_id: int) -> int:
    made = checkpoint(db.session(), institution_id, Signer.from_file(key_file()), at=NOW)
    assert made is not None
    return made.size


@transactional
def _belongs(key: str, case_id: int) -> None:
    stored = db.session.scalars(select(StoredFile).where(StoredFile.key == key)).one()
    stored.instance_id = case_id


def row_counts() -> dict[str, int]:
    """How many rows each table has."""
    db.session.rollback()
    present = set(inspect(db.engine).get_table_names())
    tables = [table for name, table in sorted(db.metadata.tables.items()) if name in present]
    counts = [
        select(literal(table.name), select(func.count()).select_from(table).scalar_subquery()) for table in tables
    ]
    found = {str(name): int(count) for name, count in db.session.execute(union_all(*counts))}
    db.session.rollback()
    return found
