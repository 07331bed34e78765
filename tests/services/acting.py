"""A case about an account, and what its operations are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from tests.support.watch import NOW, Watch, build_watch
from webapp.definitions.queries import pinned
from webapp.extensions import db
from webapp.registry.models import Account, Filing
from webapp.workflow.context import CaseContext
from webapp.workflow.models import ProcessInstance

# The institution, the account, the case.
Ordered = tuple[Watch, int, int]


@dataclass
class Acting:
    """An order about `account`, under way."""

    watch: Watch
    account: int
    context: CaseContext

    @property
    def row(self) -> Account:
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Account, self.account)

    def at(self, element: str) -> CaseContext:
        """The same case at another step."""
        return replace(self.context, element=element)

    def unit(self) -> dict[str, Any]:
        return {"id": self.watch.unit, "code": "xx", "name": "信息学院"}


def order_review() -> Ordered:
    """审批人 orders a review of 信息之窗."""
    watch = build_watch()
    account_id = watch.enter(purpose="新闻", office="A101")
    return watch, account_id, watch.order(account_id)


def begin_acting(watch: Watch, account_id: int, case_id: int) -> Acting:
    """The ordered review, under way."""
    instance = db.session.get_one(ProcessInstance, case_id)
    filing_id = db.session.scalars(select(Filing.id).where(Filing.instance_id == instance.id)).one()
    pack = pinned(instance.definition_id).bundle.pack
    context = CaseContext(instance, filing_id, watch.user(watch.head), "Element", NOW, None, pack, "0" * 64)
    return Acting(watch, account_id, context)
