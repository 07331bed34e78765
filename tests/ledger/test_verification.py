"""What `verify` finds when somebody with the database's rights changed it."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.ledger import EventView, Problem, Report, Signer, checkpoint, drop_triggers, register_fold, verify
from webapp.ledger.events import AnySession
from webapp.ledger.problems import MOST_SHOWN

Tell = Callable[..., None]


@pytest.fixture
def told(session: Session, tell: Tell, signer: Signer) -> Session:
    tell(5)
    checkpoint(session, 1, signer)
    tell(3)
    drop_triggers(session.connection())
    session.commit()
    return session


def rules(report: Report) -> set[str]:
    return {problem.rule for problem in report.problems} - {"trigger"}


def test_an_untouched_log_verifies_and_says_what_it_saw(session: Session, tell: Tell, signer: Signer) -> None:
    tell(5)
    checkpoint(session, 1, signer)
    tell(2)
    report = verify(session, 1, trusted_keys=[signer.public_key])
    assert (report.ok, report.events, report.checkpoints, report.covered, report.problems) == (True, 7, 1, 5, [])
    assert report.sentence("zh") == "共 7 条事件，1 个检查点，0 条已删除个人信息：连续，未见改动。"
    assert report.sentence("en").endswith("unbroken, no change found.")


def test_an_institution_without_a_log_verifies(session: Session) -> None:
    assert verify(session, 5).ok


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE event SET object_id = '9' WHERE seq = 2", {"leaf", "root", "head"}),
        ("UPDATE event SET at = '2020-01-01 00:00:00' WHERE seq = 7", {"leaf", "head"}),
        ("UPDATE event SET leaf_hash = kept_commitment WHERE seq = 7", {"leaf"}),
        ("DELETE FROM event WHERE seq = 3", {"gap", "head", "orphan", "root"}),
        ("DELETE FROM event WHERE seq = 8", {"head", "orphan"}),
        ("DELETE FROM event WHERE seq > 3", {"head", "orphan", "truncated"}),
        ('UPDATE event_payload SET kept = \'{"tier":"1"}\' WHERE seq = 4', {"kept"}),
        ("UPDATE event_payload SET erasable = '{}' WHERE seq = 4", {"erasable"}),
        ("UPDATE event_payload SET erasable_salt = NULL WHERE seq = 4", {"erasable"}),
        ("UPDATE event_payload SET erasable = NULL, erasable_salt = NULL WHERE seq = 4", {"erasure"}),
        ("DELETE FROM event_payload WHERE seq = 4", {"payload"}),
        ("UPDATE checkpoint SET root = public_key", {"signature"}),
        ("UPDATE checkpoint SET size = 4", {"signature"}),
        ("UPDATE ledger_head SET size = 7", {"head"}),
        ("DELETE FROM ledger_head", {"head"}),
    ],
)
def test_a_change_is_found_and_named(told: Session, change: str, found: set[str]) -> None:
    told.execute(text(change))
    told.commit()
    report = verify(told, 1)
    assert not report.ok
    assert rules(report) == found
    for problem in report.problems:
        assert problem.sentence.endswith("。")
        assert problem.sentence_en.endswith(".")


def test_a_checkpoint_of_another_key_is_not_trusted(told: Session, tmp_path: object) -> None:
    stranger = Signer.from_file(f"{tmp_path}/stranger.key")
    assert rules(verify(told, 1, trusted_keys=[stranger.public_key])) == {"key"}


def test_a_long_list_of_problems_is_counted_but_cut(told: Session, tell: Tell) -> None:
    tell(MOST_SHOWN)
    told.execute(text("UPDATE event_payload SET kept = '{}'"))
    told.commit()
    report = verify(told, 1)
    assert report.found > MOST_SHOWN
    assert len(report.problems) == MOST_SHOWN


def test_a_registered_fold_sees_every_event_and_its_problems_are_reported(session: Session, tell: Tell) -> None:
    tell(3)

    def accounts(_session: AnySession, _institution_id: int, events: Iterator[EventView]) -> Iterable[Problem]:
        missing = [event for event in events if event.object_id == "2"]
        return [Problem(one.seq, "registry", "登记簿少了一个账号。", "An account is missing.") for one in missing]

    register_fold("accounts", accounts)
    assert [(problem.seq, problem.rule) for problem in verify(session, 1).problems] == [(2, "registry")]


def test_no_table_is_compared_with_a_forged_log(told: Session) -> None:
    register_fold(
        "never", lambda _session, _institution_id, _events: [Problem(None, "never", "不应运行。", "Must not run.")]
    )
    assert rules(verify(told, 1)) == {"fold"}
