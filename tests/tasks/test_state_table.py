"""docs/state-table.md, cell by cell: what each person may do with a seat in each state, on both databases.

Every state is prepared once per database; each cell is one command inside a transaction that is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import pytest
from flask import Flask

from tests.conftest import BACKENDS
from tests.tasks.office import NOW, Office, find_office, fresh, grounds_of, later
from webapp.config import ROOT
from webapp.errors import BeianError
from webapp.extensions import db
from webapp.organization.models import User
from webapp.tasks import adding, handing, suspending, taking_back
from webapp.workflow import commands
from webapp.workflow.filing import Submission
from webapp.workflow.models import Seat

PAGE = ROOT / "docs" / "state-table.md"
WHO = ("holder", "colleague", "other", "applicant", "substitute", "administrator", "outsider")
Act = Callable[[User, "Place"], Any]


class Place(NamedTuple):
    """A prepared seat: its case, the seat, the seat below it that is waited for (else itself), and who is who."""

    case: int
    seat: int
    version: int
    below: int
    people: dict[str, int | None]
    asked: int
    given: int


def _words(decision: str) -> Submission:
    return Submission(decision, "意见如上", grounds_of(decision))


def _deciding(decision: str) -> Act:
    return lambda actor, at: commands.answer(actor, at.seat, at.version, _words(decision), now=later(days=1))


def _adding(kind: str) -> Act:
    return lambda actor, at: adding.add_signers(actor, at.seat, at.version, kind, [at.asked], "")


def _back(actor: User, at: Place) -> Any:
    return commands.return_to(actor, at.seat, at.version, "First", _words("return"), now=later(days=1))


ACTIONS: dict[str, Act] = {
    "claim": lambda actor, at: commands.claim(actor, at.seat, at.version),
    "unclaim": lambda actor, at: commands.unclaim(actor, at.seat, at.version),
    "approve": _deciding("approve"),
    "reject": _deciding("reject"),
    "return": _back,
    "request_correction": _deciding("request_correction"),
    "agree": _deciding("agree"),
    "transfer": lambda actor, at: handing.transfer(actor, at.seat, at.version, at.given, ""),
    "delegate": lambda actor, at: handing.delegate(actor, at.seat, at.version, at.asked, ""),
    "recall": lambda actor, at: handing.recall(actor, at.below),
    "add_before": _adding("before"),
    "add_after": _adding("after"),
    "remove_signer": lambda actor, at: adding.remove_signer(actor, at.below),
    "take_back": lambda actor, at: taking_back.take_back(actor, at.seat),
    "reassign": lambda actor, at: handing.reassign(actor, at.seat, at.given, "休假"),
    "release": lambda actor, at: handing.release(actor, at.seat, "休假"),
    "suspend": lambda actor, at: suspending.suspend(actor, at.case, "待核实"),
    "resume": lambda actor, at: suspending.resume(actor, at.case, "已核实", now=later(days=2)),
    "terminate": lambda actor, at: suspending.terminate(actor, at.case, "账号已不存在"),
    "withdraw": lambda actor, at: commands.cancel(actor, at.case),
}


def _arrived(office: Office) -> Seat:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    return office.seat(case, "Second")


def _claimed(office: Office) -> Seat:
    seat = _arrived(office)
    commands.claim(office.user("head1"), seat.id, seat.version, now=NOW)
    return office.seat(seat.instance_id, "Second")


def _asking(office: Office, kind: str) -> Seat:
    seat = _claimed(office)
    if kind == "delegate":
        handing.delegate(office.user("head1"), seat.id, seat.version, office.id("expert"), "", now=NOW)
    else:
        adding.add_signers(office.user("head1"), seat.id, seat.version, kind, [office.id("expert")], "", now=NOW)
    return office.seat(seat.instance_id, "Second", "head1")


def _to_confirm(office: Office) -> Seat:
    seat = _asking(office, "after")
    office.answer(seat, "head1")
    return office.last(seat.instance_id, "Second")


def _transferred(office: Office) -> Seat:
    seat = _claimed(office)
    handing.transfer(office.user("head1"), seat.id, seat.version, office.id("head2"), "", now=NOW)
    return office.seat(seat.instance_id, "Second")


def _suspended(office: Office) -> Seat:
    seat = _claimed(office)
    suspending.suspend(office.user("admin"), seat.instance_id, "待核实", now=NOW)
    return office.seat(seat.instance_id, "Second")


def _in_line(office: Office) -> Seat:
    case = office.start("signed_sequence")
    office.decide(case, "First", "clerk1")
    return office.seat(case, "Sign", "head2")


def _answered(office: Office) -> Seat:
    seat = _claimed(office)
    office.answer(seat, "head1")
    return office.last(seat.instance_id, "Second")


def _void(office: Office) -> Seat:
    seat = _claimed(office)
    commands.cancel(office.user("zhang"), seat.instance_id, now=NOW)
    fresh()
    return db.session.get_one(Seat, seat.id)


def _opinion(office: Office) -> Seat:
    return office.seat(_asking(office, "delegate").instance_id, "Second", "expert", "delegate")


_ASKED: dict[str, str | None] = {"other": "expert"}
# Each state: how a seat comes to it, and who differs from the usual people there.
STATES: dict[str, tuple[Callable[[Office], Seat], dict[str, str | None]]] = {
    "unclaimed": (_arrived, {"holder": None}),
    "claimed": (_claimed, {}),
    "delegated": (lambda office: _asking(office, "delegate"), _ASKED),
    "asked_before": (lambda office: _asking(office, "before"), _ASKED),
    "to_be_confirmed": (_to_confirm, _ASKED),
    "opinion": (_opinion, {"holder": "expert", "other": "head1"}),
    "transferred": (_transferred, {"holder": "head2", "colleague": "head1"}),
    "suspended": (_suspended, {}),
    "in_sequence": (_in_line, {"holder": "head2", "colleague": "head1"}),
    "answered": (_answered, {}),
    "void": (_void, {}),
}
_USUAL: dict[str, str | None] = {
    "holder": "head1",
    "colleague": "head2",
    "other": None,
    "applicant": "zhang",
    "substitute": "stand_in",
    "administrator": "admin",
    "outsider": "stranger",
}


def prepare(office: Office) -> dict[str, Place]:
    """One case in each state; 代理老师 stands in for both heads."""
    for principal in ("head1", "head2"):
        office.stand_in(principal)
    made, asked, given = {}, office.id("expert2"), office.id("head3")
    for state, (come, differing) in STATES.items():
        seat = come(office)
        awaited = [s.id for s in seat.task.seats if s.parent_id == seat.id]
        below = awaited[0] if awaited else seat.id
        place = (seat.instance_id, seat.id, seat.version, below)
        people = {who: office.id(login) if login else None for who, login in {**_USUAL, **differing}.items()}
        made[state] = Place(*place, people, asked, given)
    return made


def attempt(place: Place, action: str, who: str) -> str:
    """What comes of it: "—" for nobody, "可" when done, else the refusal's class and sentence. Nothing is kept."""
    user_id = place.people[who]
    if user_id is None:
        return "—"
    session = db.session()
    session.rollback()
    session.info["transactional"] = True
    try:
        session.connection(execution_options={"write": True} if db.engine.dialect.name == "sqlite" else None)
        ACTIONS[action](session.get_one(User, user_id), place)
        session.flush()
    except BeianError as refused:
        return f"{type(refused).__name__}: {refused.sentence}"
    finally:
        session.rollback()
        session.info.clear()
    return "可"


