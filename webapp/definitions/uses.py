"""What cites a clause: steps, ways, decision tables, fields and entries of the deployed packs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from webapp.definitions import queries
from webapp.definitions.bundle import Bundle
from webapp.definitions.describing import decision_tables, forms, steps
from webapp.definitions.models import ProcessDefinition
from webapp.engine import Definition, OperationSpec
from webapp.formkit import FormSchema, Locale


@dataclass(frozen=True)
class Use:
    """One thing that carries a clause out: `kind` of thing, its name, the process it belongs to, where it is shown."""

    kind: str
    name: str
    process: str
    href: str


def uses(institution_id: int, operations: Mapping[str, OperationSpec], locale: str) -> dict[str, list[Use]]:
    """Everything that cites a clause in the processes now in force, by clause id."""
    found: dict[str, list[Use]] = defaultdict(list)
    for row in queries.newest_of_each(institution_id):
        bundle = queries.bundle(row.deployment)
        name = row.name_en or row.name_zh if locale == "en" else row.name_zh
        definition = bundle.definition(row.key, operations)
        for codes, use in _of_process(row, name, definition, bundle, locale):
            for code in dict.fromkeys(codes):
                if use not in found[code]:
                    found[code].append(use)
    for codes, use in _of_pack(institution_id, locale):
        for code in codes:
            found[code].append(use)
    return dict(found)


def _of_process(
    row: ProcessDefinition, name: str, definition: Definition, bundle: Bundle, locale: str
) -> Iterator[tuple[Sequence[str], Use]]:
    page = url_for("definitions.process", key=row.key, version=row.version)
    for step in steps(definition, bundle, locale):
        yield step.articles, Use(_("环节"), step.name, name, f"{page}#{step.id}")
        for branch in step.branches:
            yield branch.articles, Use(_("分支"), branch.name or branch.target, name, f"{page}#{step.id}")
    for table in decision_tables(definition):
        codes = [*table.articles, *(code for rule in table.rows for code in rule.articles)]
        yield codes, Use(_("决策表"), table.name or table.id, name, f"{page}#table-{table.id}")
    for schema in forms(definition, bundle):
        yield from _of_form(schema, name, page, locale)


def _of_form(schema: FormSchema, name: str, page: str, locale: str) -> Iterator[tuple[Sequence[str], Use]]:
    language: Locale = "en" if locale == "en" else "zh"
    for field in schema.fields:
        href = f"{page}#{schema.key}-{field.path.replace('.', '-')}"
        yield field.basis.articles, Use(_("字段"), field.label.say(language), name, href)
    for rule in schema.rules:
        yield rule.basis.articles, Use(_("校验"), rule.message.say(language), name, f"{page}#form-{schema.key}")


def _of_pack(institution_id: int, locale: str) -> Iterator[tuple[Sequence[str], Use]]:
    deployment = queries.current_deployment(institution_id)
    if deployment is None:
        return
    pack = queries.bundle(deployment).pack
    groups: Iterable[tuple[str, Iterable[tuple[str, str]]]] = (
        (_("平台类别"), ((entry.name(locale), entry.article) for entry in pack.platforms)),
        (_("平台级别"), ((entry.name(locale), entry.article) for entry in pack.tiers)),
        (_("角色"), ((entry.name(locale), entry.article) for entry in pack.roles)),
        (_("受保护字样"), ((mark.text, mark.article) for mark in pack.protected_marks)),
        (_("流程"), ((entry.name(locale), entry.article) for entry in pack.processes)),
        (_("通知"), ((text.subject_zh, text.article) for text in pack.texts.values())),
    )
    for kind, entries in groups:
        for name, article in entries:
            yield [code for code in article.split() if code != "not-stated"], Use(kind, name, "", "")
