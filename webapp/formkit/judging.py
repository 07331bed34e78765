"""Judging a settled form: each field's limits, then rules over several fields, then rules that ask the registry."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from wtforms.form import BaseForm

from webapp.engine.feel import Json
from webapp.formkit.conditions import Surroundings
from webapp.formkit.current import is_offered
from webapp.formkit.errors import ConditionError
from webapp.formkit.fields import FormkitField, Setting
from webapp.formkit.lookups import INEXCUSABLE, Advice
from webapp.formkit.rows import RowsField, fields_of
from webapp.formkit.sentences import say, shortened
from webapp.formkit.settling import names_of, value_of
from webapp.formkit.specs import FormSchema, RuleSpec

Errors = dict[str, list[str]]


def every_field(form: BaseForm, *, counted: bool = False) -> Iterator[tuple[FormkitField, BaseForm]]:
    """Every field with the form it stands in, rows included, in the order shown; `counted`: only rows that count."""
    for field in fields_of(form):
        yield field, form
        if isinstance(field, RowsField) and not (counted and field.hidden):
            for row in field.kept if counted else field.rows:
                yield from every_field(row, counted=counted)


def judge_fields(form: BaseForm, errors: Errors) -> None:
    """Add each visible field's errors by posted name; something typed into a hidden field is one too.

    What the form itself had put there before the field was hidden is left out without a word.
    """
    for field in fields_of(form):
        if field.hidden:
            if not field.is_untouched and not _as_offered(field):
                errors[field.name] = [field.say("not_applicable", label=field.spec.label.say(field.locale))]
        elif isinstance(field, RowsField):
            if sentence := field.count_error():
                errors[field.name] = [sentence]
            for row in field.kept:
                judge_fields(row, errors)
        elif not field.validate(form):
            errors[field.name] = list(field.errors)


def _as_offered(field: FormkitField) -> bool:
    try:
        return is_offered(field.spec, field.setting.surroundings, value_of(field))
    except ConditionError:
        return False


def judge_rules(schema: FormSchema, form: BaseForm, setting: Setting, errors: Errors) -> None:
    """Add the sentence of every violated rule whose fields could all be read. Raises ConditionError."""
    unread = frozenset(errors)
    for rule in schema.rules:
        if _broken(form, unread) & rule.when.names:
            continue
        for field, names in _places(rule, form, unread):
            if not field.hidden and setting.surroundings.holds(rule.when, names, rule.key):
                errors.setdefault(field.name, []).append(rule.message.say(setting.locale))


def _broken(form: BaseForm, unread: Set[str]) -> frozenset[str]:
    """Keys of fields (or repeating groups holding one) that have an error."""
    names = {name.split("-")[0] for name in unread}
    return frozenset(f.spec.key for f in fields_of(form) if f.name in unread or f.name in names)


def _places(rule: RuleSpec, form: BaseForm, unread: Set[str]) -> Iterator[tuple[FormkitField, Mapping[str, Json]]]:
    """Where a rule is judged: once, or once per row when its field stands inside a repeating group."""
    key, _, inner = rule.field.partition(".")
    field = form[key]
    outer = names_of(form, {})
    if isinstance(field, RowsField) and inner:
        for row in field.kept:
            child = row[inner]
            if isinstance(child, FormkitField) and not field.hidden and not _broken(row, unread) & rule.when.names:
                yield child, names_of(row, outer)
    elif isinstance(field, FormkitField):
        yield field, outer


def advise(
    form: BaseForm, setting: Setting, answers: Mapping[str, Json], errors: Errors, *, blank: bool
) -> list[Advice]:
    """What the registry's rules say about the visible fields without an error; `blank`: also about empty ones."""
    found: list[Advice] = []
    outer = names_of(form, {})
    for field, holder in every_field(form, counted=True):
        if field.spec.checks and not field.hidden and field.name not in errors and (blank or not field.is_blank):
            names = outer if holder is form else names_of(holder, outer)
            found.extend(_checked(field, names, answers, setting.surroundings))
    return found


def _checked(
    field: FormkitField, names: Mapping[str, Json], answers: Mapping[str, Json], surroundings: Surroundings
) -> Iterator[Advice]:
    unless = field.spec.check_unless
    excused = unless is not None and surroundings.holds(unless, names, field.spec.path)
    for rule in field.spec.checks:
        for advice in field.setting.lookups.check(rule, field.name, field.data, answers):
            placed = replace(advice, field=advice.field or field.name)
            softened = excused and placed.level == "error" and rule not in INEXCUSABLE
            yield replace(placed, level="info") if softened else placed


def strangers(setting: Setting, errors: Errors) -> None:
    """Add one error about posted names that no field has."""
    if names := setting.posting.unexpected:
        shown = ", ".join(shortened(name, 30) for name in names[:3]) + (" …" if len(names) > 3 else "")
        errors.setdefault("", []).append(say(setting.locale, "unexpected", names=shown))
