"""One field as a template sees it: texts in the form's language, ids, errors, advice, choices, rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wtforms.form import BaseForm

from webapp.engine.feel import Json
from webapp.formkit.current import Registered, registered
from webapp.formkit.display import Wording
from webapp.formkit.fields import FormkitField
from webapp.formkit.lookups import Advice, Choice, Locale, SheetProblem, SheetReading, SheetTable
from webapp.formkit.pickers import PickerField, PlatformField, SheetField, as_answer
from webapp.formkit.rows import RowsField, fields_of
from webapp.formkit.settling import value_of
from webapp.formkit.specs import Basis, FieldSpec, Kind
from webapp.formkit.statics import Block, blocks

# More units than this are searched for instead of listed.
MAX_LISTED = 80


@dataclass(frozen=True)
class Item:
    """One option of a choice as shown."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class BoundRow:
    """One row of a repeating group; `number` counts from 0, as in its posted names."""

    number: int
    fields: tuple["BoundField", ...]


@dataclass(frozen=True)
class BoundField:
    """A field with what has been typed into it. A static text or separator has no `field`."""

    spec: FieldSpec
    locale: Locale
    found_errors: Mapping[str, Sequence[str]]
    found_advice: Sequence[Advice]
    field: FormkitField | None = None
    known_basis: Basis | None = None  # of the repeating group around it, whose tag is already shown

    @property
    def kind(self) -> str:
        """The kind, as text."""
        return str(self.spec.kind)

    @property
    def name(self) -> str:
        """The posted name, "" for a static text."""
        return self.field.name if self.field else ""

    @property
    def id(self) -> str:
        """The HTML id of the control: "f-" and the name."""
        return f"f-{self.name}"

    @property
    def label(self) -> str:
        """The label."""
        return self.spec.label.say(self.locale)

    @property
    def help(self) -> str:
        """The note below the label, "" for none."""
        return self.spec.help.say(self.locale)

    @property
    def text(self) -> str:
        """The full text of an undertaking or static text."""
        return self.spec.text.say(self.locale)

    @property
    def blocks(self) -> list[Block]:
        """A static text as paragraphs and lists."""
        return blocks(self.text)

    @property
    def articles(self) -> tuple[str, ...]:
        """Ids of the clauses to show: those the field rests on, unless its repeating group rests on the same."""
        return () if self.spec.basis == self.known_basis else self.spec.basis.articles

    @property
    def reason(self) -> str:
        """Why no clause is named, "" when one is."""
        return "" if self.spec.basis == self.known_basis else self.spec.basis.reason.say(self.locale)

    @property
    def required(self) -> bool:
        """Whether it must be filled in as things stand."""
        return bool(self.field and self.field.must)

    @property
    def conditional(self) -> bool:
        """Whether it is shown only under a condition."""
        return bool(self.spec.hide)

    @property
    def errors(self) -> Sequence[str]:
        """Sentences of what is wrong, after validate(); an uploaded spreadsheet says so at once."""
        unread = tuple(str(error) for error in self.field.process_errors) if isinstance(self.field, SheetField) else ()
        return self.found_errors.get(self.name, ()) or unread

    @property
    def advice(self) -> list[Advice]:
        """Warnings and notes of the registry's rules; errors among them stand in `errors` after validate()."""
        return [a for a in self.found_advice if a.field == self.name and not (a.level == "error" and self.errors)]

    @property
    def described_by(self) -> str:
        """Ids for aria-describedby, "" for none."""
        parts = [
            (self.help or self.articles or self.reason, "help"),
            (self.errors, "err"),
            (self.spec.checks, "advice"),
        ]
        return " ".join(f"{self.id}-{part}" for present, part in parts if present)

    @property
    def value(self) -> str:
        """The first typed text."""
        return self.field.text if self.field else ""

    @property
    def reading(self) -> SheetReading | None:
        """What was read of an uploaded spreadsheet, its faults included; None without one."""
        return self.field.reading if isinstance(self.field, SheetField) else None

    @property
    def bad_rows(self) -> list[tuple[int, list[SheetProblem]]]:
        """The faults of a spreadsheet by row, in its order."""
        return self.reading.bad_rows if self.reading else []

    @property
    def table(self) -> SheetTable | None:
        """The rows of a spreadsheet that was taken."""
        if self.field is None or not isinstance(self.data, dict):
            return None
        return self.field.setting.lookups.sheet_table(self.spec.sheet, self.data.get("rows"), self.locale)

    @property
    def upload(self) -> Json:
        """The spreadsheet uploaded, taken or not, as {id, name, size, sha256}; None without one."""
        if not isinstance(self.field, SheetField) or not self.field.typed:
            return None
        info = self.field.setting.lookups.file(self.field.typed[-1])
        return as_answer(info) if info else None

    @property
    def data(self) -> Json:
        """The answer as JSON."""
        return self.field.data if self.field else None

    @property
    def query(self) -> str:
        """The text in a picker's search box."""
        return self.field.query if isinstance(self.field, PickerField) else ""

    @property
    def chosen(self) -> Choice | None:
        """The unit or person chosen."""
        return self.field.chosen if isinstance(self.field, PickerField) else None

    @property
    def drives(self) -> bool:
        """Whether other fields, or the page around the form, depend on it."""
        return self.spec.drives or (self.field is not None and self.name in self.field.setting.drivers)

    @property
    def renews(self) -> bool:
        """Whether a change of it shows the form anew: others depend on it, or it is compared with the register."""
        return self.drives or self.spec.current is not None

    @property
    def registered(self) -> Registered | None:
        """What is registered now, and whether the answer differs; None for a field that says nothing of it."""
        if self.field is None or self.spec.current is None:
            return None
        setting = self.field.setting
        words = Wording(setting.lookups.platforms(), self.locale, setting.lookups)
        return registered(self.spec, setting.surroundings, value_of(self.field), words)

    @property
    def candidates(self) -> list[Choice]:
        """Results of a picker's search among which the person must choose."""
        return self.field.candidates if isinstance(self.field, PickerField) else []

    @property
    def signer(self) -> str:
        """The name an undertaking is to be signed with."""
        return self.field.setting.signer if self.field else ""

    @property
    def items(self) -> list[Item]:
        """The options of a choice, platform or short list of units; [] where one types."""
        if self.field is None:
            return []
        typed = {text.strip() for text in self.field.typed}
        if isinstance(self.field, PlatformField):
            return [Item(c.value, c.text(self.locale), c.value in typed) for c in self.field.platforms()]
        if self.spec.kind in (Kind.UNIT, Kind.ACCOUNT) and isinstance(self.field, PickerField):
            return self._listed(self.field, self.field.search(""))
        return [Item(o.value, o.label.say(self.locale), o.value in typed) for o in self.spec.options]

    def _listed(self, field: PickerField, found: Sequence[Choice]) -> list[Item]:
        """A short list with what was chosen in it, [] for one that is searched."""
        if len(found) > MAX_LISTED:
            return []
        if field.chosen is not None and all(choice.value != field.chosen.value for choice in found):
            found = [field.chosen, *found]
        mine = field.chosen.value if field.chosen else ""
        return [Item(choice.value, choice.text(self.locale), choice.value == mine) for choice in found]

    @property
    def checked(self) -> bool:
        """Whether a checkbox is ticked."""
        return self.data is True

    @property
    def rows(self) -> list[BoundRow]:
        """The rows of a repeating group, untouched ones included; fields hidden in a row are left out."""
        if not isinstance(self.field, RowsField):
            return []
        return [BoundRow(number, self._row(row)) for number, row in enumerate(self.field.rows)]

    @property
    def can_add(self) -> bool:
        """Whether another row is allowed."""
        return isinstance(self.field, RowsField) and len(self.field.rows) < self.spec.limits.max_rows

    @property
    def can_remove(self) -> bool:
        """Whether a row may go."""
        return isinstance(self.field, RowsField) and len(self.field.rows) > self.spec.limits.min_rows

    def _row(self, row: BaseForm) -> tuple["BoundField", ...]:
        return tuple(
            BoundField(f.spec, self.locale, self.found_errors, self.found_advice, f, self.spec.basis)
            for f in fields_of(row)
            if not f.hidden
        )
