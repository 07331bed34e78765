"""Erasing personal fields leaves the log whole and says that it was done."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.ledger import EventPayload, LedgerError, append_collected, drop_triggers, erase, stream, verify

Tell = Callable[..., None]


def erased(session: Session, *seqs: int) -> list[int]:
    gone = erase(session, institution_id=1, seqs=seqs, reason="保存期满", actor_id=2, actor_label="赵老师")
    append_collected(session)
    session.commit()
    return gone


def test_personal_fields_go_and_the_kept_facts_stay(session: Session, tell: Tell) -> None:
    tell(4)
    assert erased(session, 3, 2) == [2, 3]
    told = list(stream(session, 1))
    assert [one.erased for one in told] == [False, True, True, False, False]
    assert (told[1].kept["tier"], told[1].erasable, told[1].actor_label, told[1].actor_id) == ("2", None, "", 7)
    assert (told[4].action, told[4].kept) == ("ledger:payload:erased", {"seqs": [2, 3], "reason": "保存期满"})
    salts = session.scalars(select(EventPayload.erasable_salt).where(EventPayload.seq.in_([2, 3])))
    assert list(salts) == [None, None]
    report = verify(session, 1)
    assert (report.ok, report.erased) == (True, 2)


def test_what_is_already_erased_is_passed_over_without_an_event(session: Session, tell: Tell) -> None:
    tell(2)
    erased(session, 1)
    assert erased(session, 1) == []
    assert len(list(stream(session, 1))) == 3


def test_an_event_of_another_institution_or_none_is_refused(session: Session, tell: Tell) -> None:
    tell(1)
    tell(2, institution_id=2)
    with pytest.raises(LedgerError):
        erased(session, 1, 2)


def test_an_erasure_undone_behind_the_ledgers_back_is_found(session: Session, tell: Tell) -> None:
    tell(2)
    text_before, salt_before = session.execute(select(EventPayload.erasable, EventPayload.erasable_salt)).first() or (
        "",
        b"",
    )
    erased(session, 1)
    drop_triggers(session.connection())
    put_back = text("UPDATE event_payload SET erasable = :text, erasable_salt = :salt WHERE seq = 1")
    session.execute(put_back, {"text": text_before, "salt": salt_before})
    session.commit()
    assert [(one.seq, one.rule) for one in verify(session, 1).problems if one.rule != "trigger"] == [(1, "erasure")]
