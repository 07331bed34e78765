"""`can` and `visible` say the same about every row, and what they say is what the words of the policy say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, g
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from webapp.bulletins.models import Bulletin
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.handover.models import Handover
from webapp.organization import policy
from webapp.organization.models import Delegation, RoleGrant, Unit, User
from webapp.organization.policy import can, has_role, may, visible
from webapp.organization.queries import institution, local_day
from webapp.registry.models import Account, Measure
from webapp.workflow.models import ProcessInstance, Seat, UserTask

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ROLES = ("unit_head", "publicity_head", "process_owner", "auditor", "audit_admin", "system_admin", "security_admin")
CODES = ("wzpt", "zzlg")
NOUNS = (
    *(ProcessInstance, Seat, Account, StoredFile, Bulletin, Measure, Campaign, CampaignItem),
    *(Delegation, Handover),
)

person = st.integers(0, 5)  # even numbers belong to the first institution
place = st.integers(0, 3)
day = st.integers(-2, 2)
maybe = st.none()


@dataclass(frozen=True)
class Granted:
    """`person` holds `role` in the unit `place` of the institution `school`, from and to days counted from today."""

    person: int
    role: str
    school: int
    place: int
    since: int
    until: int | None

    @property
    def holds(self) -> bool:
        return self.since <= 0 and (self.until is None or self.until >= 0)


@dataclass(frozen=True)
class Placed:
    """One seat: the queue is (role, school, place)."""

    queue: tuple[str, int, int] | None
    holder: int | None
    answered_by: int | None
    state: str


@dataclass(frozen=True)
class Case:
    school: int
    applicant: int
    seats: list[Placed]
    uploads: list[tuple[int, bool]]  # whose, and whether the case has filed it


GRANTS = st.builds(
    Granted,
    person=person,
    role=st.sampled_from(ROLES),
    school=st.integers(0, 1),
    place=place,
    since=day,
    until=st.one_of(maybe, day),
)
SEATS = st.builds(
    Placed,
    queue=st.one_of(maybe, st.tuples(st.sampled_from(ROLES[:3]), st.integers(0, 1), place)),
    holder=st.one_of(maybe, person),
    answered_by=st.one_of(maybe, person),
    state=st.sampled_from(["open", "answered", "void", "waiting"]),
)
CASES = st.builds(
    Case,
    school=st.integers(0, 1),
    applicant=person,
    seats=st.lists(SEATS, max_size=3),
    uploads=st.lists(st.tuples(person, st.booleans()), max_size=2),
)


@dataclass
class Rows:
    """What one example put into the database, by kind."""

    users: list[User] = field(default_factory=list)
    cases: list[tuple[Case, ProcessInstance]] = field(default_factory=list)
    seats: list[tuple[Case, Placed, Seat]] = field(default_factory=list)
    files: list[tuple[Case, int, bool, StoredFile]] = field(default_factory=list)
    accounts: list[tuple[int, Account]] = field(default_factory=list)
    bulletins: list[tuple[int, Bulletin]] = field(default_factory=list)
    measures: list[tuple[int, Measure]] = field(default_factory=list)

    campaigns: list[tuple[int, Campaign]] = field(default_factory=list)
    items: list[tuple[Case, CampaignItem]] = field(default_factory=list)
    rules: list[Delegation] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)

    def of(self, noun: type) -> list[Any]:
        lists: dict[type, list[Any]] = {
            ProcessInstance: [row for _, row in self.cases],
            Seat: [row for *_, row in self.seats],
            StoredFile: [row for *_, row in self.files],
            Account: [row for _, row in self.accounts],
            Bulletin: [row for _, row in self.bulletins],
            Measure: [row for _, row in self.measures],
            Campaign: [row for _, row in self.campaigns],
            CampaignItem: [row for _, row in self.items],
            Delegation: self.rules,
            Handover: self.handovers,
        }
        return lists[noun]


@contextmanager
def filled(grants: list[Granted], cases: list[Case], inactive: set[int]) -> Iterator[Rows]:
    """The example's rows, in a transaction that is undone afterwards."""
    db.session.rollback()
    rows, today = Rows(), local_day(datetime.now(UTC))
    schools = [found for code in CODES if (found := institution(code))]
    units = [
        db.session.scalars(select(Unit).where(Unit.institution_id == school.id).limit(4)).all() for school in schools
    ]
    definitions = [
        db.session.scalars(select(ProcessDefinition).where(ProcessDefinition.institution_id == school.id)).first()
        for school in schools
    ]

    def add(row: Any) -> Any:
        db.session.add(row)
        db.session.flush()
        return row

    try:
        for number in range(6):
            school = schools[number % 2]
            user = User(
                institution_id=school.id, username=f"p{number}", name_zh=f"人{number}", active=number not in inactive
            )
            rows.users.append(add(user))
        for grant in set(grants):
            values = {"since": today + timedelta(days=grant.since)}
            until = None if grant.until is None else today + timedelta(days=grant.until)
            unit = units[grant.school][grant.place]
            held = RoleGrant(
                institution_id=rows.users[grant.person].institution_id, user_id=rows.users[grant.person].id
            )
            held.role, held.unit_id, held.valid_from, held.valid_to = grant.role, unit.id, values["since"], until
            taken = select(RoleGrant.id).where(
                RoleGrant.user_id == held.user_id,
                RoleGrant.role == held.role,
                RoleGrant.unit_id == held.unit_id,
                RoleGrant.valid_from == held.valid_from,
            )
            if db.session.scalar(taken) is None:
                add(held)
        for number, case in enumerate(cases):
            here, unit = schools[case.school].id, units[case.school][0].id
            definition = definitions[case.school]
            assert definition is not None
            instance = ProcessInstance(
                institution_id=here, definition_id=definition.id, reference=f"r{number}", title_zh="题"
            )
            instance.applicant_id, instance.unit_id, instance.filed_at = rows.users[case.applicant].id, unit, NOW
            rows.cases.append((case, add(instance)))
            task = UserTask(institution_id=here, instance=instance, element="E", token="t", round=1, opened_at=NOW)
            add(task)
            for placed in case.seats:
                queue = None
                if placed.queue is not None:
                    role, school_number, at = placed.queue
                    queue = f"{role}:{units[school_number][at].id}"
                seat = Seat(institution_id=here, task=task, instance_id=instance.id, queue=queue, urgency=NOW)
                seat.state = placed.state
                seat.holder_id = None if placed.holder is None else rows.users[placed.holder].id
                seat.answered_by_id = None if placed.answered_by is None else rows.users[placed.answered_by].id
                rows.seats.append((case, placed, add(seat)))
            for place_of_file, (whose, filed) in enumerate(case.uploads):
                uploader = rows.users[whose]
                stored = StoredFile(
                    institution_id=here, key=f"k{number}-{place_of_file}", name="a.pdf", media_type="x/y"
                )
                stored.size, stored.sha256, stored.uploaded_by_id, stored.uploaded_at = 1, "0", uploader.id, NOW
                stored.content, stored.instance_id = b"x", instance.id if filed else None
                rows.files.append((case, whose, filed, add(stored)))
            account = Account(
                institution_id=here, filing_number=f"n{number}", platform="weibo", name="号", unit_id=unit
            )
            account.registered_at = NOW
            rows.accounts.append((case.school, add(account)))
            bulletin = Bulletin(institution_id=here, number=f"b{number}", title_zh="题", body_zh="文", published_at=NOW)
            rows.bulletins.append((case.school, add(bulletin)))
            measure = Measure(institution_id=here, kind="warning", unit_id=unit, year=2026, recorded_at=NOW)
            rows.measures.append((case.school, add(measure)))
            campaign = Campaign(institution_id=here, key="yearly_review", process="p", targets="accounts", name_zh="审")
            campaign.period, campaign.opens_on, campaign.last_day = f"p{number}", today, today
            campaign.opens_at = campaign.ends_at = NOW
            rows.campaigns.append((case.school, add(campaign)))
            item = CampaignItem(institution_id=here, campaign=campaign, target="t", name="号", unit_id=unit)
            item.applicant_id = rows.users[case.applicant].id
            rows.items.append((case, add(item)))
        # Of the first institution: a rule that has run out, so that it lets nobody see anything else, and a hand-over.
        one, other, third = (rows.users[number].id for number in (0, 2, 4))
        ended = Delegation(institution_id=schools[0].id, principal_id=one, substitute_id=other, created_at=NOW)
        ended.valid_from = ended.valid_to = today - timedelta(days=9)
        rows.rules.append(add(ended))
        handed = Handover(institution_id=schools[0].id, leaver_id=one, successor_id=other, ordered_by_id=third)
        handed.reason, handed.ordered_at = "离职", NOW
        rows.handovers.append(add(handed))
        g.pop("held_queues", None)
        yield rows
    finally:
        g.pop("held_queues", None)
        db.session.rollback()


