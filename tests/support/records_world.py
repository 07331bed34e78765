"""A small school for the tests of records: units, people, one regulation with clauses in force and one repealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from webapp.extensions import db, transactional
from webapp.organization.models import Institution, Unit, User
from webapp.regulations.models import Article, Clause, Regulation

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
R = TypeVar("R")


@dataclass(frozen=True)
class World:
    """Ids only, as rows expire at every commit."""

    institution: int
    other_institution: int
    school: int
    college: int
    union: int
    office: int
    alice: int
    bob: int
    charlie: int
    stranger: int

    def user(self, user_id: int) -> User:
        found = db.session.get(User, user_id)
        assert found is not None
        return found

    @property
    def applicant(self) -> User:
        return self.user(self.alice)

    @property
    def head(self) -> User:
        return self.user(self.bob)


@transactional
def build_world() -> World:
    """Two institutions; 张老师 (permanent) and 王同学 (student) in 信息学院, 李老师 heads 宣传部."""
    here = _add(Institution(code="here", name_zh="示例职业技术学院", name_en="Example Polytechnic"))
    other = _add(Institution(code="other", name_zh="另一所学校"))
    school = _add(Unit(institution_id=here.id, code="school", name_zh="示例职业技术学院", kind="school"))

    def unit(code: str, name: str, parent: Unit = school) -> Unit:
        return _add(Unit(institution_id=here.id, code=code, name_zh=name, kind="department", parent_id=parent.id))

    college = unit("xx", "信息学院")
    union = unit("xx-tw", "信息学院团委", college)
    office = unit("xcb", "宣传部")

    def person(name: str, username: str, unit: Unit | None, **more: Any) -> User:
        institution = here if unit else other
        unit_id = unit.id if unit else None
        return _add(User(institution_id=institution.id, username=username, name_zh=name, unit_id=unit_id, **more))

    alice = person("张老师", "alice", college, email="alice@example.test")
    bob = person("李老师", "bob", office, email="bob@example.test", locale="en")
    charlie = person("王同学", "charlie", college, kind="student", permanent=False)
    stranger = person("陈老师", "stranger", None)
    _regulation(
        here.id, "rules", None, {"第四条": {"rules-4": "校名标识须经授权"}, "第十一条": {"rules-11.1": "先备案"}}
    )
    _regulation(here.id, "old", date(2020, 12, 31), {"第一条": {"old-1": "已废止"}})
    ids = (here, other, school, college, union, office, alice, bob, charlie, stranger)
    return World(*(row.id for row in ids))


def _regulation(institution_id: int, document: str, until: date | None, articles: dict[str, dict[str, str]]) -> None:
    regulation = _add(
        Regulation(
            institution_id=institution_id,
            document=document,
            title_zh=document,
            in_force_from=date(2018, 1, 1),
            in_force_to=until,
        )
    )
    for position, (number, clauses) in enumerate(articles.items()):
        article = _add(Article(regulation_id=regulation.id, number=number, position=position))
        for place, (code, duty) in enumerate(clauses.items()):
            ids = {"institution_id": institution_id, "article_id": article.id}
            _add(Clause(**ids, code=code, position=place, kind="rule", process="new_account", duty_zh=duty))


def _add(row: R) -> R:
    db.session.add(row)
    db.session.flush()
    return row


def statements(run: Callable[[], Any]) -> list[str]:
    """The SQL statements that `run` executes (an executemany counts once)."""
    from sqlalchemy import event

    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        run()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen
