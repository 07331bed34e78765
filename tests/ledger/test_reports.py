"""`beian ledger` over the whole application: its own transactions, its folds, its files."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from webapp.extensions import db, transactional
from webapp.ledger import LedgerError, drop_triggers, record, verifier
from webapp.ledger.reports import checkpoint_all, export_to, verify_all


@transactional
def tell(institution_id: int, *, fails: bool = False) -> None:
    record(
        db.session(),
        institution_id=institution_id,
        action="workflow:task:completed",
        actor_id=1,
        actor_label="张老师",
        object_type="task",
        object_id=1,
        kept={"decision": "approve"},
        erasable={},
    )
    if fails:
        raise ZeroDivisionError


def test_every_log_of_the_prepared_application_verifies(app: Flask) -> None:
    said: list[str] = []
    assert verify_all(None, said.append)
    assert sum(line.startswith("✓") for line in said) >= 2
    assert any("wzpt" in line for line in said)


def test_a_command_that_fails_leaves_no_event_to_the_next(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError):
        tell(1, fails=True)
    before = db.session.execute(text("SELECT size FROM ledger_head WHERE institution_id = 1")).scalar_one()
    tell(1)
    db.session.rollback()
    assert db.session.execute(text("SELECT size FROM ledger_head WHERE institution_id = 1")).scalar_one() == before + 1


def test_an_exported_file_passes_the_verifier_with_the_checkpoint_written_beside_it(app: Flask, tmp_path: Path) -> None:
    said: list[str] = []
    export_to("wzpt", tmp_path / "wzpt.zip", str(tmp_path / "ledger.key"), said.append)
    kept = tmp_path / "wzpt.checkpoint.json"
    assert verifier.main([str(tmp_path / "wzpt.zip"), "--checkpoint", str(kept)]) == 0
    assert sorted(path.name for path in tmp_path.glob("*wzpt*")) == ["wzpt.checkpoint.json", "wzpt.zip"]
    assert len(said) == 2


def test_an_unknown_institution_is_refused(app: Flask, tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        verify_all("nowhere", print)
    with pytest.raises(LedgerError):
        export_to("nowhere", tmp_path / "x.zip", str(tmp_path / "ledger.key"), print)


def test_a_tampered_log_is_told_and_not_signed_while_the_others_are(app: Flask, tmp_path: Path) -> None:
    key, said = str(tmp_path / "ledger.key"), list[str]()
    checkpoint_all(key, said.append)
    signed = [json.loads(line) for line in said]
    assert {one["institution_id"] for one in signed} >= {1, 2}
    tell(1)
    tell(2)
    with db.engine.connect().execution_options(write=True) as connection:
        drop_triggers(connection)
        size = signed[0]["size"] + 1
        connection.execute(text(f"UPDATE event SET action = 'x:y:z' WHERE institution_id = 1 AND seq = {size}"))
        connection.commit()
    said.clear()
    with pytest.raises(LedgerError):
        checkpoint_all(key, said.append)
    assert said[0].startswith("✗ ")
    assert json.loads(said[1])["institution_id"] == 2
    said.clear()
    assert not verify_all(None, said.append)
    assert any(f"第 {size} 号事件" in line for line in said)