def _queues(who: int, grants: list[Granted]) -> set[tuple[str, int, int]]:
    return {(grant.role, grant.school, grant.place) for grant in grants if grant.person == who and grant.holds}


def _sees_seat(who: int, placed: Placed, grants: list[Granted]) -> bool:
    return who in (placed.holder, placed.answered_by) or placed.queue in _queues(who, grants)


def _audits(who: int, grants: list[Granted]) -> bool:
    return any(role in ("auditor", "audit_admin") for role, *_ in _queues(who, grants))


def _oversees(who: int, grants: list[Granted]) -> bool:
    return _audits(who, grants) or any(role == "publicity_head" for role, *_ in _queues(who, grants))


def _sees_case(who: int, case: Case, grants: list[Granted]) -> bool:
    if who % 2 != case.school:
        return False
    return case.applicant == who or _audits(who, grants) or any(_sees_seat(who, seat, grants) for seat in case.seats)


def _sees_item(who: int, case: Case, grants: list[Granted]) -> bool:
    """One's own, those of a unit one holds a role in, all for who audits or (wzpt's pack) leads the yearly review."""
    if who % 2 != case.school:
        return False
    held = _queues(who, grants)
    leads = case.school == 0 and any(role == "publicity_head" for role, *_ in held)
    in_unit = any((school, at) == (case.school, 0) for _role, school, at in held)
    return case.applicant == who or in_unit or leads or _audits(who, grants)


