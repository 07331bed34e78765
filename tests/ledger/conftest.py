"""A bare database with nothing but the ledger's tables: the ledger stands on no other package."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, Table, create_engine, delete
from sqlalchemy.orm import Session

from tests.support.postgres import Postgres
from webapp.extensions import Model, engine_options, prepare_engine
from webapp.ledger import (
    Checkpoint,
    Event,
    EventPayload,
    LedgerHead,
    Signer,
    append_collected,
    create_triggers,
    drop_triggers,
    record,
    verification,
)

TABLES = [cast(Table, model.__table__) for model in (Event, EventPayload, LedgerHead, Checkpoint)]
Tell = Callable[..., None]


def _make_tables(engine: Engine) -> None:
    with engine.connect().execution_options(write=True) as connection:
        Model.metadata.create_all(connection, tables=TABLES)
        connection.commit()


@pytest.fixture(scope="session")
def postgres_engine(postgres: Postgres) -> Iterator[Engine]:
    """A PostgreSQL database that holds the tables, for the whole run."""
    url = postgres.create_database()
    made = create_engine(url, **engine_options(url))
    _make_tables(made)
    yield made
    made.dispose()


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        drop_triggers(connection)
        for table in TABLES:
            connection.execute(delete(table))
        create_triggers(connection)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each database in turn, opened as the product opens it, with empty tables."""
    if request.param == "postgresql":
        made: Engine = request.getfixturevalue("postgres_engine")
        _empty(made)
    else:
        url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        made = create_engine(url, **engine_options(url))
        prepare_engine(made)
        _make_tables(made)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    # Applications made by other tests of this process have registered folds over tables that don't exist here.
    monkeypatch.setattr(verification, "_folds", {})
    with Session(engine) as opened:
        yield opened


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.from_file(tmp_path / "keys" / "ledger.key")


@pytest.fixture
def tell(session: Session) -> Tell:
    """Record and commit `count` events, one transaction for each."""

    def told(count: int = 1, *, institution_id: int = 1, **changed: Any) -> None:
        for number in range(count):
            facts: dict[str, Any] = {
                "action": "registry:account:registered",
                "actor_id": 7,
                "actor_label": "张老师",
                "object_type": "account",
                "object_id": number + 1,
                "kept": {"tier": "2", "filing_number": f"〔2026〕{number + 1:03d}", "followers": 1.5 * number},
                "erasable": {"first_responsible": "李老师", "phone": "13800000000"},
                "instance_id": 40 + number,
            }
            record(session, institution_id=institution_id, **(facts | changed))
            append_collected(session)
            session.commit()

    return told
