"""What stands in the register before a scenario begins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from webapp.definitions import queries as definitions
from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.commands import close_filing, file, register_account
from webapp.scenarios.documents import GivenAccount
from webapp.scenarios.errors import ScenarioFailed


@transactional
def register_given(institution_id: int, given: GivenAccount, now: datetime) -> None:
    """Enter an account by a filing of its own, as one that existed before the product did."""
    unit = unit_by_code(institution_id, given.unit)
    deployment = definitions.current_deployment(institution_id)
    clerk = db.session.scalar(select(User).where(User.institution_id == institution_id).order_by(User.id).limit(1))
    if unit is None or deployment is None or clerk is None:
        raise ScenarioFailed(f"no unit {given.unit}, no deployment or no people")
    series = definitions.bundle(deployment).pack.series("account")
    assert series is not None
    reference = f"existing-{given.platform}-{given.name}"
    filing = file(institution_id, reference=reference, kind="existing", filed_by=clerk, now=now, unit_id=unit.id)
    application = given.model_dump(exclude={"unit"}) | {"unit": {"id": unit.id, "code": unit.code}}
    register_account(
        filing.id, application, series="account", number_format=series.format, now=now, year=now.year, unit_id=unit.id
    )
    close_filing(filing.id, "recorded", now)
