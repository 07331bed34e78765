"""What a step writes, learnt from one real step: the rows it inserts and the columns it changes.

A `Template` made from one case is put onto another case that stands at the same place (`Plan`), row for row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, inspect, select
from sqlalchemy.orm import Mapper

from webapp.extensions import Base, db

Key = tuple[Any, ...]
Values = dict[str, Any]
Rows = dict[tuple[str, Key], Values]
# Columns that name another table's row without a foreign key (records outlive what they tell of).
_SOFT = {"instance_id": "process_instance", "task_id": "user_task", "seat_id": "seat", "filing_id": "filing"}
_STATIC = {"resource", "clause", "article", "regulation", "role", "role_grant", "unit", "user", "institution"}


def _mappers() -> dict[str, Mapper[Any]]:
    return {mapper.local_table.name: mapper for mapper in Base.registry.mappers}  # type: ignore[attr-defined]


def _key(table: Table, row: Values) -> Key:
    return tuple(row[column.name] for column in table.primary_key)


def snapshot() -> Rows:
    """Every row that a step could touch."""
    found: Rows = {}
    for name, mapper in _mappers().items():
        table = mapper.local_table
        if name not in _STATIC and isinstance(table, Table):
            for row in db.session.execute(select(table)).mappings():
                found[name, _key(table, dict(row))] = dict(row)
    db.session.rollback()
    return found


def rows_of_case(rows: Rows, instance_id: int) -> list[tuple[str, Key]]:
    """The rows that belong to a case, in an order that is the same for every case at the same place."""
    mine = [
        place
        for place, row in rows.items()
        if place == ("process_instance", (instance_id,)) or row.get("instance_id") == instance_id
    ]
    return sorted(mine)


@dataclass(frozen=True)
class Insert:
    """A new row. `values` as they were, `links`: column -> table and key it names, the row's own key left out."""

    table: str
    key: Key
    values: Values
    links: dict[str, tuple[str, Key]]


@dataclass(frozen=True)
class Template:
    """A step's inserts, parents first, and its updates, with the rows its case had before, in order."""

    inserts: tuple[Insert, ...]
    updates: tuple[tuple[str, Key, Values], ...]
    case: tuple[tuple[str, Key], ...]


def template(before: Rows, after: Rows, instance_id: int) -> Template:
    """What happened between two snapshots."""
    mappers = _mappers()
    order = {table.name: number for number, table in enumerate(Base.metadata.sorted_tables)}
    inserts = []
    for (name, key), row in after.items():
        if (name, key) not in before:
            table = mappers[name].local_table
            assert isinstance(table, Table)
            links = _links(table, row)
            own = {column.name for column in table.primary_key if table.autoincrement_column is column}
            inserts.append(Insert(name, key, {n: v for n, v in row.items() if n not in own}, links))
    updates = []
    for (name, key), row in before.items():
        changes = {n: v for n, v in after[name, key].items() if v != row[n]}
        if changes:
            updates.append((name, key, changes))
    inserts.sort(key=lambda entry: (order[entry.table], entry.key))
    updates.sort(key=lambda entry: order[entry[0]])
    return Template(tuple(inserts), tuple(updates), tuple(rows_of_case(before, instance_id)))


def _links(table: Table, row: Values) -> dict[str, tuple[str, Key]]:
    found = {}
    for column in table.columns:
        target = next((key.column.table.name for key in column.foreign_keys), _SOFT.get(column.name))
        if target is not None and row[column.name] is not None and target not in _STATIC:
            found[column.name] = (target, (row[column.name],))
    return found


@dataclass(frozen=True)
class NewRow:
    """A row to insert. `parents`: relationship -> number of the new row it leads to; `ids`: column -> the same, where
    no relationship leads there and the id must be known first."""

    model: type[Any]
    values: Values
    parents: dict[str, int]
    ids: dict[str, int]


@dataclass(frozen=True)
class Plan:
    """A template put onto one case. `changes`: model, key, values; `ids` there: column -> number of a new row."""

    changes: tuple[tuple[type[Any], Key, Values, dict[str, int]], ...]
    inserts: tuple[NewRow, ...]


def plan(made: Template, case: list[tuple[str, Key]], unique: str) -> Plan:
    """The same writes for the case with those rows; `unique` sets apart what must differ between cases."""
    assert [name for name, _ in case] == [name for name, _ in made.case], "the two cases do not stand at the same place"
    mine = dict(zip(made.case, case, strict=True))
    new = {(entry.table, entry.key): number for number, entry in enumerate(made.inserts)}
    mappers = _mappers()
    inserts = []
    for entry in made.inserts:
        values = dict(entry.values)
        parents: dict[str, int] = {}
        ids: dict[str, int] = {}
        for column, target in entry.links.items():
            if target in new:
                del values[column]
                relationship = _relationship(mappers[entry.table], column)
                (parents if relationship else ids)[relationship or column] = new[target]
            elif target in mine:
                values[column] = mine[target][1][0]
        if "filing_number" in values:
            values["filing_number"] = f"{values['filing_number']}/{unique}"
        if entry.table == "outbox_message":
            values["key"] = f"{unique}.{values['key']}"[:80]
        inserts.append(NewRow(mappers[entry.table].class_, values, parents, ids))
    changes = []
    for name, key, changed in made.updates:
        links = _links(
            Base.metadata.tables[name], {**dict.fromkeys(Base.metadata.tables[name].columns.keys()), **changed}
        )
        ids = {column: new[target] for column, target in links.items() if target in new}
        values = {column: value for column, value in changed.items() if column not in ids}
        changes.append((mappers[name].class_, mine.get((name, key), (name, key))[1], values, ids))
    return Plan(tuple(changes), tuple(inserts))


def _relationship(mapper: Mapper[Any], column: str) -> str | None:
    for relation in inspect(mapper).relationships:
        if {local.name for local in relation.local_columns} == {column} and relation.direction.name == "MANYTOONE":
            return str(relation.key)
    return None
