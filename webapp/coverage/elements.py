"""What can cite a clause: parts of diagrams, tables, forms and entries of `pack.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from webapp.coverage.diagrams import diagram_elements
from webapp.coverage.entries import pack_elements
from webapp.coverage.parts import Element
from webapp.definitions.bundle import Bundle
from webapp.engine import OperationSpec
from webapp.engine.errors import DefinitionError

__all__ = ["Element", "Elements", "elements_of"]


@dataclass(frozen=True)
class Elements:
    """Every element of a pack. `faulty`: processes whose diagram or forms cannot be read (the check says why)."""

    listed: tuple[Element, ...]
    faulty: tuple[str, ...] = ()

    def citing(self) -> Mapping[str, list[Element]]:
        """The elements that cite each clause."""
        found: dict[str, list[Element]] = {}
        for element in self.listed:
            for code in element.codes:
                found.setdefault(code, []).append(element)
        return found


def elements_of(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> Elements:
    """Every element of a pack, each once per process it belongs to."""
    faulty: list[str] = []
    listed = dict.fromkeys((*_of_diagrams(bundle, operations, faulty), *pack_elements(bundle)))
    return Elements(tuple(listed), tuple(faulty))


def _of_diagrams(bundle: Bundle, operations: Mapping[str, OperationSpec], faulty: list[str]) -> Iterator[Element]:
    for process in bundle.pack.processes:
        try:
            yield from list(diagram_elements(bundle, process.key, operations))
        except DefinitionError:
            faulty.append(process.key)
