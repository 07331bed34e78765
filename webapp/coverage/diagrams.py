"""The elements of one process: its diagram with the common parts it calls, its tables, its forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from webapp.coverage.parts import Element
from webapp.definitions.bundle import Bundle
from webapp.engine import Definition, OperationSpec, diagram
from webapp.engine import Element as Drawn
from webapp.engine.decision_tables import DecisionTable
from webapp.formkit import Basis, FormSchema
from webapp.formkit.specs import Bilingual

AS_CALLED = "as-called"
_DECISION = re.compile(rb'<(?:\w+:)?decision\s[^>]*?id="([^"]+)"')
_KINDS = {
    "userTask": "step",
    "serviceTask": "operation",
    "businessRuleTask": "decision",
    "callActivity": "call",
    "subProcess": "block",
}
# What lint asks to cite; everything else may.
_MUST = ("userTask", "businessRuleTask")


def diagram_elements(bundle: Bundle, key: str, operations: Mapping[str, OperationSpec]) -> Iterator[Element]:
    """Every element of a process. Raises DefinitionError when the diagram or a form cannot be read."""
    definition = bundle.definition(key, operations)
    files = {process.id: process.file for process in diagram.read(bundle.process_files(key)).processes.values()}
    asked = {drawn.decision_ref for drawn in definition.elements.values()}
    for drawn in definition.elements.values():
        yield from _of_node(drawn, definition, key, files.get(drawn.process_id, ""))
    for flow in definition.flows.values():
        if flow.articles:
            source = definition.elements[flow.source]
            name = flow.name or definition.elements[flow.target].name or source.name
            file = files.get(source.process_id, "")
            articles = as_called(flow.articles, source, definition)
            yield Element("flow", file, flow.id, name, "", key, articles, must=False, owner=flow.source)
    tables = _table_files(bundle)
    for table in definition.decisions.values():
        if table.id in asked:
            yield from _of_table(table, key, tables.get(table.id, ""))
    for name in form_keys(definition):
        yield from _of_form(bundle.form(name), key, definition)


def form_keys(definition: Definition) -> list[str]:
    """The forms a process uses, each once."""
    return list(dict.fromkeys(drawn.form_key for drawn in definition.elements.values() if drawn.form_key))


def as_called(articles: Iterable[str], drawn: Drawn, definition: Definition) -> tuple[str, ...]:
    """Articles with `as-called` replaced by those of the call activities that call the element's process."""
    return tuple(dict.fromkeys(_resolved(tuple(articles), drawn.process_id, definition, frozenset())))


def _resolved(
    articles: tuple[str, ...], process_id: str, definition: Definition, seen: frozenset[str]
) -> Iterator[str]:
    for code in articles:
        if code != AS_CALLED:
            yield code
            continue
        callers = [call for call in definition.elements.values() if call.called == process_id]
        for call in callers:
            if call.id not in seen:
                yield from _resolved(call.articles, call.process_id, definition, seen | {call.id})


def _of_node(drawn: Drawn, definition: Definition, key: str, file: str) -> Iterator[Element]:
    articles = as_called(drawn.articles, drawn, definition)
    timed = drawn.timer is not None
    kind = "timer" if timed else _KINDS.get(drawn.kind, "event" if drawn.kind.endswith("Event") else "gateway")
    must = drawn.kind in _MUST or timed
    table = definition.decisions.get(drawn.decision_ref or "")
    if drawn.kind == "businessRuleTask" and not articles and table is not None:
        articles = table.articles
    host = definition.elements.get(drawn.attached_to or "")
    name = drawn.name or (host.name if host else "") or drawn.id
    reason = bool(drawn.properties.get("reason_zh"))
    english = drawn.properties.get("name_en", "")
    if must or articles:
        yield Element(kind, file, drawn.id, name, english, key, articles, reason, must)
    due = tuple(drawn.properties.get("due_article", "").split())
    if due:
        resolved = as_called(due, drawn, definition)
        yield Element("deadline", file, f"{drawn.id}.due", name, english, key, resolved, reason, owner=drawn.id)


def _table_files(bundle: Bundle) -> dict[str, str]:
    """Where each table stands, by its id."""
    return {
        found.decode(): path
        for path, content in bundle.files.items()
        if path.endswith(".dmn")
        for found in _DECISION.findall(content)
    }


def _of_table(table: DecisionTable, key: str, file: str) -> Iterator[Element]:
    name = table.name or table.id
    own = tuple(code for row in table.rows for code in row.articles)
    silent = bool(table.description)
    yield Element("table", file, table.id, name, "", key, table.articles or own, silent, owner=table.id)
    for row in table.rows:
        if row.articles:
            named = f"{name} {row.number}"
            place = f"{table.id}.{row.id or row.number}"
            yield Element("row", file, place, named, "", key, row.articles, True, must=False, owner=table.id)


def _of_form(schema: FormSchema, key: str, definition: Definition) -> Iterator[Element]:
    file, users = f"forms/{schema.key}.form", [d for d in definition.elements.values() if d.form_key == schema.key]

    def element(kind: str, place: str, name: Bilingual, basis: Basis) -> Element:
        articles = basis.articles or (("not-stated",) if basis.reason.zh else ())
        if AS_CALLED in articles:
            articles = tuple(code for drawn in users for code in as_called(articles, drawn, definition))
        return Element(kind, file, place, name.zh, name.en, key, articles, bool(basis.reason.zh), owner=schema.key)

    for field in schema.fields:
        yield element("field", field.path, field.label, field.basis)
    for rule in schema.rules:
        yield element("rule", f"rule {rule.key}", rule.message, rule.basis)
