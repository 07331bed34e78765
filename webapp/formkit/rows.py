"""Repeating groups, and making a WTForms form from a list of fields."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from werkzeug.datastructures import MultiDict
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from webapp.formkit.fields import (
    CheckboxField,
    ChecklistField,
    ChoiceField,
    DateField,
    FormkitField,
    LongTextField,
    NumberField,
    Setting,
    TextField,
)
from webapp.formkit.pickers import (
    AccountField,
    FilesField,
    PersonField,
    PickerField,
    PlatformField,
    SheetField,
    UndertakingField,
)
from webapp.formkit.posting import MAX_ROWS_BOUND
from webapp.formkit.specs import FieldSpec, Kind


class RowsField(FormkitField):
    """A repeating group: `rows` are forms of their own, whose field names begin with `<name>-<i>-`."""

    def process(self, formdata: Any, data: object = None, extra_filters: Sequence[Any] | None = None) -> None:
        """Bind every posted row; their number comes from the checked posting, never from a client's index."""
        self.process_errors = []
        self.data = []
        self.posted_rows = self.setting.posting.rows.get(self.name, 0)
        self.rows = [
            make_form(self.spec.children, self.setting, formdata, prefix=f"{self.name}-{number}-")
            for number in range(min(self.posted_rows, MAX_ROWS_BOUND))
        ]

    @property
    def kept(self) -> list[BaseForm]:
        """The rows that count: all but untouched ones beyond the least number of rows."""
        least = self.spec.limits.min_rows
        return [row for number, row in enumerate(self.rows) if number < least or not is_untouched(row)]

    @property
    def is_untouched(self) -> bool:
        return all(is_untouched(row) for row in self.rows)

    def count_error(self) -> str:
        """The sentence about too few or too many rows, "" when their number is right."""
        limits, got = self.spec.limits, len(self.kept)
        most = max(got, self.posted_rows if self.posted_rows > MAX_ROWS_BOUND else 0)
        if most > limits.max_rows:
            return self.say("too_many_rows", n=limits.max_rows, got=most)
        if got < limits.min_rows:
            return self.say("too_few_rows", n=limits.min_rows, got=got)
        return self.say("required", label=self.spec.label.say(self.locale)) if self.must and not got else ""


_FIELDS: Final[dict[Kind, type[FormkitField]]] = {
    Kind.TEXT: TextField,
    Kind.LONG_TEXT: LongTextField,
    Kind.NUMBER: NumberField,
    Kind.DATE: DateField,
    Kind.SELECT: ChoiceField,
    Kind.RADIO: ChoiceField,
    Kind.CHECKLIST: ChecklistField,
    Kind.CHECKBOX: CheckboxField,
    Kind.UNIT: PickerField,
    Kind.PERSON: PersonField,
    Kind.PLATFORM: PlatformField,
    Kind.ACCOUNT: AccountField,
    Kind.FILES: FilesField,
    Kind.SHEET: SheetField,
    Kind.UNDERTAKING: UndertakingField,
    Kind.ROWS: RowsField,
}


def make_form(
    specs: Iterable[FieldSpec], setting: Setting, formdata: "MultiDict[str, str]", prefix: str = ""
) -> BaseForm:
    """A bound WTForms form of these fields. BaseForm keeps fields as items, so a key may be `data` or `errors`."""
    form = BaseForm({spec.key: UnboundField(_FIELDS[spec.kind], spec, setting) for spec in specs}, prefix=prefix)
    form.process(formdata)
    return form


def fields_of(form: BaseForm) -> list[FormkitField]:
    """The form's fields, in order."""
    return [field for field in form if isinstance(field, FormkitField)]


def is_untouched(form: BaseForm) -> bool:
    """Whether nothing was typed into any field of the form."""
    return all(field.is_untouched for field in fields_of(form))
