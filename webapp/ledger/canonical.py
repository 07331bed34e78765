"""Bytes that are hashed: canonical JSON, commitments and leaves. The same few rules stand in `verifier.py`.

Canonical JSON: object keys are strings sorted by code point, no spaces, UTF-8 with no escapes but those JSON demands,
numbers as Python's `repr` writes them (whole numbers without a point), no NaN or infinity.

A commitment is SHA-256(salt || canonical JSON), its salt 16 random bytes of its own. Without the salt nobody can
try likely values against it, so erasing text and salt erases the fact.

A leaf's text is the canonical JSON of `LEAF_FIELDS` and "format": instants as ISO 8601 UTC with six digits, hashes as
lower-case hex. The leaf is SHA-256(0x00 || text), a node SHA-256(0x01 || left || right): RFC 6962, 2.1.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from .errors import LedgerError

LEAF_FORMAT = 1
LEAF_FIELDS = (
    "institution_id",
    "seq",
    "at",
    "actor_id",
    "system_actor",
    "on_behalf_of",
    "action",
    "object_type",
    "object_id",
    "instance_id",
    "task_id",
    "deployment_hash",
    "kept_commitment",
    "erasable_commitment",
)


def canonical(value: Any) -> str:
    """The canonical JSON text of plain JSON values; LedgerError for anything else (dates, sets, NaN, other keys)."""
    _check_plain(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError as broken:
        raise _not_plain("含不完整的字符", "holds half a character") from broken
    return text


def commitment(salt: bytes, text: str) -> bytes:
    """SHA-256 over the salt and the canonical text; 32 bytes."""
    return sha256(salt + text.encode()).digest()


def leaf_hash(event: Mapping[str, Any]) -> bytes:
    """The Merkle leaf of an event given by its column names (`at` aware, commitments as bytes); 32 bytes."""
    return sha256(b"\x00" + canonical(leaf_facts(event)).encode()).digest()


def leaf_facts(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the leaf commits to, as plain JSON values."""
    return {"format": LEAF_FORMAT, **{name: _as_json(event[name]) for name in LEAF_FIELDS}}


def iso(at: datetime) -> str:
    """An instant as it is hashed and exported: UTC, six digits."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _check_plain(value: Any) -> None:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise _not_plain("的键不是文字", "has a key that isn't text")
        for member in value.values():
            _check_plain(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _check_plain(member)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _not_plain("含非有限数", "holds a number that isn't finite")
    elif value is not None and not isinstance(value, str | int | float):
        raise _not_plain(f"含 {type(value).__name__}", f"holds a {type(value).__name__}")


def _not_plain(zh: str, en: str) -> LedgerError:
    return LedgerError(f"记入账册的内容{zh}。", f"What is to be recorded {en}.")
