"""What every rule looks at, and how it reports."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from webapp.engine import diagram, dmn
from webapp.engine.decision_tables import DecisionTable
from webapp.engine.diagram import Diagrams, Flow, Node, Process
from webapp.engine.errors import Finding
from webapp.engine.operations import Operations

Files = Mapping[str, bytes]
Rule = Callable[["Context"], Iterable[Finding]]

# Functions the product offers to diagrams besides FEEL's built-in ones.
FUNCTIONS = frozenset({"due", "today"})


@dataclass(frozen=True)
class Context:
    """A process under examination, with the processes it calls (`processes`, itself first)."""

    process_id: str
    files: Files
    operations: Operations
    diagrams: Diagrams = field(repr=False)
    processes: list[Process] = field(repr=False)

    @classmethod
    def read(cls, process_id: str, files: Files, operations: Operations) -> "Context":
        """Raises DefinitionError when a diagram is no readable XML."""
        diagrams = diagram.read(files)
        return cls(process_id, files, operations, diagrams, diagrams.reachable(process_id))

    @property
    def main(self) -> Process:
        """The process that was asked for."""
        return self.processes[0]

    def nodes(self, *kinds: str) -> Iterator[tuple[Process, Node]]:
        """All flow nodes, or those of some kinds, with their process."""
        for process in self.processes:
            for node in process.nodes.values():
                if not kinds or node.kind in kinds:
                    yield process, node

    def flows(self) -> Iterator[tuple[Process, Flow]]:
        """All sequence flows with their process."""
        for process in self.processes:
            for flow in process.flows:
                yield process, flow

    def owner(self, flow: Flow) -> Node | None:
        """The node a flow leaves."""
        return next((p.nodes[flow.source] for p in self.processes if flow.source in p.nodes), None)

    @cached_property
    def wanted_tables(self) -> frozenset[str]:
        """Ids of the decisions that business rule tasks name."""
        return frozenset(node.get("decisionRef") or "" for _, node in self.nodes("businessRuleTask")) - {""}

    @cached_property
    def tables(self) -> Mapping[str, tuple[str, DecisionTable]]:
        """Every readable decision table by its id, with its file."""
        found: dict[str, tuple[str, DecisionTable]] = {}
        for name in sorted(self.files):
            if name.endswith(".dmn"):
                table, _ = dmn.read(self.files[name], name)
                if table is not None:
                    found.setdefault(table.id, (name, table))
        return found


def finding(place: Node | tuple[str, str], rule: str, sentence: str, sentence_en: str) -> Finding:
    """A finding at a node, or at (file, element id)."""
    file, element = (place.file, place.id) if isinstance(place, Node) else place
    return Finding(file, element, rule, sentence, sentence_en)


def title(node: Node) -> str:
    """How a node is called in a sentence: its name, else its id."""
    return node.name or node.id
