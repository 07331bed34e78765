"""Which fields are visible and which must be filled in, and the answers that follow."""

from collections.abc import Mapping

from wtforms.form import BaseForm

from webapp.engine.feel import Json
from webapp.formkit.conditions import Surroundings
from webapp.formkit.fields import FormkitField
from webapp.formkit.rows import RowsField, fields_of
from webapp.formkit.specs import Kind

Answers = dict[str, Json]


def settle(form: BaseForm, surroundings: Surroundings) -> Answers:
    """The answers of the visible fields; sets `hidden` and `must` of every field. Raises ConditionError.

    One pass is enough: a condition that hides reads earlier fields only (lint), and a hidden field reads as `nothing`.
    """
    answers = _settle(form, {}, surroundings)
    _require(form, names_of(form, {}), surroundings)
    return answers


def names_of(form: BaseForm, outer: Mapping[str, Json]) -> dict[str, Json]:
    """What expressions see once everything is settled: every key of the form, `nothing` where hidden."""
    return {**outer, **{f.spec.key: nothing(f) if f.hidden else value_of(f) for f in fields_of(form)}}


def nothing(field: FormkitField) -> Json:
    """What a hidden field reads as: null, a checkbox false, since `not(null)` is null and would hide nothing."""
    return False if field.spec.kind is Kind.CHECKBOX else None


def value_of(field: FormkitField) -> Json:
    """The answer of a visible field."""
    if isinstance(field, RowsField):
        return [{f.spec.key: value_of(f) for f in fields_of(row) if not f.hidden} for row in field.kept]
    value: Json = field.data
    return value


def _settle(form: BaseForm, outer: Mapping[str, Json], surroundings: Surroundings) -> Answers:
    answers: Answers = {}
    names = {**outer, **{field.spec.key: nothing(field) for field in fields_of(form)}}
    for field in fields_of(form):
        field.hidden = any(surroundings.holds(hide, names, field.spec.path) for hide in field.spec.hide)
        if isinstance(field, RowsField):
            for row in field.rows:
                _settle(row, names, surroundings)
        if not field.hidden:
            answers[field.spec.key] = names[field.spec.key] = value_of(field)
    return answers


def _require(form: BaseForm, names: Mapping[str, Json], surroundings: Surroundings) -> None:
    for field in fields_of(form):
        wanted = field.spec.required_if
        field.must = field.spec.required or (wanted is not None and surroundings.holds(wanted, names, field.spec.path))
        if isinstance(field, RowsField):
            for row in field.rows:
                _require(row, names_of(row, names), surroundings)
