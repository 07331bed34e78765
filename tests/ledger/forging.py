"""Forging an exported bundle in every way a database administrator could think of."""

import copy
import random
from dataclasses import dataclass, field
from typing import Any

from webapp.ledger import Signer
from webapp.ledger.verifier import LEAF_FIELDS, Result, Tree, canonical, check, commitment, sha256

Lines = list[dict[str, Any]]
KINDS = ("edit", "delete", "reorder", "truncate", "fork")


@dataclass
class Bundle:
    """The parts of an exported bundle, and the checkpoint an auditor kept."""

    header: dict[str, Any]
    lines: Lines
    inside: list[dict[str, Any]]
    outside: list[dict[str, Any]] = field(default_factory=list)

    def check(self) -> Result:
        return check(self.header, [canonical(line) for line in self.lines], self.inside, self.outside)

    def copied(self) -> "Bundle":
        return copy.deepcopy(self)


def forge(original: Bundle, kind: str, chance: random.Random, signer: Signer) -> Bundle:
    """One change of one kind at or before the kept checkpoint; half of them cover their traces.

    Covering traces restores a hash that was all the change: then another change is made.
    """
    while (forged := _forged(original, kind, chance, signer)).lines == original.lines:
        continue
    return forged


def _forged(original: Bundle, kind: str, chance: random.Random, signer: Signer) -> Bundle:
    forged, covered = original.copied(), original.outside[0]["size"]
    at = chance.randrange(covered)
    if kind == "edit":
        _edit(forged.lines[at], chance)
    elif kind == "delete":
        del forged.lines[at]
    elif kind == "reorder":
        other = chance.choice([n for n in range(len(forged.lines)) if n != at])
        forged.lines[at], forged.lines[other] = forged.lines[other], forged.lines[at]
    elif kind == "truncate":
        del forged.lines[at:]
    else:
        for line in forged.lines[at:]:
            line["kept"] = {"forged": chance.random()}
    if kind == "fork" or chance.random() < 0.5:
        cover_traces(forged, signer if chance.random() < 0.5 else None)
    return forged


def cover_traces(forged: Bundle, signer: Signer | None) -> None:
    """Number, commit and hash everything anew, and with the signer's key sign the bundle's checkpoints anew."""
    tree, roots = Tree(), {}
    for number, line in enumerate(forged.lines, 1):
        line["seq"] = number
        for part in ("kept", "erasable"):
            if line[part] is not None and line[f"{part}_salt"] is not None:
                line[f"{part}_commitment"] = commitment(line[f"{part}_salt"], line[part])
        leaf = sha256(b"\x00" + canonical({name: line[name] for name in LEAF_FIELDS})).digest()
        line["leaf_hash"] = leaf.hex()
        tree.append(leaf)
        roots[number] = tree.root()
    forged.header |= {"size": tree.size, "root": tree.root()}
    forged.inside = [one for one in forged.inside if one["size"] <= tree.size] if signer else []
    for one in forged.inside:
        if signer:
            one["root"] = roots[one["size"]]
            one["signature"] = signer.sign(resigned(one)).hex()


def resigned(one: dict[str, Any]) -> str:
    """The text a checkpoint's signature covers."""
    return canonical({name: value for name, value in one.items() if name != "signature"}).decode()


def _edit(line: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(sorted(line))
    value = line[name]
    if name.endswith("_salt"):
        # Stays a salt, so that a forger who covers traces can use it.
        line[name] = chance.choice([chance.randbytes(16).hex(), None])
    elif isinstance(value, dict):
        line[name] = chance.choice([{**value, "added": 1}, {}, None, dict(list(value.items())[1:])])
        if line[name] == value:
            line[name] = {"other": True}
    elif isinstance(value, bool) or value is None:
        line[name] = chance.choice([0, "", "00" * 16, {"x": 1}])
    elif isinstance(value, int):
        line[name] = chance.choice([value + 1, str(value), None, -value - 1])
    else:
        place = chance.randrange(len(value))
        line[name] = value[:place] + chr((ord(value[place]) + 1) % 128 or 65) + value[place + 1 :]
        line[name] = chance.choice([line[name], None, value + "0"])
