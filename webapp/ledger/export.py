"""The bundle an auditor takes away: one zip of JSON lines that `verifier.py` checks offline.

`header.json`, `events.jsonl` (each line the leaf's facts, the leaf's hash, the payload with its salts),
`checkpoints.jsonl`, `verifier.py` and `README.txt`. Hashes and salts are lower-case hex.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Row, select

from .canonical import canonical, iso, leaf_facts
from .checkpoints import checkpoints
from .events import AnySession
from .merkle import Frontier
from .models import LedgerHead
from .queries import rows, snapshot

FORMAT = "beian-ledger-1"
_README = """备案账册导出包 / Exported ledger bundle

校验（需要 Python 3.11 与 cryptography）：
To verify (needs Python 3.11 and cryptography):

    python verifier.py <this bundle>.zip --checkpoint <checkpoint you kept>.json

请使用另行取得的 verifier.py 与检查点；包内的一份只为方便。
Use a verifier.py and a checkpoint you got another way; the copy in here is a convenience.
"""


def export(session: AnySession, institution_id: int, target: BinaryIO, *, institution: str = "") -> int:
    """Write an institution's whole log into `target` (a seekable binary file); returns the number of events.

    `institution` is its name, for the reader. On PostgreSQL only what is committed is exported.
    """
    with snapshot(session) as reading, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        query = select(LedgerHead.size, LedgerHead.frontier).where(LedgerHead.institution_id == institution_id)
        head = reading.execute(query).one_or_none()
        frontier = Frontier.from_bytes(head.size, head.frontier) if head else Frontier.empty()
        header = {
            "format": FORMAT,
            "institution_id": institution_id,
            "institution": institution,
            "exported_at": iso(datetime.now(UTC)),
            "size": frontier.size,
            "root": frontier.root().hex(),
        }
        bundle.writestr("header.json", json.dumps(header, ensure_ascii=False, indent=1))
        written = _lines(bundle, "events.jsonl", (line(row) for row in rows(reading, institution_id)))
        _lines(bundle, "checkpoints.jsonl", (one.as_json() for one in checkpoints(reading, institution_id)))
        bundle.writestr("README.txt", _README)
        bundle.write(Path(__file__).with_name("verifier.py"), "verifier.py")
    return written


def line(row: Row[Any]) -> dict[str, Any]:
    """One event as it stands in the bundle."""
    return {
        **leaf_facts(row._asdict()),
        "leaf_hash": bytes(row.leaf_hash).hex(),
        "kept": _read(row.kept),
        "kept_salt": _hex(row.kept_salt),
        "erasable": _read(row.erasable),
        "erasable_salt": _hex(row.erasable_salt),
    }


def _lines(bundle: zipfile.ZipFile, name: str, lines: Iterator[dict[str, Any]]) -> int:
    written = 0
    with bundle.open(name, "w", force_zip64=True) as file:
        for content in lines:
            file.write(canonical(content).encode() + b"\n")
            written += 1
    return written


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).hex()
