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
from .queries import EventView, rows, stream
from .triggers import missing_triggers

# A fold reads all events of an institution, oldest first, and says where the tables it keeps don't follow from them.
Fold = Callable[[AnySession, int, Iterator[EventView]], Iterable[Problem]]
_folds: dict[str, Fold] = {}


def register_fold(name: str, fold: Fold) -> None:
    """Let `verify` compare a package's tables with the log; the same name again replaces the fold."""
    _folds[name] = fold


def verify(session: AnySession, institution_id: int, *, trusted_keys: Collection[bytes] | None = None) -> Report:
    """Check the whole log of an institution; reads only.

    `trusted_keys` are raw Ed25519 public keys the checkpoints may be signed with; without them a checkpoint is only
    held against the key it names itself. Call it in one transaction so that head and events belong together.
    """
    report = Report(institution_id)
    signed = {one.size: one for one in checkpoints(session, institution_id)}
    report.checkpoints = len(signed)
    frontier, expected = Frontier.empty(), _erased_by_events(session, institution_id)
    for row in rows(session, institution_id):
        report.events += 1
        if row.seq != report.events:
            report.add(
                _problem(row.seq, "gap", f"序号不连续：应为 {report.events}", f"expected number {report.events}")
            )
            report.events = row.seq
        _check_payload(report, row, row.seq in expected)
        leaf = leaf_hash(row._asdict())
        if leaf != bytes(row.leaf_hash):
            report.add(_problem(row.seq, "leaf", "内容与摘要值不符", "its content doesn't have the stored hash"))
        frontier.append(leaf)
        if row.seq in signed:
            _check_checkpoint(report, signed.pop(row.seq), frontier.root(), trusted_keys)
    report.root = frontier.root().hex()
    for size in signed:
        report.add(_problem(size, "truncated", "检查点之后账册被截短", "the log ends before a checkpoint's size"))
    _check_head(report, session, frontier)
    _check_database(report, session)
    for fold in _folds.values():
        for problem in fold(session, institution_id, stream(session, institution_id)):
            report.add(problem)
    return report


def _check_payload(report: Report, row: Row[Any], erased: bool) -> None:
    if row.kept is None:
        report.add(_problem(row.seq, "payload", "内容缺失", "its payload is missing"))
        return
    if commitment(bytes(row.kept_salt), row.kept) != bytes(row.kept_commitment):
        report.add(_problem(row.seq, "kept", "保留的事实被改动", "its kept facts were changed"))
    if row.erasable is None:
        if row.erasable_commitment is not None:
            report.erased += 1
            if not erased:
                report.add(
                    _problem(row.seq, "erasure", "个人信息无删除记录而消失", "its personal fields are gone unrecorded")
                )
    elif row.erasable_commitment is None or row.erasable_salt is None:
        report.add(_problem(row.seq, "erasable", "多出未登记的个人信息", "it holds personal fields never recorded"))
    elif commitment(bytes(row.erasable_salt), row.erasable) != bytes(row.erasable_commitment):
        report.add(_problem(row.seq, "erasable", "个人信息被改动", "its personal fields were changed"))
    elif erased:
        report.add(_problem(row.seq, "erasure", "记为已删除，却仍在", "recorded as erased, yet its fields are there"))


def _check_checkpoint(report: Report, one: Checkpoint, root: bytes, trusted: Collection[bytes] | None) -> None:
    if not signature_holds(one):
        report.add(_problem(one.size, "signature", "检查点签名无效", "its checkpoint's signature doesn't hold"))
    elif trusted is not None and bytes(one.public_key) not in trusted:
        report.add(_problem(one.size, "key", "检查点由未知密钥签名", "its checkpoint is signed with an unknown key"))
    elif root != bytes(one.root):
        report.add(
            _problem(one.size, "root", "与检查点的根不符", "the log up to it doesn't have the checkpoint's root")
        )
    else:
        report.covered = one.size


def _check_head(report: Report, session: AnySession, frontier: Frontier) -> None:
    query = select(LedgerHead.size, LedgerHead.frontier).where(LedgerHead.institution_id == report.institution_id)
    head = session.execute(query).one_or_none()
    size, stored = (head.size, bytes(head.frontier)) if head else (0, b"")
    if size != frontier.size:
        report.add(
            _problem(
                None,
                "head",
                f"账头记 {size} 条，实有 {frontier.size} 条",
                f"the head says {size} events, there are {frontier.size}",
            )
        )
    elif stored != frontier.to_bytes():
        report.add(_problem(None, "head", "账头与事件不符", "the head doesn't follow from the events"))


def _check_database(report: Report, session: AnySession) -> None:
    own = EventPayload.institution_id == report.institution_id
    told = exists().where(Event.institution_id == EventPayload.institution_id, Event.seq == EventPayload.seq)
    if orphans := session.scalar(select(func.count()).select_from(EventPayload).where(own, ~told)):
        report.add(_problem(None, "orphan", f"有 {orphans} 份内容没有事件", f"{orphans} payloads belong to no event"))
    for name in missing_triggers(session.connection()):
        report.add(_problem(None, "trigger", f"数据库触发器 {name} 缺失", f"the database lacks the trigger {name}"))


def _erased_by_events(session: AnySession, institution_id: int) -> set[int]:
    payload = select(EventPayload.kept).join(
        Event, (Event.institution_id == EventPayload.institution_id) & (Event.seq == EventPayload.seq)
    )
    found = session.scalars(payload.where(Event.institution_id == institution_id, Event.action == ERASED))
    return {seq for kept in found for seq in json.loads(kept).get("seqs", ())}


def _problem(seq: int | None, rule: str, zh: str, en: str) -> Problem:
    if seq is None:
        return Problem(None, rule, f"{zh}。", f"{en[0].upper()}{en[1:]}.")
    return Problem(seq, rule, f"第 {seq} 号事件：{zh}。", f"Event {seq}: {en}.")
