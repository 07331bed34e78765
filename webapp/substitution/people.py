"""Finding one person by name or number, as a form without scripts does it: search, then pick among those found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from webapp.extensions import db
from webapp.organization.models import User

LONGEST_QUERY = 60
MOST_FOUND = 12


def person(institution_id: int, user_id: int, *, inactive: bool = False) -> User | None:
    """A person of the institution, never the one the system speaks as; one who can log in, unless `inactive`."""
    found = db.session.scalar(
        select(User).where(User.institution_id == institution_id, User.id == user_id, User.kind != "system")
    )
    return found if found is not None and (found.active or inactive) else None


def search(institution_id: int, text: str, *, inactive: bool = False) -> Sequence[User]:
    """People whose name or login holds `text`, by name; a few more than are shown, so that one sees there are more."""
    if not text or len(text) > LONGEST_QUERY:
        return []
    columns = (User.name_zh, User.name_en, User.username)
    statement = (
        select(User)
        .where(User.institution_id == institution_id, User.kind != "system")
        .where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
        .options(joinedload(User.unit))
        .order_by(User.name_zh, User.id)
        .limit(MOST_FOUND + 1)
    )
    return db.session.scalars(statement if inactive else statement.where(User.active)).all()


@dataclass
class PersonField:
    """One person of a form: posted as `<name>-pick`, `<name>` (the id chosen before) and `<name>-query` (typed)."""

    name: str
    label: str
    help: str = ""
    chosen: User | None = None
    query: str = ""
    found: Sequence[User] = field(default_factory=list)
    error: str = ""

    @property
    def id(self) -> str:
        return f"field-{self.name}"

    @property
    def more(self) -> bool:
        """Whether there are more than are shown."""
        return len(self.found) > MOST_FOUND

    @property
    def shown(self) -> Sequence[User]:
        return self.found[:MOST_FOUND]

    def read(self, posted: Mapping[str, str], institution_id: int, *, inactive: bool = False) -> None:
        """Take what was posted: a pick, else the one chosen before while its name still stands, else a search."""
        self.query = " ".join(posted.get(f"{self.name}-query", "").split())[: LONGEST_QUERY + 1]
        self.chosen = self._by_id(posted.get(f"{self.name}-pick", ""), institution_id, inactive)
        if self.chosen is None:
            before = self._by_id(posted.get(self.name, ""), institution_id, inactive)
            if before is not None and self.query in ("", *_names(before)):
                self.chosen = before
        if self.chosen is None and self.query:
            self.found = search(institution_id, self.query, inactive=inactive)
            exact = [user for user in self.found if self.query in _names(user)]
            few = exact if len(exact) == 1 else self.found
            if len(few) == 1:
                self.chosen = few[0]
        if self.chosen is not None:
            self.found, self.query = [], self.chosen.name_zh

    def demand(self) -> bool:
        """Whether a person is chosen; else the sentence that says what to do stands in `error`."""
        if self.chosen is not None:
            return True
        if self.found:
            self.error = str(_("查到不止一人，请选定一人。"))
        elif self.query:
            self.error = str(_("没有查到“%(query)s”，请换姓名或账号名再查。", query=self.query[:20]))
        else:
            self.error = str(_("请选定一个人。"))
        return False

    def _by_id(self, text: str, institution_id: int, inactive: bool) -> User | None:
        # Only ids as this program writes them; what no row is numbered by is nobody.
        plain = text.isascii() and text.isdigit() and len(text) < 10
        return person(institution_id, int(text), inactive=inactive) if plain else None


def _names(user: User) -> tuple[str, ...]:
    return user.name_zh, user.username, *((user.name_en,) if user.name_en else ())
