#!/usr/bin/env python3
"""Checks an exported ledger bundle offline. 离线校验导出的备案账册。

    python verifier.py bundle.zip [--checkpoint kept.json ...] [--key HEX ...] [--lang zh|en|both]

Needs Python 3.11 and `cryptography`; imports nothing of Beian, so that it can be read and kept apart from it.
Exit code: 0 everything agrees, 1 something doesn't (or the bundle can't be read), 2 wrong use.

What is hashed: a leaf is SHA-256(0x00 || canonical JSON of LEAF_FIELDS), a node SHA-256(0x01 || left || right)
(RFC 6962, 2.1); a commitment is SHA-256(salt || canonical JSON). Canonical JSON: keys sorted by code point, no
spaces, UTF-8, no escapes but those JSON demands, numbers as Python writes them.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LEAF_FIELDS = (
    "format",
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
LINE_FIELDS = {*LEAF_FIELDS, "leaf_hash", "kept", "kept_salt", "erasable", "erasable_salt"}
SIGNED_FIELDS = ("format", "institution_id", "size", "root", "at", "public_key")
ERASED = "ledger:payload:erased"
MOST_SHOWN = 50
LIMITS = (
    (
        "从未记入账册的事，本工具看不到；它也不能证明所记内容在当时属实，只能证明记下后未被改动。",
        "It can't see what was never recorded, nor show that what was recorded was true: only that it is unchanged.",
    ),
    (
        "包内检查点由同一方签发。只有您另行保存的检查点，才能发现整本重写；其后的事件不受它保护。",
        "Checkpoints in the bundle come from the same hands. Only one you kept elsewhere reveals a log rewritten as a "
        "whole, and it says nothing about events after it.",
    ),
    (
        "时间取自服务器时钟；行为人是登录账号，不等于坐在屏幕前的人。",
        "Times are the server's clock; an actor is a login, not the person at the screen.",
    ),
    (
        "已删除的个人信息只留下承诺值：可知曾有内容，不可知是什么。",
        "Of erased personal fields only the commitment is left: that something stood there, not what.",
    ),
)


class Unreadable(Exception):
    """The bundle, a checkpoint or a key isn't in the form it should have."""


