"""Measures, reviews and assessments: what became of an account or a unit under the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy import or_, select

from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.organization.models import Unit
from webapp.organization.queries import local_day
from webapp.organization.queries import unit as unit_by_id
from webapp.registry import events
from webapp.registry.models import Account, Assessment, Measure, Review
from webapp.registry.queries import Narrow
from webapp.registry.rows import lock_account
from webapp.registry.standing import BY_ITSELF, MadeBy

Row = TypeVar("Row", Measure, Review, Assessment)
KINDS = (
    *("accountability", "circular", "criticism", "closure_order", "referral"),
    *("legal_liability", "veto", "ineligible", "warning"),
)
RESULTS = ("passed", "failed", "rectify", "closing")


@transactional
def record_measure(
    institution_id: int,
    kind: str,
    note: str,
    *,
    account_id: int | None = None,
    unit_id: int | None = None,
    persons: Sequence[Mapping[str, Any]] = (),
    authority: str = "",
    article: str = "",
    now: datetime,
    made_by: MadeBy = BY_ITSELF,
) -> Measure:
    """Record that a measure was taken, on an account (then on its unit too), a unit, or people.

    Raises Invalid for a kind that is none of KINDS, NotFound for an account or unit the institution does not have.
    """
    if kind not in KINDS:
        raise Invalid(_("没有“%(kind)s”这种措施。", kind=kind))
    if account_id is not None:
        unit_id = unit_id or lock_account(institution_id, account_id).unit_id
    if unit_id is not None:
        _unit(institution_id, unit_id)
    row = Measure(
        institution_id=institution_id,
        kind=kind,
        note=note,
        account_id=account_id,
        unit_id=unit_id,
        persons=[dict(person) for person in persons],
        authority=authority[:200],
        article=article[:60],
        year=local_day(now).year,
        filing_id=made_by.filing_id,
        decision_id=made_by.decision_id,
        recorded_at=now,
    )
    return _keep(events.MEASURED, row, made_by)


@transactional
def record_review(
    institution_id: int,
    account_id: int,
    period: str,
    result: str,
    *,
    note: str = "",
    now: datetime,
    made_by: MadeBy = BY_ITSELF,
) -> Review:
    """Record how an account came through the review of a period: one row for each account and period.

    Raises Invalid for a result that is none of RESULTS, NotFound, Refused when the period is reviewed already.
    """
    if result not in RESULTS:
        raise Invalid(_("没有“%(result)s”这种审查结果。", result=result))
    account = lock_account(institution_id, account_id)
    given = select(Review.id).where(Review.account_id == account_id, Review.period == period)
    if db.session.scalar(given) is not None:
        raise Refused(_("“%(name)s” %(period)s 的审查结果已登记。", name=account.name, period=period))
    row = Review(
        institution_id=institution_id,
        account_id=account_id,
        period=period[:20],
        result=result,
        note=note,
        filing_id=made_by.filing_id,
        decision_id=made_by.decision_id,
        recorded_at=now,
    )
    return _keep(events.REVIEWED, row, made_by)


@transactional
def record_assessment(
    institution_id: int,
    unit_id: int,
    year: int,
    points: float,
    *,
    eligible: bool = True,
    vetoed: bool = False,
    items: Sequence[Any] = (),
    now: datetime,
    made_by: MadeBy = BY_ITSELF,
) -> Assessment:
    """Record what a unit was given for a year; a later one supersedes it, and both stay. Raises NotFound."""
    _unit(institution_id, unit_id)
    row = Assessment(
        institution_id=institution_id,
        unit_id=unit_id,
        year=year,
        points=points,
        eligible=eligible,
        vetoed=vetoed,
        items=list(items),
        filing_id=made_by.filing_id,
        decision_id=made_by.decision_id,
        recorded_at=now,
    )
    return _keep(events.ASSESSED, row, made_by)


def measures_of_account(institution_id: int, account_id: int) -> Sequence[Measure]:
    """The measures on an account, newest first."""
    wanted = (Measure.institution_id == institution_id, Measure.account_id == account_id)
    return db.session.scalars(select(Measure).where(*wanted).order_by(Measure.id.desc())).all()


def measures_of_year(
    institution_id: int, year: int, *, narrow: Narrow, before: int | None = None, limit: int = 30
) -> Sequence[tuple[Measure, Account | None]]:
    """The measures of a year with the accounts they are on, newest first; `narrow` leaves what one may see."""
    statement = (
        select(Measure, Account)
        .outerjoin(Account, Account.id == Measure.account_id)
        .where(Measure.institution_id == institution_id, Measure.year == year)
        .order_by(Measure.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Measure.id < before)
    return [(row[0], row[1]) for row in db.session.execute(narrow(statement))]


def years_of_measures(institution_id: int) -> Sequence[int]:
    """The years in which measures were taken, newest first."""
    statement = select(Measure.year).where(Measure.institution_id == institution_id).distinct()
    return db.session.scalars(statement.order_by(Measure.year.desc())).all()


def measures_of_unit(institution_id: int, unit_id: int, year: int) -> Sequence[Measure]:
    """The measures of a year on a unit, those under it, and their accounts, oldest first."""
    within = _within(institution_id, unit_id)
    accounts = select(Account.id).where(Account.institution_id == institution_id, Account.unit_id.in_(within))
    return db.session.scalars(
        select(Measure)
        .where(Measure.institution_id == institution_id, Measure.year == year)
        .where(or_(Measure.unit_id.in_(within), Measure.account_id.in_(accounts)))
        .order_by(Measure.id)
    ).all()


def reviews_of_account(institution_id: int, account_id: int) -> Sequence[Review]:
    """The reviews of an account, newest first."""
    wanted = (Review.institution_id == institution_id, Review.account_id == account_id)
    return db.session.scalars(select(Review).where(*wanted).order_by(Review.id.desc())).all()


def assessment_of(institution_id: int, unit_id: int, year: int) -> Assessment | None:
    """What a unit was given for a year, as it stands."""
    wanted = (Assessment.institution_id == institution_id, Assessment.unit_id == unit_id, Assessment.year == year)
    return db.session.scalar(select(Assessment).where(*wanted).order_by(Assessment.id.desc()).limit(1))


def _within(institution_id: int, unit_id: int) -> list[int]:
    """The unit and all below it."""
    parents = db.session.execute(select(Unit.id, Unit.parent_id).where(Unit.institution_id == institution_id)).all()
    found = [unit_id]
    for at in found:
        found += [row.id for row in parents if row.parent_id == at]
    return found


def _unit(institution_id: int, unit_id: int) -> None:
    if unit_by_id(institution_id, unit_id) is None:
        raise NotFound(_("没有这个单位。"))


def _keep(action: str, row: Row, made_by: MadeBy) -> Row:
    db.session.add(row)
    db.session.flush()
    events.recorded(action, row, made_by.actor, made_by.instance_id)
    return row
