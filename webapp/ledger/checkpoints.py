"""Checkpoints: the log's size and root, signed with Ed25519, to be held outside.

The signing key is a file that only the signer's process reads, by default mode 0600 and outside the database. Whoever
holds the key and the database can still rewrite what no checkpoint held elsewhere covers; the verifier says so.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy import select

from .canonical import leaf_hash
from .errors import LedgerError
from .events import AnySession
from .merkle import Frontier
from .models import Checkpoint, LedgerHead, checkpoint_text
from .queries import rows

EVERY_EVENTS = 256
EVERY = timedelta(minutes=10)


class Signer:
    """Holds the private key of the checkpoints."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key: bytes = key.public_key().public_bytes_raw()

    @classmethod
    def from_file(cls, path: Path | str) -> "Signer":
        """The key in this PEM file, made on first use (0600; two processes at once get the same one).

        Raises LedgerError when others could read the file or it holds no Ed25519 key.
        """
        path = Path(path)
        if not path.exists():
            _create(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise LedgerError(
                "签名密钥文件对他人可读，应为 0600。", "The signing key's file is open to others: make it 0600."
            )
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as broken:
            raise LedgerError("签名密钥文件无法读取。", "The signing key's file can't be read.") from broken
        if not isinstance(key, Ed25519PrivateKey):
            raise LedgerError("签名密钥不是 Ed25519。", "The signing key isn't an Ed25519 key.")
        return cls(key)

    def sign(self, text: str) -> bytes:
        """The signature over the text's UTF-8; 64 bytes."""
        return self._key.sign(text.encode())


def checkpoint_needed(session: AnySession, institution_id: int, now: datetime) -> bool:
    """Whether 256 events, or 10 minutes with any event, have passed since the last checkpoint."""
    size = session.scalar(select(LedgerHead.size).where(LedgerHead.institution_id == institution_id)) or 0
    last = _last(session, institution_id)
    fresh = size - (last.size if last else 0)
    return fresh >= EVERY_EVENTS or (fresh > 0 and (last is None or now - last.at >= EVERY))


def checkpoint(
    session: AnySession, institution_id: int, signer: Signer, *, at: datetime | None = None
) -> Checkpoint | None:
    """Sign where the log stands; None when nothing was added since the last checkpoint.

    Signs only what it can show to be a continuation of the last one: every event since is hashed anew and must lead
    from that checkpoint's frontier to the head. Raises LedgerError where it doesn't. Run inside a transaction.
    """
    head = session.execute(
        select(LedgerHead.size, LedgerHead.frontier).where(LedgerHead.institution_id == institution_id)
    ).one_or_none()
    last = _last(session, institution_id)
    if head is None or (last is not None and head.size == last.size):
        return None
    frontier = Frontier.from_bytes(last.size, bytes(last.frontier)) if last else Frontier.empty()
    if last is not None and not (signature_holds(last) and frontier.root() == bytes(last.root)):
        raise _broken(last.size)
    for row in rows(session, institution_id, after=frontier.size):
        if row.seq > head.size:
            break
        if row.seq != frontier.size + 1 or leaf_hash(row._asdict()) != bytes(row.leaf_hash):
            raise _broken(row.seq)
        frontier.append(bytes(row.leaf_hash))
    if frontier.size != head.size or frontier.to_bytes() != bytes(head.frontier):
        raise _broken(frontier.size)
    now = (at or datetime.now(UTC)).astimezone(UTC)
    text = checkpoint_text(institution_id, frontier.size, frontier.root(), now, signer.public_key)
    made = Checkpoint(
        institution_id=institution_id,
        size=frontier.size,
        at=now,
        root=frontier.root(),
        frontier=frontier.to_bytes(),
        public_key=signer.public_key,
        signature=signer.sign(text),
    )
    session.add(made)
    session.flush()
    return made


def checkpoints(session: AnySession, institution_id: int) -> Iterable[Checkpoint]:
    """All checkpoints of an institution, smallest first."""
    query = select(Checkpoint).where(Checkpoint.institution_id == institution_id).order_by(Checkpoint.size)
    return session.scalars(query).all()


def signature_holds(made: Checkpoint) -> bool:
    """Whether the checkpoint's signature fits its text and the public key it names."""
    with suppress(InvalidSignature, ValueError):
        Ed25519PublicKey.from_public_bytes(bytes(made.public_key)).verify(
            bytes(made.signature), made.signed_text().encode()
        )
        return True
    return False


def _last(session: AnySession, institution_id: int) -> Checkpoint | None:
    query = select(Checkpoint).where(Checkpoint.institution_id == institution_id)
    return session.scalars(query.order_by(Checkpoint.size.desc()).limit(1)).one_or_none()


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    # A link appears whole or not at all, and never over the key another process has just made.
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _broken(seq: int) -> LedgerError:
    return LedgerError(
        f"账册在第 {seq} 号附近与上一检查点不相接，拒绝签名。请运行校验。",
        f"Near event {seq} the log doesn't continue its last checkpoint, so it isn't signed. Run the verification.",
    )