@dataclass
class Result:
    """What was found: problems as (event number or None, Chinese, English), notes as (Chinese, English)."""

    events: int = 0
    erased: int = 0
    covered: int = 0
    root: str = ""
    problems: list[tuple[int | None, str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def problem(self, seq: int | None, zh: str, en: str) -> None:
        """Add something that doesn't agree."""
        self.problems.append((seq, zh, en))


class Tree:
    """A growing Merkle tree: the roots of its perfect subtrees, largest first."""

    def __init__(self) -> None:
        self.size, self.hashes = 0, list[bytes]()

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + self.hashes.pop() + leaf).digest()
            size >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> str:
        """The root as hex."""
        if not self.hashes:
            return sha256(b"").hexdigest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root.hex()


def canonical(value: Any) -> bytes:
    """Canonical JSON as bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def commitment(salt: str, value: Any) -> str:
    """The commitment to a payload, as hex."""
    return sha256(bytes.fromhex(salt) + canonical(value)).hexdigest()


def check(
    header: dict[str, Any],
    lines: Iterable[str | bytes],
    inside: Sequence[dict[str, Any]],
    outside: Sequence[dict[str, Any]] = (),
    keys: Sequence[str] = (),
) -> Result:
    """Check a bundle's parts: `inside` and `outside` are checkpoints, `keys` trusted public keys as hex."""
    result, tree = Result(), Tree()
    institution = header.get("institution_id")
    awaited: dict[int, list[tuple[dict[str, Any], bool]]] = {}
    for one, kept_elsewhere in [*((c, False) for c in inside), *((c, True) for c in outside)]:
        if _check_signature(result, one, institution, keys):
            awaited.setdefault(one["size"], []).append((one, kept_elsewhere))
    gone: dict[int, str] = {}
    recorded: set[int] = set()
    for raw in lines:
        line = _object(raw, "events.jsonl")
        if canonical(line) != (raw.encode() if isinstance(raw, str) else raw).strip():
            result.problem(tree.size + 1, "不是规范写法", "it isn't written in canonical form")
        _check_event(result, tree, line, institution, gone, recorded)
        for one, kept_elsewhere in awaited.pop(tree.size, ()):
            _check_root(result, tree, one, kept_elsewhere)
    for size in sorted(awaited):
        result.problem(
            size, "账册短于一个检查点：末尾被截去", "the log is shorter than a checkpoint: its end was cut off"
        )
    for seq in sorted(set(gone) - recorded):
        result.problem(
            seq, "个人信息无删除记录而消失", "its personal fields are gone without a record of their erasure"
        )
    for seq in sorted(recorded - set(gone)):
        result.problem(seq, "记为已删除，个人信息却仍在", "recorded as erased, yet its personal fields are here")
    result.root = tree.root()
    if header.get("size") != tree.size or header.get("root") != result.root:
        result.problem(None, "包头与事件不符", "the header doesn't follow from the events")
    _note_cover(result, bool(outside))
    return result


def _check_event(
    result: Result, tree: Tree, line: dict[str, Any], institution: Any, gone: dict[int, str], recorded: set[int]
) -> None:
    result.events += 1
    place = tree.size + 1
    if set(line) != LINE_FIELDS:
        result.problem(place, "字段多了或少了", "it has a field too many or too few")
        line = {name: line.get(name) for name in LINE_FIELDS}
    if line["seq"] != place or isinstance(line["seq"], bool):
        result.problem(
            place, f"序号不连续：此处记为 {line['seq']}", f"numbers don't follow: it calls itself {line['seq']}"
        )
    if line["institution_id"] != institution:
        result.problem(place, "属于另一机构", "it belongs to another institution")
    leaf = sha256(b"\x00" + canonical({name: line[name] for name in LEAF_FIELDS})).digest()
    if leaf.hex() != line["leaf_hash"]:
        result.problem(place, "内容与摘要值不符", "its content doesn't have its hash")
    tree.append(leaf)
    if not _opens(line["kept_salt"], line["kept"], line["kept_commitment"]):
        result.problem(place, "保留的事实被改动", "its kept facts were changed")
    if line["erasable"] is None and line["erasable_salt"] is None:
        if line["erasable_commitment"] is not None:
            result.erased += 1
            gone[place] = line["erasable_commitment"]
    elif not _opens(line["erasable_salt"], line["erasable"], line["erasable_commitment"]):
        result.problem(place, "个人信息被改动", "its personal fields were changed")
    if line["action"] == ERASED and isinstance(line["kept"], dict):
        recorded.update(seq for seq in line["kept"].get("seqs", ()) if isinstance(seq, int))


def _opens(salt: Any, value: Any, committed: Any) -> bool:
    try:
        return isinstance(value, dict) and len(salt) == 32 and commitment(salt, value) == committed
    except (TypeError, ValueError):
        return False


def _check_signature(result: Result, one: dict[str, Any], institution: Any, keys: Sequence[str]) -> bool:
    try:
        size = one["size"]
        text = canonical({name: one[name] for name in SIGNED_FIELDS})
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"]))
        key.verify(bytes.fromhex(one["signature"]), text)
    except (KeyError, TypeError, ValueError, InvalidSignature):
        result.problem(one.get("size"), "检查点签名无效", "the checkpoint's signature doesn't hold")
        return False
    if one["format"] != "beian-checkpoint-1" or not isinstance(size, int) or one["institution_id"] != institution:
        result.problem(size, "检查点不属于这本账册", "the checkpoint doesn't belong to this log")
        return False
    if keys and one["public_key"] not in keys:
        result.problem(size, "检查点由未知密钥签名", "the checkpoint is signed with an unknown key")
        return False
    return True


def _check_root(result: Result, tree: Tree, one: dict[str, Any], kept_elsewhere: bool) -> None:
    if one["root"] == tree.root():
        result.covered = max(result.covered, tree.size if kept_elsewhere else 0)
    elif kept_elsewhere:
        result.problem(
            tree.size,
            "与您保存的检查点不符：此前的账册被改写",
            "it doesn't agree with the checkpoint you kept: the log up to here was rewritten",
        )
    else:
        result.problem(tree.size, "与包内检查点的根不符", "it doesn't agree with the root of the bundle's checkpoint")


def _note_cover(result: Result, outside: bool) -> None:
    if not outside:
        result.notes.append(
            (
                "未提供另行保存的检查点：整本重写无法发现。",
                "No checkpoint kept elsewhere was given: a log rewritten as a whole would pass.",
            )
        )
    elif after := result.events - result.covered:
        result.notes.append(
            (
                f"最后 {after} 条在您保存的检查点之后，不受其保护。",
                f"The last {after} events come after the checkpoint you kept and aren't covered by it.",
            )
        )


def _object(raw: str | bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError as broken:
        raise Unreadable(f"{what}: not JSON") from broken
    if not isinstance(value, dict):
        raise Unreadable(f"{what}: not an object")
    return value


def read_checkpoints(text: str | bytes) -> list[dict[str, Any]]:
    """Checkpoints from a file: one JSON object, or one on each line."""
    try:
        return [_object(text, "checkpoint")]
    except Unreadable:
        return [_object(line, "checkpoint") for line in text.splitlines() if line.strip()]


def check_bundle(path: str, outside: Sequence[dict[str, Any]], keys: Sequence[str]) -> tuple[dict[str, Any], Result]:
    """Check a bundle file; returns its header too. Raises Unreadable."""
    try:
        with zipfile.ZipFile(path) as bundle:
            header = _object(bundle.read("header.json"), "header.json")
            if header.get("format") != "beian-ledger-1":
                raise Unreadable("header.json: unknown format")
            inside = [_object(line, "checkpoints.jsonl") for line in _lines(bundle, "checkpoints.jsonl")]
            return header, check(header, _lines(bundle, "events.jsonl"), inside, outside, keys)
    except (OSError, KeyError, zipfile.BadZipFile, RecursionError, UnicodeError) as broken:
        raise Unreadable(f"{path}: {broken}") from broken


def _lines(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with bundle.open(name) as file:
        yield from (line for line in file if line.strip())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Check an exported ledger bundle offline. 离线校验导出的备案账册。")
    parser.add_argument("bundle", help="the exported zip 导出包")
    parser.add_argument(
        "--checkpoint", action="append", default=[], help="a checkpoint you kept elsewhere 另行保存的检查点"
    )
    parser.add_argument("--key", action="append", default=[], help="a public key you trust, 64 hex digits 可信公钥")
    parser.add_argument("--lang", choices=("zh", "en", "both"), default="both")
    options = parser.parse_args(arguments)

    def say(zh: str, en: str, mark: str = "") -> None:
        for language, text in (("zh", zh), ("en", en)):
            if options.lang in (language, "both"):
                print(f"{mark}{text}")

    try:
        outside = []
        for path in options.checkpoint:
            with open(path, "rb") as file:
                outside += read_checkpoints(file.read())
        header, result = check_bundle(options.bundle, outside, [key.lower() for key in options.key])
    except (Unreadable, OSError) as broken:
        say(f"无法读取：{broken}", f"Can't be read: {broken}", "✗ ")
        return 1
    name = str(header.get("institution") or header.get("institution_id"))
    say(
        f"账册：{name}，{result.events} 条事件，{result.erased} 条已删除个人信息。",
        f"Log: {name}, {result.events} events, {result.erased} with personal fields erased.",
    )
    print(f"root {result.root}")
    for seq, zh, en in result.problems[:MOST_SHOWN]:
        say(f"第 {seq} 号：{zh}。" if seq else f"{zh}。", f"Event {seq}: {en}." if seq else f"{en}.", "✗ ")
    if len(result.problems) > MOST_SHOWN:
        more = len(result.problems) - MOST_SHOWN
        say(f"另有 {more} 处。", f"{more} more.", "✗ ")
    for zh, en in result.notes:
        say(zh, en, "! ")
    if result.problems:
        say(f"结论：{len(result.problems)} 处不符。", f"Result: {len(result.problems)} things don't agree.", "✗ ")
    else:
        say("结论：未见改动。", "Result: no change found.", "✓ ")
    say("本工具不能说明的：", "What this can't show:")
    for zh, en in LIMITS:
        say(zh, en, "  - ")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
