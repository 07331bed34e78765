"""What a person may start about a registered account, for the account's page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for

from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.definitions.models import ProcessDefinition
from webapp.organization.models import User
from webapp.registry.models import Account
from webapp.registry.reach import reachable_account
from webapp.workflow import lodging
from webapp.workflow.binding import start_element
from webapp.workflow.starting import may_start


@dataclass(frozen=True)
class AccountAction:
    """A process about accounts; `obstacle` says why it cannot be started now, "" when it can."""

    href: str
    name: str
    summary: str
    obstacle: str


def account_actions(user: User, account: Account, locale: str) -> list[AccountAction]:
    """The processes this person may start about this account in its present state, as the pack lists them."""
    found = []
    for definition in definitions.newest_of_each(user.institution_id):
        bundle = definitions.bundle(definition.deployment)
        process = bundle.process(definition.key)
        if process.about != "account" or account.state not in process.account_states or not may_start(user, process):
            continue
        if not _in_reach(user, account, bundle, definition):
            continue
        summary = process.summary_en or process.summary_zh if locale == "en" else process.summary_zh
        href = url_for("inbox.start", process_key=definition.key, account=account.id)
        found.append(AccountAction(href, process.name(locale), summary, lodging.objection(process, account, {})))
    return found


def _in_reach(user: User, account: Account, bundle: Bundle, definition: ProcessDefinition) -> bool:
    """Whether the start form would take the account from this person."""
    schema = bundle.form(start_element(bundle, definition.key).form_key or "")
    field = schema.by_path.get(lodging.ACCOUNT)
    return field is not None and reachable_account(user, account.id, field.scope, field.states) is not None
