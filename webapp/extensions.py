"""The application's shared objects and its only commit point.

Everything that changes the database runs inside a function decorated with `transactional`; it opens one write
transaction, runs the registered before-commit hooks (the ledger appends last), and commits once.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

import orjson
from flask_babel import Babel
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import JSON, DateTime, Engine, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

P = ParamSpec("P")
R = TypeVar("R")

# Json values as they travel between forms, engine and database.
type_json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Json = type_json


def _from_json(stored: str | bytes | int | float) -> Any:
    """What a JSON column holds; SQLite keeps a lone number as a number, whatever text was put in."""
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC. Refuses naive values: a missing zone is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# What a command has written is what is there: after its commit nothing needs to be read again. What it has not
# written it reads afresh, since every command begins with a rollback.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
if TYPE_CHECKING:
    Model = Base  # Flask-SQLAlchemy makes db.Model of it at run time, which type checkers cannot follow
else:
    Model = db.Model
migrate = Migrate()
login_manager = LoginManager()
babel = Babel()
csrf = CSRFProtect()


def _client_address() -> str:
    from flask import request

    return request.remote_addr or "unknown"


limiter = Limiter(key_func=_client_address)


class FirstComeLock:
    """A lock granted in the order it was asked for, so that under load no writer starves."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    def __enter__(self) -> None:
        with self._mutex:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()

    def __exit__(self, *exc: object) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False


# What a process has read of a database and never changes there, by the engine it was read through.
_memories: WeakKeyDictionary[Engine, dict[str, dict[Any, Any]]] = WeakKeyDictionary()


def remembered(what: str) -> dict[Any, Any]:
    """What this process remembers of `what` in the database at hand; to be filled by the caller."""
    return _memories.setdefault(db.engine, {}).setdefault(what, {})


def forget_remembered() -> None:
    """For whoever puts another database at the same address."""
    _memories.pop(db.engine, None)


_sqlite_writer = FirstComeLock()
before_commit: list[Callable[[Session], None]] = []
after_commit: list[Callable[[Session], None]] = []
_ACTIVE = "transactional"
_WORK_WAITS = "work waits"


class BrokenTransactionError(RuntimeError):
    """A statement failed, somebody went on all the same, and a commit would silently lose what came before."""


class _NoLock:
    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


_no_lock = _NoLock()


def transactional(command: Callable[P, R]) -> Callable[P, R]:
    """Run `command` in one write transaction and commit it once; a nested command joins the outer one.

    Ends the caller's read transaction first (objects loaded earlier are expired and reload on access), so that
    what the command reads is what it writes upon. Any exception rolls everything back and is raised on.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = cast(Session, db.session())
        if session.info.get(_ACTIVE):
            return command(*args, **kwargs)
        sqlite = db.engine.dialect.name == "sqlite"
        if sqlite or not _goes_on(session):
            session.rollback()
        session.expire_all()  # a rollback expires nothing where no transaction was open
        with _sqlite_writer if sqlite else _no_lock:
            session.info[_ACTIVE] = True
            try:
                session.connection(execution_options={"write": True} if sqlite else None)
                result = command(*args, **kwargs)
                session.flush()
                for hook in before_commit:
                    hook(session)
                _refuse_broken(session)
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.info.clear()
        for hook in after_commit:
            hook(session)
        return result

    return run


def _goes_on(session: Session) -> bool:
    """Whether PostgreSQL's read transaction may become the command's: whole, and with nothing pending in it.

    Under READ COMMITTED each statement sees what is committed then, so ending it would only cost three trips.
    """
    if not session.in_transaction() or not session.is_active or session.new or session.dirty or session.deleted:
        return False
    raw: Any = session.connection().connection.driver_connection
    return bool(raw.info.transaction_status.name in ("INTRANS", "IDLE"))


def in_transaction() -> bool:
    """True while a `transactional` command runs in this thread's session."""
    return bool(cast(Session, db.session()).info.get(_ACTIVE))


def work_waits() -> None:
    """Say that this transaction leaves rows for the background jobs, which are told of it once, at the commit."""
    cast(Session, db.session()).info[_WORK_WAITS] = True


def has_work_waiting(session: Session) -> bool:
    """Whether `work_waits` was called in this transaction."""
    return bool(session.info.get(_WORK_WAITS))


def _refuse_broken(session: Session) -> None:
    """Raise BrokenTransactionError where the database has given the transaction up.

    PostgreSQL answers COMMIT after a failed statement with a rollback and no error; SQLite rolls back by itself
    when the disk is full, and its driver then finds nothing to commit.
    """
    session.flush()
    raw: Any = session.connection().connection.driver_connection
    if db.engine.dialect.name == "sqlite":
        alive = bool(raw.in_transaction)
    else:
        # Idle is a transaction that has sent nothing yet.
        alive = raw.info.transaction_status.name in ("INTRANS", "IDLE")
    if not alive:
        raise BrokenTransactionError("the database gave this transaction up; nothing of it was kept")


def engine_options(url: str) -> dict[str, Any]:
    """Options for `create_engine`: own JSON codec, and SQLite's newest library where a wheel carries one.

    SQLite before 3.51.3 has a defect in WAL reset, so the standard library's copy keeps the rollback journal.
    """
    options: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(),
        "json_deserializer": _from_json,
    }
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 30, "check_same_thread": False}
        try:
            import pysqlite3.dbapi2 as newest
        except ImportError:
            return options
        options["module"] = newest
    else:
        # Stated, for `transactional` rests on it and a server may have another default.
        options |= {"isolation_level": "READ COMMITTED", "pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}
    return options


def prepare_engine(engine: Engine) -> None:
    """Attach the SQLite hooks: explicit BEGIN (IMMEDIATE for writers), foreign keys, durable commits."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA synchronous=FULL")
    version = tuple(int(part) for part in cursor.execute("select sqlite_version()").fetchone()[0].split("."))
    cursor.execute(f"PRAGMA journal_mode={'WAL' if version >= (3, 51, 3) else 'DELETE'}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("write"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN")  # locks nothing and so never fails; the long way round costs as much as a read
