"""Checkpoints: the key's file, when one is due, and what the signer refuses to sign."""

import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.ledger import LedgerError, Signer, checkpoint, checkpoint_needed, drop_triggers
from webapp.ledger.checkpoints import signature_holds

Tell = Callable[..., None]


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "ledger.key"
    first = Signer.from_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer.from_file(path).public_key == first.public_key
    assert [entry.name for entry in path.parent.iterdir()] == ["ledger.key"]


def test_many_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    barrier, keys = threading.Barrier(8), set[bytes]()

    def make() -> None:
        barrier.wait()
        keys.add(Signer.from_file(tmp_path / "ledger.key").public_key)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1


def test_a_key_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    Signer.from_file(path)
    os.chmod(path, 0o640)
    with pytest.raises(LedgerError, match="0600"):
        Signer.from_file(path)


def test_a_file_that_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"nonsense", rsa):
        path.write_bytes(content)
        os.chmod(path, 0o600)
        with pytest.raises(LedgerError):
            Signer.from_file(path)


def test_a_checkpoint_is_due_after_256_events_or_ten_minutes(session: Session, tell: Tell, signer: Signer) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert not checkpoint_needed(session, 1, now)
    tell(1)
    assert checkpoint_needed(session, 1, now)
    checkpoint(session, 1, signer, at=now)
    assert not checkpoint_needed(session, 1, now + timedelta(hours=1))
    tell(255)
    assert not checkpoint_needed(session, 1, now + timedelta(minutes=9))
    assert checkpoint_needed(session, 1, now + timedelta(minutes=10))
    tell(1)
    assert checkpoint_needed(session, 1, now)


def test_nothing_new_is_not_signed_again(session: Session, tell: Tell, signer: Signer) -> None:
    assert checkpoint(session, 1, signer) is None
    tell(3)
    made = checkpoint(session, 1, signer)
    assert made is not None
    assert (made.size, signature_holds(made)) == (3, True)
    assert checkpoint(session, 1, signer) is None


def test_a_checkpoint_says_the_same_after_a_round_through_the_database(
    session: Session, tell: Tell, signer: Signer
) -> None:
    tell(2)
    made = checkpoint(session, 1, signer, at=datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC))
    assert made is not None
    before = made.as_json()
    session.commit()
    session.expire_all()
    assert made.as_json() == before
    assert before["at"] == "2026-03-02T01:02:03.000004+00:00"
    assert signature_holds(made)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event SET action = 'x:y:z' WHERE seq = 6",
        "UPDATE event SET leaf_hash = kept_commitment WHERE seq = 6",
        "DELETE FROM event WHERE seq = 6",
        "DELETE FROM event WHERE seq = 7",
        "UPDATE ledger_head SET frontier = (SELECT frontier FROM checkpoint), size = 5",
        "UPDATE checkpoint SET public_key = root",
    ],
)
def test_the_signer_refuses_a_log_that_does_not_continue_the_last_checkpoint(
    session: Session, tell: Tell, signer: Signer, change: str
) -> None:
    tell(4)
    checkpoint(session, 1, signer)
    tell(3)
    drop_triggers(session.connection())
    session.execute(text(change))
    session.commit()
    with pytest.raises(LedgerError, match="doesn't continue"):
        checkpoint(session, 1, signer)
