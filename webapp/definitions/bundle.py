"""What a Deployment's files mean: the typed pack, its forms and its built diagrams, shared by every request.

A bundle is built once per deployment hash and never changes afterwards; parts are made on first use.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from webapp import formkit
from webapp.definitions.packs import Pack, parse_pack
from webapp.definitions.process_entries import ProcessEntry
from webapp.engine import Definition, Finding, OperationSpec, assemble, lint
from webapp.engine.errors import DefinitionError


def files_hash(files: Mapping[str, str]) -> str:
    """The hash of a deployment: SHA-256 over its sorted (path, SHA-256) lines."""
    lines = "".join(f"{path}\0{digest}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


@dataclass
class Bundle:
    """One deployment, readable. `files` maps path in the pack to bytes."""

    hash: str
    files: Mapping[str, bytes]
    pack: Pack
    _forms: dict[str, formkit.FormSchema] = field(default_factory=dict)
    _definitions: dict[str, Definition] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def form(self, key: str) -> formkit.FormSchema:
        """The form `key`. Raises DefinitionError when it is absent or faulty."""
        with self._lock:
            if key not in self._forms:
                path = f"forms/{key}.form"
                if path not in self.files:
                    sentence, english = f"没有表单“{key}”", f"There is no form “{key}”"
                    raise DefinitionError((Finding(path, "", "form", sentence, english),))
                self._forms[key] = formkit.load(self.files[path], path)
            return self._forms[key]

    def process(self, key: str) -> ProcessEntry:
        entry = self.pack.process(key)
        if entry is None:
            sentence, english = f"pack.yaml 中没有流程“{key}”", f"pack.yaml lists no process “{key}”"
            raise DefinitionError((Finding("pack.yaml", key, "process", sentence, english),))
        return entry

    def process_files(self, key: str) -> dict[str, bytes]:
        """The files the engine needs for a process: its diagram, all tables, and the common parts.

        Raises DefinitionError when the diagram is missing.
        """
        diagram = self.process(key).diagram
        if diagram not in self.files:
            sentence, english = f"没有流程图文件“{diagram}”", f"The diagram {diagram} is missing"
            raise DefinitionError((Finding(diagram, "", "diagram", sentence, english),))
        return {
            path: content
            for path, content in self.files.items()
            if path == diagram or path.endswith(".dmn") or (path.startswith("common/") and path.endswith(".bpmn"))
        }

    def process_id(self, key: str) -> str:
        return f"{self.pack.institution.code}_{key}"

    def definition(self, key: str, operations: Mapping[str, OperationSpec]) -> Definition:
        """The built diagram of a process. Raises DefinitionError when it cannot be built.

        Lint is for deploying (`lint_process`): a rule made stricter later must not stop cases that run already.
        """
        with self._lock:
            if key not in self._definitions:
                self._definitions[key] = assemble(self.process_id(key), self.process_files(key), operations)
            return self._definitions[key]

    def lint_process(self, key: str, operations: Mapping[str, OperationSpec]) -> list[Finding]:
        return lint.check(self.process_id(key), self.process_files(key), operations)


class BundleCache:
    """The most recently used bundles by deployment hash."""

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._held: OrderedDict[str, Bundle] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, load: Callable[[], Mapping[str, bytes]]) -> Bundle:
        with self._lock:
            bundle = self._held.get(key)
            if bundle is not None:
                self._held.move_to_end(key)
                return bundle
        files = load()
        bundle = make_bundle(files)
        with self._lock:
            bundle = self._held.setdefault(key, bundle)
            while len(self._held) > self._size:
                self._held.popitem(last=False)
        return bundle


def make_bundle(files: Mapping[str, bytes]) -> Bundle:
    """A bundle of the files given. Raises DefinitionError when `pack.yaml` is missing or wrong."""
    if "pack.yaml" not in files:
        raise DefinitionError((Finding("pack.yaml", "", "pack", "缺少 pack.yaml", "pack.yaml is missing"),))
    return Bundle(files_hash(digests(files)), dict(files), parse_pack(files["pack.yaml"]))
