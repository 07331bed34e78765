"""Forms of steps: which form a start or a task has, bound for one person, and its uploads stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.definitions.models import ProcessDefinition
from webapp.engine import Element
from webapp.errors import BeianError
from webapp.files.commands import UploadLimits, upload
from webapp.formkit import BoundForm, FileInfo, FormSchema, bind
from webapp.organization.models import Unit, User
from webapp.organization.queries import local_day
from webapp.registry.models import Account
from webapp.registry.queries import account as find_account
from webapp.workflow import lodging, queries
from webapp.workflow.context import specs
from webapp.workflow.facts import account_of_case, case_facts, facts_to_be
from webapp.workflow.lookups import InstitutionLookups
from webapp.workflow.models import ProcessInstance, Seat

# The account whose registered values a start form was shown with.
ACCOUNT_SHOWN = "account_shown"
PAGE_NAMES = (
    *("decision", "opinion", "grounds", "return_to", "opinion-files", "seat_version", "submission_key", "draft"),
    ACCOUNT_SHOWN,
)
# Decisions that do not need the step's form to be complete.
LENIENT = ("reject", "request_correction", "return")
Posted = MultiDict[str, str]
Uploads = MultiDict[str, Any]


def start_element(bundle: Bundle, key: str) -> Element:
    """The user task every process begins with."""
    return bundle.definition(key, specs()).elements["Application"]


def bind_start(
    user: User,
    definition: ProcessDefinition,
    *,
    account_id: int | None = None,
    posted: Posted | None = None,
    uploads: Uploads | None = None,
    locale: str = "zh",
    now: datetime | None = None,
    refill: bool = False,
) -> BoundForm:
    """The start form of a process for `user`: empty with prefills, or as posted (or drafted).

    `case.account` is the account picked in the field `account`, at first the one of `account_id`. `refill` is for a
    form that is only shown anew: where another account was picked, what is registered of it takes the old one's place.
    """
    bundle = definitions.bundle(definition.deployment)
    process = bundle.process(definition.key)
    schema = bundle.form(start_element(bundle, definition.key).form_key or "")
    context = facts_to_be(user, bundle.pack.institution.code)
    more: dict[str, Any] = {"drivers": lodging.drivers(process)}
    if process.about != "account":
        return _bind(schema, user, bundle, context, None, posted, uploads, locale, now, **more)
    picked = account_id
    if posted is not None:
        first = _bind(schema, user, bundle, context, None, posted, None, locale, now)
        picked = lodging.account_id(first.answers)
        shown = posted.get(ACCOUNT_SHOWN, "")
        if refill and shown != str(picked or ""):
            more["before"] = {**context, "account": _registered(user, bundle, row_number_of(shown))}
    context["account"] = _registered(user, bundle, picked)
    bound = _bind(schema, user, bundle, context, None, posted, uploads, locale, now, **more)
    account = _account(user, picked)
    sentence = lodging.objection(process, account, bound.answers) if account is not None else ""
    if sentence:
        bound.refuse(lodging.ACCOUNT, sentence)
    return bound


def row_number_of(text: str) -> int | None:
    """The id a page posted of a row; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _account(user: User, account_id: int | None) -> Account | None:
    return find_account(user.institution_id, account_id) if account_id is not None else None


def _registered(user: User, bundle: Bundle, account_id: int | None) -> dict[str, Any] | None:
    account = _account(user, account_id)
    return account_of_case(account, bundle.pack) if account is not None else None


def bind_task(
    user: User,
    seat: Seat,
    *,
    posted: Posted | None = None,
    uploads: Uploads | None = None,
    locale: str = "zh",
    now: datetime | None = None,
) -> BoundForm | None:
    """The form of a task for `user`, None when the step asks nothing beyond the decision.

    An application opened again for correction starts from what was filed last, one the system left to its applicant
    from what it was given to start with.
    """
    instance = seat.task.instance
    pinned = definitions.pinned(instance.definition_id)
    bundle = pinned.bundle
    element = bundle.definition(pinned.key, specs()).elements[seat.task.element]
    if not element.form_key:
        return None
    earlier, more = None, dict[str, Any]()
    if element.id == "Application":
        more["drivers"] = lodging.drivers(bundle.process(pinned.key))
        if posted is None:
            earlier = queries.newest_answers(instance.id).get("Application")
            more["offered"] = instance.prefill
    context = instance_facts(instance, bundle)
    schema = bundle.form(element.form_key)
    return _bind(schema, user, bundle, context, instance.id, posted, uploads, locale, now, answers=earlier, **more)


def instance_facts(instance: ProcessInstance, bundle: Bundle) -> dict[str, Any]:
    """The `case` object of a running case; until its application is filed the account is told as it stands now."""
    unit: Unit = instance.unit
    facts = case_facts(instance, unit, instance.applicant, bundle.pack.institution.code)
    if facts["filed_at"] is None and instance.account_id is not None:
        account = find_account(instance.institution_id, instance.account_id)
        facts["account"] = account_of_case(account, bundle.pack) if account is not None else None
    return facts


def _bind(
    schema: FormSchema,
    user: User,
    bundle: Bundle,
    context: Mapping[str, Any],
    instance_id: int | None,
    posted: Posted | None,
    uploads: Uploads | None,
    locale: str,
    now: datetime | None,
    **more: Any,
) -> BoundForm:
    moment = now or datetime.now(UTC)
    return bind(
        schema,
        InstitutionLookups(user, bundle, context, instance_id),
        context,
        posted=posted,
        uploads=uploads,
        locale=locale,
        signer=user.name_zh,
        now=moment,
        today=local_day(moment, bundle.pack.institution.time_zone),
        page_names=PAGE_NAMES,
        **more,
    )


def store_uploads(bound: BoundForm, user: User, bundle: Bundle, *, now: datetime | None = None) -> None:
    """Keep the files that came with a post, so that a refused form keeps them; a bad one is named at its field."""
    limits = bundle.pack.limits
    for pending in bound.pending_uploads:
        types = tuple(ending.lstrip(".") for ending in pending.accept) or limits.types
        allowed = UploadLimits(limits.attachment_mb * 1024 * 1024, types)
        content = pending.item.read(allowed.max_bytes + 1)
        try:
            stored = upload(user, pending.item.filename, content, allowed, now or datetime.now(UTC))
        except BeianError as error:
            bound.refuse(pending.name, error.sentence)
        else:
            bound.attach(pending.name, FileInfo(stored.key, stored.name, stored.size, stored.sha256))


def judged(bound: BoundForm, decision: str) -> bool:
    """Whether the step's form stands in the way of `decision`.

    Agreeing or receiving needs the whole form; who refuses, asks for correction or sends back need not first
    tick and sign what only agreement asks for.
    """
    return bound.validate() or decision in LENIENT


def filed(bound: BoundForm, decision: str) -> dict[str, Any]:
    """The answers to file: all of a valid form, else (for a lenient decision) those that were in order."""
    if decision not in LENIENT:
        return bound.answers
    wrong = {name.split("-", 1)[0] for name in bound.errors}
    return {key: value for key, value in bound.answers.items() if key not in wrong}
