"""Binding a form to a post, to earlier answers, or to nothing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms.form import BaseForm

from webapp.engine.feel import Json
from webapp.formkit import judging, posting, typed
from webapp.formkit.bound_field import BoundField
from webapp.formkit.conditions import Surroundings
from webapp.formkit.fields import FormkitField, Setting
from webapp.formkit.lookups import Advice, FileInfo, Lookups
from webapp.formkit.pickers import FilesField
from webapp.formkit.posting import StructuralAction
from webapp.formkit.rows import make_form
from webapp.formkit.sentences import say
from webapp.formkit.settling import Answers, names_of, settle
from webapp.formkit.specs import SILENT_KINDS, FieldSpec, FormSchema
from webapp.formkit.uploads import PendingUpload, pending


@dataclass(frozen=True)
class BoundSection:
    """The visible fields under one heading; `number` counts titled sections from 1 (0 without a title)."""

    number: int
    title: str
    fields: tuple[BoundField, ...]

    def __iter__(self) -> Iterator[Any]:
        """Unpacks as (title, fields)."""
        return iter((self.title, self.fields))


@dataclass
class BoundForm:
    """A form with what was typed, settled: `answers`, visibility and `structural_action` are there before validate().

    `errors` holds sentences by posted name ("" for the form as a whole) and is filled by validate().
    """

    schema: FormSchema
    setting: Setting
    form: BaseForm
    pending_uploads: list[PendingUpload]
    answers: Answers = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._advice: list[Advice] | None = None
        self._refused: dict[str, list[str]] = {}
        self.answers = settle(self.form, self.setting.surroundings)

    @property
    def structural_action(self) -> StructuralAction | None:
        """The pressed button that only changes the form's shape (already done); render again without validating."""
        return self.setting.posting.action

    @property
    def typed(self) -> dict[str, list[str]]:
        """Everything typed, valid or not, as a draft keeps it: `bind(..., posted=MultiDict(draft))` restores it."""
        return self.setting.posting.typed()

    def validate(self) -> bool:
        """Judge everything; True when the answers may be filed. Raises ConditionError."""
        errors = {name: list(found) for name, found in self._refused.items()}
        judging.strangers(self.setting, errors)
        judging.judge_fields(self.form, errors)
        judging.judge_rules(self.schema, self.form, self.setting, errors)
        self._advice = judging.advise(self.form, self.setting, self.answers, errors, blank=True)
        for advice in self._advice:
            if advice.level == "error":
                errors.setdefault(advice.field, []).append(advice.sentence(self.setting.locale))
        self.errors = errors
        return not errors

    @property
    def advice(self) -> list[Advice]:
        """What the registry's rules say, errors, warnings and notes; before validate() nothing about empty fields."""
        if self._advice is None:
            self._advice = judging.advise(self.form, self.setting, self.answers, self._unread(), blank=False)
        return self._advice

    def visible(self, name: str) -> bool:
        """Whether the field with this posted name is shown; False for a name no field has."""
        spec = posting.spec_named(self.schema, name)
        found = self._find(name)
        return spec is not None and found is not None and not found.hidden

    @property
    def sections(self) -> list[BoundSection]:
        """The sections with something to show, their visible fields in order."""
        made: list[BoundSection] = []
        for section in self.schema.sections:
            fields = tuple(bound for spec in section.items if (bound := self._bound(spec)))
            if fields:
                title = section.title.say(self.setting.locale)
                number = 1 + sum(bool(s.title) for s in made) if title else 0
                made.append(BoundSection(number, title, fields))
        return made

    def field(self, name: str) -> BoundField | None:
        """The visible field with this posted name, for rendering it alone."""
        found = self._find(name)
        if found is None or found.hidden:
            return None
        return BoundField(found.spec, self.setting.locale, self.errors, self.advice, found)

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(id of the control, sentence) for each error in the order shown; "" as id when it is not on the page."""
        order = {f.name: n for n, (f, _) in enumerate(judging.every_field(self.form))}
        names = sorted(self.errors, key=lambda name: order.get(name, -1))
        return [(f"f-{n}" if self.visible(n) else "", self._named(n, s)) for n in names for s in self.errors[n]]

    def attach(self, name: str, info: FileInfo) -> None:
        """Add a stored upload to the file field `name`; call before validate()."""
        found = self._find(name)
        if isinstance(found, FilesField):
            found.attach(info)
            self.setting.posting.values[name] = list(found.typed)
            self.answers = settle(self.form, self.setting.surroundings)

    def refuse(self, name: str, sentence: str) -> None:
        """Note why what stands in the field `name` is not taken; shown there, and validate() answers False."""
        self._refused.setdefault(name, []).append(sentence)
        self.errors.setdefault(name, []).append(sentence)

    def _named(self, name: str, sentence: str) -> str:
        """The sentence after the label of its field (and row), unless it says the label itself."""
        found = self._find(name)
        if found is None:
            return sentence
        locale = self.setting.locale
        label = found.spec.label.say(locale)
        listed, _, rest = name.partition("-")
        row, _, inner = rest.partition("-")
        if inner:
            outer = self.schema.by_path[listed].label.say(locale)
            place = f"{say(locale, 'row', label=outer, n=int(row) + 1)} · {label}"
        else:
            place = "" if label in sentence else label
        return (f"{place}: {sentence}" if locale == "en" else f"{place}：{sentence}") if place else sentence

    def _unread(self) -> dict[str, list[str]]:
        return {f.name: list(f.process_errors) for f, _ in judging.every_field(self.form) if f.process_errors}

    def _bound(self, spec: FieldSpec) -> BoundField | None:
        if spec.kind in SILENT_KINDS:
            names = names_of(self.form, {})
            hidden = any(self.setting.surroundings.holds(hide, names, spec.path) for hide in spec.hide)
            return None if hidden else BoundField(spec, self.setting.locale, {}, ())
        return self.field(spec.key)

    def _find(self, name: str) -> FormkitField | None:
        return next((f for f, _ in judging.every_field(self.form) if f.name == name), None)


def bind(
    schema: FormSchema,
    lookups: Lookups,
    context: Mapping[str, Json],
    *,
    posted: "MultiDict[str, str] | None" = None,
    answers: Mapping[str, Json] | None = None,
    uploads: "MultiDict[str, Any] | None" = None,
    locale: str = "zh",
    signer: str | None = None,
    now: datetime | None = None,
    today: date | None = None,
    page_names: Collection[str] = (),
    offered: Mapping[str, Json] | None = None,
    before: Mapping[str, Json] | None = None,
    drivers: Collection[str] = (),
) -> BoundForm:
    """Bind `schema` to a post (or a draft's `typed`), else to earlier `answers`, else to defaults and prefills.

    `context` is the object expressions know as `case`; `uploads` the post's files; `signer` the name of the person
    filling in (default: the applicant's); `now` aware UTC; `today` the institution's date (default: UTC's date);
    `offered` answers an untouched form starts from; `before` the `case` a posted form was shown with, where another
    account has been picked since: fields still at its registered values take those of `context`; `drivers` keys of
    fields whose change renews the page; `page_names` further names the page posts besides PAGE_NAMES (csrf_token,
    decision, opinion, grounds and so on).
    Raises ConditionError when a condition of the form cannot be evaluated, ValueError when a page name is a key.
    """
    moment = now or datetime.now(UTC)
    surroundings = Surroundings(schema.key, context, today or moment.date())
    if posted is None:
        posted = (
            typed.from_answers(schema, answers, lookups)
            if answers is not None
            else typed.from_defaults(schema, surroundings, lookups, offered)
        )
    elif before is not None:
        posted = typed.refilled(schema, posted, replace(surroundings, case=before), surroundings, lookups)
    read = posting.read(schema, posted, page_names)
    applicant = context.get("applicant")
    name = signer if signer is not None else str(applicant.get("name", "")) if isinstance(applicant, dict) else ""
    setting = Setting(
        lookups, "en" if locale.startswith("en") else "zh", read, surroundings, name, moment, frozenset(drivers)
    )
    form = make_form(schema.top, setting, read.multi())
    return BoundForm(schema, setting, form, pending(schema, read, uploads))
