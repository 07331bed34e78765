"""The tree against the RFC's own test values and its recursive definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    proves_consistency,
    proves_inclusion,
    root_of,
)

# The eight inputs and roots of Certificate Transparency's reference implementation.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [sha256(b"\x00" + text).digest() for text in INPUTS]
leaves = st.integers(0, 70).map(lambda count: [sha256(bytes([n])).digest() for n in range(count)])


def grown(over: list[bytes]) -> Frontier:
    frontier = Frontier.empty()
    for leaf in over:
        frontier.append(leaf)
    return frontier


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert grown(LEAVES[:size]).root().hex() == ROOTS[size - 1]


def test_an_empty_log_has_the_hash_of_nothing() -> None:
    assert Frontier.empty().root() == EMPTY_ROOT == root_of([]) == sha256(b"").digest()


@given(leaves)
def test_the_frontier_gives_the_root_of_the_definition(over: list[bytes]) -> None:
    frontier = grown(over)
    assert frontier.root() == root_of(over)
    assert Frontier.from_bytes(frontier.size, frontier.to_bytes()) == frontier


@given(leaves, st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_place_only(over: list[bytes], data: st.DataObject) -> None:
    if not over:
        return
    index = data.draw(st.integers(0, len(over) - 1))
    proof, root = inclusion_proof(over, index), root_of(over)
    assert proves_inclusion(over[index], index, len(over), proof, root)
    other = data.draw(st.integers(0, len(over) - 1))
    if other != index:
        assert not proves_inclusion(over[other], index, len(over), proof, root)
        assert not proves_inclusion(over[index], other, len(over), proof, root)
    assert not proves_inclusion(over[index], index, len(over), [*proof, root], root)
    assert not proves_inclusion(over[index], index, len(over), proof, sha256(root).digest())


@given(leaves, st.data())
def test_a_consistency_proof_holds_for_a_real_beginning_only(over: list[bytes], data: st.DataObject) -> None:
    older = data.draw(st.integers(0, len(over)))
    proof, root = consistency_proof(over, older), root_of(over)
    beginning = root_of(over[:older])
    assert proves_consistency(older, len(over), beginning, root, proof)
    assert not proves_consistency(older, len(over), sha256(b"fork").digest(), root, proof)
    if 0 < older < len(over):
        assert not proves_consistency(older, len(over), beginning, sha256(b"fork").digest(), proof)
        assert not proves_consistency(older, len(over), beginning, root, [])


@pytest.mark.parametrize(("size", "length"), [(3, 32), (1, 0), (0, 32), (-1, 0), (2, 31)])
def test_a_frontier_of_the_wrong_length_is_refused(size: int, length: int) -> None:
    with pytest.raises(ValueError, match="leaves"):
        Frontier.from_bytes(size, b"x" * length)


def test_a_proof_of_a_leaf_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES, 8)
    with pytest.raises(IndexError):
        consistency_proof(LEAVES, 9)