def _administers(who: int, grants: list[Granted]) -> bool:
    return _audits(who, grants) or any(role == "system_admin" for role, *_ in _queues(who, grants))


def expected(who: int, rows: Rows, grants: list[Granted]) -> dict[type, set[int]]:
    """What the person may see, restated from the words of the policy over the example itself."""
    return {
        ProcessInstance: {row.id for case, row in rows.cases if _sees_case(who, case, grants)},
        Seat: {
            row.id
            for case, placed, row in rows.seats
            if who % 2 == case.school and (_audits(who, grants) or _sees_seat(who, placed, grants))
        },
        Account: {row.id for school, row in rows.accounts if who % 2 == school},
        Bulletin: {row.id for school, row in rows.bulletins if who % 2 == school},
        Measure: {
            row.id
            for school, row in rows.measures
            if who % 2 == school and (_oversees(who, grants) or ("unit_head", school, 0) in _queues(who, grants))
        },
        Campaign: {row.id for school, row in rows.campaigns if who % 2 == school},
        CampaignItem: {row.id for case, row in rows.items if _sees_item(who, case, grants)},
        Delegation: {row.id for row in rows.rules if who % 2 == 0 and (who in (0, 2) or _administers(who, grants))},
        Handover: {row.id for row in rows.handovers if who % 2 == 0 and _administers(who, grants)},
        StoredFile: {
            row.id
            for case, whose, filed, row in rows.files
            if who % 2 == case.school and (whose == who or (filed and _sees_case(who, case, grants)))
        },
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    grants=st.lists(GRANTS, max_size=8),
    cases=st.lists(CASES, min_size=1, max_size=3),
    inactive=st.sets(person, max_size=1),
)
def test_a_person_may_view_exactly_the_rows_a_query_shows(
    app: Flask, grants: list[Granted], cases: list[Case], inactive: set[int]
) -> None:
    with filled(grants, cases, inactive) as rows:
        for number, user in enumerate(rows.users):
            right = expected(number, rows, grants)
            for noun in NOUNS:
                made = {row.id for row in rows.of(noun)}
                shown = set(db.session.scalars(visible(user, select(noun.id), noun))) & made
                assert shown == (set() if number in inactive else right[noun]), (noun.__name__, number)
                if ("view", noun) in policy._rules:
                    assert {row.id for row in rows.of(noun) if can(user, "view", row)} == shown, (noun.__name__, number)


def test_every_noun_with_a_visibility_is_in_the_property_above(app: Flask) -> None:
    assert set(policy._visibility) <= set(NOUNS), "generate rows of the new noun, and say who sees them"
    assert {noun for action, noun in policy._rules if action == "view"} <= set(policy._visibility)


@pytest.mark.parametrize(
    ("since", "until", "holds"), [(0, 0, True), (-1, -1, False), (1, None, False), (-5, None, True)]
)
def test_a_role_holds_from_its_first_to_its_last_day(
    app: Flask, person: Callable[[str], User], since: int, until: int | None, holds: bool
) -> None:
    today, user = local_day(datetime.now(UTC)), person("wzpt.zhang")
    last = None if until is None else today + timedelta(days=until)
    row = RoleGrant(institution_id=user.institution_id, user_id=user.id, role="auditor", unit_id=user.unit_id)
    row.valid_from, row.valid_to = today + timedelta(days=since), last
    db.session.add(row)
    db.session.flush()
    assert has_role(user, "auditor") is holds
    assert may(user, "ledger.read") is holds


def test_what_no_rule_allows_is_refused(app: Flask, person: Callable[[str], User]) -> None:
    user = person("wzpt.feng")
    assert not can(user, "view", object())
    assert not can(user, "erase", user)
    assert not may(user, "no.such.permission")
    assert db.session.scalars(visible(user, select(User), User)).all() == []


def test_who_has_left_may_do_nothing(app: Flask, person: Callable[[str], User]) -> None:
    auditor = person("wzpt.feng")
    assert may(auditor, "ledger.read")
    auditor.active = False
    assert not may(auditor, "ledger.read")
    assert not may(auditor, "signed_in")
    db.session.rollback()
