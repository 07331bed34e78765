"""A process ready to run: diagrams and decision tables of one content hash, built once and shared by all cases."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from SpiffWorkflow.exceptions import SpiffWorkflowException

from webapp.engine import diagram, dmn, lint
from webapp.engine.decision_tables import DecisionTable
from webapp.engine.diagram import Diagrams, Process
from webapp.engine.elements import (
    Element,
    SequenceFlow,
    as_called,
    callers_of,
    element_of,
    flow_as_called,
    sequence_flow_of,
)
from webapp.engine.errors import DefinitionError, Finding
from webapp.engine.feel.limits import Json
from webapp.engine.operations import Operations
from webapp.engine.parser import CamundaParser
from webapp.engine.specs import CallActivity, SubProcess

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Definition:
    """One process, the processes it calls and the decision tables it asks. Never changed once built.

    `hash`: SHA-256 in hex over the names and contents of `files`, the files actually used, and the process id.
    `elements` and `flows`: flow nodes and sequence flows of all its processes by id. `unset`: every name the
    processes may write, with null, which is what expressions see before it is written. `xml`: the main diagram.
    """

    hash: str
    process_id: str
    name: str
    elements: Mapping[str, Element] = field(repr=False)
    flows: Mapping[str, SequenceFlow] = field(repr=False)
    decisions: Mapping[str, DecisionTable] = field(repr=False)
    operations: Operations = field(repr=False)
    properties: Mapping[str, str] = field(repr=False)
    xml: bytes = field(repr=False)
    files: tuple[str, ...]
    unset: Mapping[str, Json] = field(repr=False)
    spec: Any = field(repr=False)
    inner_specs: Mapping[str, Any] = field(repr=False)

    def flow_between(self, source: str, target: str) -> SequenceFlow | None:
        """The sequence flow from one element to another (lint: at most one)."""
        return self._flows_by_ends.get((source, target))

    @cached_property
    def _flows_by_ends(self) -> Mapping[tuple[str, str], SequenceFlow]:
        return {(flow.source, flow.target): flow for flow in self.flows.values()}


class DefinitionCache:
    """Definitions that have been built, least recently used ones forgotten; safe to share between threads.

    A definition is handed out only after it is built completely.
    """

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._built: OrderedDict[Hashable, Definition] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Definition]) -> Definition:
        """The definition known as `key`, made by `make` the first time.

        `key` must stand for unchanging files, such as (hash of a deployment, process id); for those, `make` may
        call `assemble`, since they were linted when they were deployed.
        """
        with self._lock:
            found = self._built.get(key)
            if found is None:
                found = self._built[key] = make()
                if len(self._built) > self._size:
                    self._built.popitem(last=False)
            else:
                self._built.move_to_end(key)
            return found


_cache = DefinitionCache()


def build(process_id: str, files: Files, operations: Operations) -> Definition:
    """The definition of a process among `files` (all diagrams and tables of a pack), linted.

    Raises DefinitionError with everything that is wrong. Equal contents give the same object.
    """
    digests = tuple((name, hashlib.sha256(files[name]).digest()) for name in sorted(files))
    signatures = tuple(sorted(operation.signature for operation in operations.values()))
    return _cache.get((process_id, digests, signatures), lambda: _checked(process_id, files, operations))


def _checked(process_id: str, files: Files, operations: Operations) -> Definition:
    findings = lint.check(process_id, files, operations)
    if findings:
        raise DefinitionError(findings)
    return assemble(process_id, files, operations)


def assemble(process_id: str, files: Files, operations: Operations) -> Definition:
    """Like `build` without lint and cache: for files that were accepted before, perhaps under milder rules.

    Raises DefinitionError when the files cannot be executed at all.
    """
    diagrams = diagram.read(files)
    processes = diagrams.reachable(process_id)
    if not processes:
        raise _refused("", "process-missing", f"找不到流程 {process_id}", f"there is no process {process_id}")
    main = processes[0]
    decisions = _decisions(processes, files)
    used = sorted({process.file for process in processes} | {file for file, _ in decisions.values()})
    spec, inner_specs = _specs(process_id, diagrams, used)
    _teach(processes, [spec, *inner_specs.values()])
    names = {name for process in processes for name in process.writes()}
    elements = {node.id: element_of(node, process) for process in processes for node in process.nodes.values()}
    callers = callers_of(elements.values())
    return Definition(
        hash=content_hash(process_id, {name: files[name] for name in used}),
        process_id=process_id,
        name=main.name,
        elements={id: as_called(element, callers) for id, element in elements.items()},
        flows={
            flow.id: flow_as_called(sequence_flow_of(flow, process), process.id, callers)
            for process in processes
            for flow in process.flows
        },
        decisions={name: table for name, (_, table) in decisions.items()},
        operations=operations,
        properties=diagram.process_properties(main),
        xml=files[main.file],
        files=tuple(used),
        unset=dict.fromkeys(sorted(names)),
        spec=spec,
        inner_specs=inner_specs,
    )


def content_hash(process_id: str, files: Files) -> str:
    """SHA-256 in hex over a process id and named contents."""
    digest = hashlib.sha256(process_id.encode())
    for name in sorted(files):
        digest.update(b"\0" + name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()


def _decisions(processes: list[Process], files: Files) -> dict[str, tuple[str, DecisionTable]]:
    """The tables the processes ask, by decision id, each with the file it stands in."""
    wanted = {
        node.get("decisionRef") or ""
        for process in processes
        for node in process.nodes.values()
        if node.kind == "businessRuleTask"
    }
    tables = {table.id: (name, table) for name, table in _tables(files)}
    return {name: tables[name] for name in sorted(wanted) if name in tables}


def _tables(files: Files) -> Iterator[tuple[str, DecisionTable]]:
    for name in sorted(files):
        if name.endswith(".dmn"):
            table, _ = dmn.read(files[name], name)
            if table is not None:
                yield name, table


def _specs(process_id: str, diagrams: Diagrams, used: list[str]) -> tuple[Any, Mapping[str, Any]]:
    parser = CamundaParser()
    try:
        for name in used:
            if name in diagrams.roots:
                parser.add_bpmn_xml(diagrams.roots[name], name)
        return parser.get_spec(process_id), parser.get_subprocess_specs(process_id)
    except (SpiffWorkflowException, KeyError) as error:
        place = getattr(error, "file_name", None) or ""
        raise _refused(
            place, "not-executable", f"流程图无法执行：{error}", f"it cannot be executed: {error}"
        ) from error
    except RecursionError as error:
        raise _refused(
            diagrams.processes[process_id].file,
            "too-long",
            "一个流程中连续的步骤过多，请拆分为子流程",
            "too many steps follow each other in one process; put some of them into a sub-process",
        ) from error


def _teach(processes: list[Process], specs: list[Any]) -> None:
    """Tell the specs of sub-processes and call activities which names are written inside them."""
    by_id = {process.id: process for process in processes}
    nodes = {node.id: process for process in processes for node in process.nodes.values()}
    for spec in specs:
        for task in spec.task_specs.values():
            if isinstance(task, CallActivity):
                task.inner_names = frozenset(by_id[task.spec].writes())
            elif isinstance(task, SubProcess):
                task.inner_names = frozenset(nodes[task.name].writes(task.name))


def _refused(file: str, rule: str, sentence: str, sentence_en: str) -> DefinitionError:
    return DefinitionError([Finding(file, "", rule, sentence, sentence_en)])
