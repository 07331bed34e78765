"""What `beian ledger` does: verify, export and sign the logs of this installation, telling of it line by line."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import column, select, table

from webapp.extensions import db, transactional

from .checkpoints import Signer, checkpoint, checkpoints
from .errors import LedgerError
from .export import export
from .models import Checkpoint
from .verification import verify

Echo = Callable[[str], None]
# Only to name the logs: the ledger stands below the package whose table this is, and must not import it.
_INSTITUTION = table("institution", column("id"), column("code"), column("name_zh"))


class _Institution(NamedTuple):
    id: int
    code: str
    name_zh: str


def verify_all(code: str | None, echo: Echo) -> bool:
    """Verify every institution's log, or the one of `code`; whether all are sound. LedgerError for an unknown code."""
    sound = True
    for one in _institutions(code):
        report = verify(db.session(), one.id)
        sound = sound and report.ok
        echo(f"{'✓' if report.ok else '✗'} {one.code} {one.name_zh}")
        echo(f"  {report.sentence('zh')} {report.sentence('en')}")
        echo(f"  root {report.root}")
        for problem in report.problems:
            echo(f"  ✗ {problem.sentence} {problem.sentence_en}")
        if report.found > len(report.problems):
            echo(f"  ✗ … +{report.found - len(report.problems)}")
    return sound


def export_to(code: str, target: Path, key_file: str, echo: Echo) -> None:
    """Sign the log of `code` and write its bundle to `target`, whole or not at all; beside it the newest checkpoint.

    The checkpoint's file is the one to keep elsewhere. LedgerError for an unknown code or a log that can't be signed.
    """
    (one,) = _institutions(code)
    _sign(one.id, key_file)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            count = export(db.session(), one.id, file, institution=one.name_zh)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    echo(f"{target}: {count} 条事件 / {count} events")
    if newest := list(checkpoints(db.session(), one.id))[-1:]:
        kept = target.with_suffix(".checkpoint.json")
        kept.write_text(_line(newest[0]) + "\n", encoding="utf-8")
        echo(f"{kept}: 请另行保存此检查点 / keep this checkpoint elsewhere")


def checkpoint_all(key_file: str, echo: Echo) -> None:
    """Sign every log that grew since its last checkpoint and tell each new checkpoint as one line of JSON.

    A log that can't be signed doesn't keep the others from it; its LedgerError is raised at the end.
    """
    refused: LedgerError | None = None
    for one in _institutions(None):
        try:
            made = _sign(one.id, key_file)
        except LedgerError as error:
            echo(f"✗ {one.code}: {error}")
            refused = error
            continue
        if made:
            echo(made)
    if refused:
        raise refused


@transactional
def _sign(institution_id: int, key_file: str) -> str | None:
    made = checkpoint(db.session(), institution_id, Signer.from_file(key_file))
    return _line(made) if made else None


def _line(made: Checkpoint) -> str:
    return json.dumps(made.as_json(), ensure_ascii=False)


def _institutions(code: str | None) -> list[_Institution]:
    query = select(_INSTITUTION.c.id, _INSTITUTION.c.code, _INSTITUTION.c.name_zh).order_by(_INSTITUTION.c.id)
    wanted = query if code is None else query.where(_INSTITUTION.c.code == code)
    found = [_Institution(*row) for row in db.session.execute(wanted)]
    if code is not None and not found:
        raise LedgerError(f"没有代码为“{code}”的院校。", f"There is no institution “{code}”.")
    return found
