"""The Merkle tree of RFC 6962, section 2.1, over leaf hashes of 32 bytes.

A `Frontier` holds the roots of the perfect subtrees that make up a log of `size` leaves, largest first: one for each
bit set in `size`. It is all one needs to append and to give the root.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
_WIDTH = 32


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The right edge of a log; grows by `append`."""

    size: int
    hashes: list[bytes]

    @classmethod
    def empty(cls) -> "Frontier":
        """A log without leaves."""
        return cls(0, [])

    @classmethod
    def from_bytes(cls, size: int, stored: bytes) -> "Frontier":
        """Read what `to_bytes` gave; ValueError when it can't belong to a log of this size."""
        if size < 0 or len(stored) != _WIDTH * size.bit_count():
            raise ValueError(f"a frontier of {len(stored)} bytes doesn't belong to {size} leaves")
        return cls(size, [stored[at : at + _WIDTH] for at in range(0, len(stored), _WIDTH)])

    def to_bytes(self) -> bytes:
        """The hashes one after another."""
        return b"".join(self.hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        size = self.size
        while size & 1:
            leaf = node(self.hashes.pop(), leaf)
            size >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The tree's root; SHA-256 of nothing for an empty log."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node(left, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, after the RFC's recursive definition."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = _half(len(leaves))
    return node(root_of(leaves[:half]), root_of(leaves[half:]))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index` (from 0), lowest first; IndexError when there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def proves_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows `leaf` at `index` of a log of `size` leaves with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            result = node(sibling, result)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            result = node(result, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and result == root


def consistency_proof(leaves: Sequence[bytes], older: int) -> list[bytes]:
    """What shows that the log of the first `older` leaves is a beginning of this one."""
    if not 0 <= older <= len(leaves):
        raise IndexError(older)
    return _subproof(leaves, older, complete=True) if older else []


def proves_consistency(older: int, newer: int, older_root: bytes, newer_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows the older log to be a beginning of the newer one (RFC 9162, 2.1.4.2)."""
    if older == newer:
        return not proof and older_root == newer_root
    if older == 0:
        return not proof and older_root == EMPTY_ROOT
    if older > newer:
        return False
    path = list(proof) if older & (older - 1) else [older_root, *proof]
    at, last = older - 1, newer - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not path:
        return False
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node(sibling, old), node(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == older_root and new == newer_root


def _subproof(leaves: Sequence[bytes], older: int, *, complete: bool) -> list[bytes]:
    if older == len(leaves):
        return [] if complete else [root_of(leaves)]
    half = _half(len(leaves))
    if older <= half:
        return [*_subproof(leaves[:half], older, complete=complete), root_of(leaves[half:])]
    return [*_subproof(leaves[half:], older - half, complete=False), root_of(leaves[:half])]


def _half(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1