class Cell(NamedTuple):
    state: str
    action: str
    who: str
    said: str


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [part.strip() for part in line.strip("|").split("|")]


def cells() -> list[Cell]:
    """Every cell of the page's tables of states."""
    found = []
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        state = re.findall(r"`(\w+)`", part.splitlines()[0])
        if not state or state[0] not in STATES:
            continue
        head, *rows = _rows(part)
        people = [re.findall(r"`(\w+)`", name)[0] for name in head[1:]]
        for row in rows:
            action = re.findall(r"`(\w+)`", row[0])[0]
            found += [Cell(state[0], action, who, said) for who, said in zip(people, row[1:], strict=True)]
    return found


def refusals() -> dict[str, tuple[str, str]]:
    """What the page's letters stand for: the class of the error, and how its sentence begins."""
    part = PAGE.read_text(encoding="utf-8").split("## 拒绝")[1].split("\n## ")[0]
    return {row[0]: (row[1].strip("`"), row[2]) for row in list(_rows(part))[1:]}


@pytest.fixture(scope="module", params=BACKENDS)
def places(request: pytest.FixtureRequest, opened: Callable[[str], Flask]) -> Iterator[dict[str, Place]]:
    """The seats, one in each state, in a database of their own."""
    with opened(request.param).app_context():
        yield prepare(find_office())
        db.session.remove()
        db.engine.dispose()


def test_the_page_has_a_cell_for_every_state_action_and_person() -> None:
    expected = [(state, action, who) for state in STATES for action in ACTIONS for who in WHO]
    assert [cell[:3] for cell in cells()] == expected
    assert set(LEGEND) == {cell.said for cell in cells()} - {"可", "—"}


def rows_of_cells() -> list[list[Cell]]:
    """The cells, row by row: one action in one state, by each person."""
    return [list(row) for _key, row in groupby(cells(), key=lambda cell: cell[:2])]


@pytest.mark.parametrize("row", rows_of_cells(), ids=lambda row: "-".join(row[0][:2]))
def test_what_each_cell_of_the_row_says_is_so(places: dict[str, Place], row: list[Cell]) -> None:
    happened = {cell: attempt(places[cell.state], cell.action, cell.who) for cell in row}
    assert {cell.who: said for cell, said in happened.items() if not _as_told(cell, said)} == {}


def _as_told(cell: Cell, happened: str) -> bool:
    if cell.said in ("可", "—"):
        return happened == cell.said
    kind, sentence = LEGEND[cell.said]
    return happened.startswith(f"{kind}: ") and sentence in happened


LEGEND = refusals()
