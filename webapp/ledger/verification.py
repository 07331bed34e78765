"""Verifying an institution's log inside the database: every hash anew, every checkpoint, and the registered folds."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Row, exists, func, select

from .canonical import commitment, leaf_hash
from .checkpoints import checkpoints, signature_holds
from .erasure import ERASED
from .events import AnySession
from .merkle import Frontier
from .models import Checkpoint, Event, EventPayload, LedgerHead
from .problems import Problem, Report
from .queries import EventView, rows, snapshot, stream
from .triggers import missing_triggers

# A fold reads all events of an institution, oldest first, and says where the tables it keeps don't follow from them.
Fold = Callable[[AnySession, int, Iterator[EventView]], Iterable[Problem]]
_folds: dict[str, Fold] = {}


def register_fold(name: str, fold: Fold) -> None:
    """Let `verify` compare a package's tables with the log; the same name again replaces the fold."""
    _folds[name] = fold


def verify(session: AnySession, institution_id: int, *, trusted_keys: Collection[bytes] | None = None) -> Report:
    """Check the whole log of an institution; reads only, and on PostgreSQL only what is committed.

    `trusted_keys` are raw Ed25519 public keys the checkpoints may be signed with; without them a checkpoint is only
    held against the key it names itself. The folds run when the log itself is sound: a forged log proves nothing.
    """
    report = Report(institution_id)
    with snapshot(session) as reading:
        _check_log(report, reading, trusted_keys)
        _check_database(report, reading)
        if _folds and not report.ok:
            report.note(
                None, "fold", "账册本身不符，未再与登记簿比对", "the log isn't sound, so no table was compared with it"
            )
        elif report.ok:
            for fold in _folds.values():
                for problem in fold(reading, institution_id, stream(reading, institution_id)):
                    report.add(problem)
    return report


def _check_log(report: Report, session: AnySession, trusted: Collection[bytes] | None) -> None:
    signed = {one.size: one for one in checkpoints(session, report.institution_id)}
    report.checkpoints = len(signed)
    frontier, erased = Frontier.empty(), _erased_by_events(session, report.institution_id)
    expected = 0
    for row in rows(session, report.institution_id):
        report.events, expected = report.events + 1, expected + 1
        if row.seq != expected:
            report.note(
                row.seq, "gap", f"序号不连续，应为 {expected}", f"numbers don't follow, {expected} was expected"
            )
            expected = row.seq
        _check_payload(report, row, row.seq in erased)
        leaf = leaf_hash(row._asdict())
        if leaf != row.leaf_hash:
            report.note(row.seq, "leaf", "内容与摘要值不符", "its content doesn't have the stored hash")
        frontier.append(leaf)
        if row.seq in signed:
            _check_checkpoint(report, signed.pop(row.seq), frontier.root(), trusted)
    report.root = frontier.root().hex()
    for size in sorted(signed):
        report.note(size, "truncated", "账册短于一个检查点", "the log is shorter than a checkpoint")
    _check_head(report, session, frontier)


def _check_payload(report: Report, row: Row[Any], erased: bool) -> None:
    if row.kept is None:
        report.note(row.seq, "payload", "内容缺失", "its payload is missing")
        return
    if not _opens(row.kept_salt, row.kept, row.kept_commitment):
        report.note(row.seq, "kept", "保留的事实被改动", "its kept facts were changed")
    if row.erasable is None:
        gone = row.erasable_commitment is not None
        report.erased += gone
        if gone and not erased:
            report.note(row.seq, "erasure", "个人信息无删除记录而消失", "its personal fields are gone unrecorded")
    elif not _opens(row.erasable_salt, row.erasable, row.erasable_commitment):
        report.note(row.seq, "erasable", "个人信息被改动", "its personal fields were changed")
    elif erased:
        report.note(row.seq, "erasure", "记为已删除，个人信息却仍在", "recorded as erased, yet its fields are there")


def _opens(salt: object, text: object, committed: object) -> bool:
    # SQLite lets any type into any column, so what a stranger wrote there may not even be bytes.
    return isinstance(salt, bytes) and isinstance(text, str) and commitment(salt, text) == committed


def _check_checkpoint(report: Report, one: Checkpoint, root: bytes, trusted: Collection[bytes] | None) -> None:
    if not signature_holds(one):
        report.note(one.size, "signature", "检查点签名无效", "its checkpoint's signature doesn't hold")
    elif trusted is not None and one.public_key not in trusted:
        report.note(one.size, "key", "检查点由未知密钥签名", "its checkpoint is signed with an unknown key")
    elif root != one.root:
        report.note(one.size, "root", "与检查点的根不符", "the log up to it doesn't have its checkpoint's root")
    else:
        report.covered = one.size


def _check_head(report: Report, session: AnySession, frontier: Frontier) -> None:
    query = select(LedgerHead.size, LedgerHead.frontier).where(LedgerHead.institution_id == report.institution_id)
    head = session.execute(query).one_or_none()
    size, stored = (head.size, head.frontier) if head else (0, b"")
    if size != frontier.size:
        zh, en = f"账头记 {size} 条，实有 {frontier.size} 条", f"the head says {size} events, there are {frontier.size}"
        report.note(None, "head", zh, en)
    elif stored != frontier.to_bytes():
        report.note(None, "head", "账头与事件不符", "the head doesn't follow from the events")


def _check_database(report: Report, session: AnySession) -> None:
    own = EventPayload.institution_id == report.institution_id
    told = exists().where(Event.institution_id == EventPayload.institution_id, Event.seq == EventPayload.seq)
    if orphans := session.scalar(select(func.count()).select_from(EventPayload).where(own, ~told)):
        report.note(None, "orphan", f"有 {orphans} 份内容没有事件", f"{orphans} payloads belong to no event")
    for name in missing_triggers(session.connection()):
        report.note(None, "trigger", f"数据库触发器 {name} 缺失", f"the database lacks the trigger {name}")


def _erased_by_events(session: AnySession, institution_id: int) -> set[int]:
    same = (Event.institution_id == EventPayload.institution_id) & (Event.seq == EventPayload.seq)
    query = select(EventPayload.kept).join(Event, same)
    seqs: set[int] = set()
    for kept in session.scalars(query.where(Event.institution_id == institution_id, Event.action == ERASED)):
        try:
            seqs.update(json.loads(kept)["seqs"])
        except (ValueError, KeyError, TypeError):
            # Not what `erase` wrote: its commitment fails too, and is reported at that event.
            continue
    return seqs
