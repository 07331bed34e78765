"""WTForms fields of the plain kinds: each turns what was typed into JSON and keeps what was typed for display."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from wtforms import Field
from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from webapp.engine.feel import Json
from webapp.formkit.conditions import Surroundings
from webapp.formkit.lookups import FileInfo, Locale, Lookups
from webapp.formkit.posting import Posting
from webapp.formkit.sentences import say, shortened
from webapp.formkit.specs import FieldSpec, Kind
from webapp.formkit.validators import validators_of

LIST_KINDS: Final = frozenset({Kind.CHECKLIST, Kind.FILES, Kind.ROWS})
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.([0-9]{1,15}))?", re.ASCII)
# What a Chinese input method leaves in full width.
_HALF_WIDTH: Final = str.maketrans("０１２３４５６７８９．－＋", "0123456789.-+")
YEARS: Final = range(1900, 2201)


@dataclass
class Setting:
    """What all fields of one bound form share. `signer` is the name undertakings are signed with, `now` aware UTC,
    `drivers` the keys of fields that the page itself depends on."""

    lookups: Lookups
    locale: Locale
    posting: Posting
    surroundings: Surroundings
    signer: str
    now: datetime
    drivers: frozenset[str] = frozenset()
    attached: dict[str, list[FileInfo]] = field(default_factory=dict)


class FormkitField(Field):
    """A field that knows its spec. `data` is JSON (None or [] when blank), `typed` the posted texts as they came.

    `hidden` and `must` are set once all conditions are settled.
    """

    def __init__(self, spec: FieldSpec, setting: Setting, **kwargs: Any) -> None:
        super().__init__(spec.label.say(setting.locale), validators_of(spec), **kwargs)
        self.id = self.label.field_id = f"f-{self.name}"
        self.spec = spec
        self.setting = setting
        self.locale: Locale = setting.locale
        self.typed: list[str] = []
        self.hidden = False
        self.must = False

    def say(self, key: str, **values: object) -> str:
        """A sentence in the form's language."""
        return say(self.locale, key, **values)

    @property
    def text(self) -> str:
        """The first typed text."""
        return self.typed[0] if self.typed else ""

    @property
    def is_blank(self) -> bool:
        """Whether the answer is empty; what could not be read is not."""
        return self.data is None or self.data == [] or self.data is False

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was typed at all."""
        return not any(text.strip() for text in self.typed)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the posted texts; raises ValueError with the sentence for the person."""
        self.typed = list(valuelist)
        self.data = [] if self.spec.kind in LIST_KINDS else None
        self.data = self.parse_all(self.typed)

    def parse_all(self, texts: list[str]) -> Json:
        """The answer behind all posted texts; here exactly one is taken."""
        if len(texts) > 1:
            raise ValueError(self.say("one_value", n=len(texts)))
        text = self.text.strip()
        if _CONTROL.search(text):
            raise ValueError(self.say("control"))
        return self.parse(text) if text else None

    def parse(self, text: str) -> Json:
        """The answer behind one stripped, non-empty text."""
        return text

    def pre_validate(self, form: BaseForm) -> None:
        """What could not be read is not judged further."""
        if self.process_errors:
            raise StopValidation()


class TextField(FormkitField):
    """One line; line breaks become spaces."""

    def parse(self, text: str) -> Json:
        return " ".join(text.splitlines())


class LongTextField(FormkitField):
    """Several lines, separated by line feeds."""

    def parse(self, text: str) -> Json:
        return text.replace("\r\n", "\n").replace("\r", "\n")


class NumberField(FormkitField):
    """An integer, or a decimal number when the form allows decimals."""

    def parse(self, text: str) -> Json:
        plain = text.translate(_HALF_WIDTH)
        match = _NUMBER.fullmatch(plain)
        if match is None:
            raise ValueError(self.say("number"))
        fraction, allowed = match.group(1), self.spec.limits.decimals
        if fraction is None:
            return int(plain)
        if len(fraction) > allowed:
            raise ValueError(self.say("decimals", n=allowed) if allowed else self.say("whole"))
        return float(plain)


class DateField(FormkitField):
    """A day as YYYY-MM-DD."""

    def parse(self, text: str) -> Json:
        plain = text.translate(_HALF_WIDTH)
        try:
            day = date.fromisoformat(plain)
        except ValueError:
            raise ValueError(self.say("date")) from None
        if plain != day.isoformat() or day.year not in YEARS:
            raise ValueError(self.say("date"))
        return plain


class ChoiceField(FormkitField):
    """One of the values in the form file."""

    def parse(self, text: str) -> Json:
        if text not in {option.value for option in self.spec.options}:
            raise ValueError(self.say("choice", value=shortened(text)))
        return text


class ChecklistField(FormkitField):
    """Any number of the values, kept in the order of the form file."""

    def parse_all(self, texts: list[str]) -> Json:
        known = [option.value for option in self.spec.options]
        chosen = [text for text in texts if text]
        if strangers := [text for text in chosen if text not in known]:
            raise ValueError(self.say("choice", value=shortened(strangers[0])))
        if len(set(chosen)) < len(chosen):
            raise ValueError(self.say("twice"))
        return [value for value in known if value in chosen]


class CheckboxField(FormkitField):
    """True or false; a browser posts nothing for false."""

    def parse_all(self, texts: list[str]) -> Json:
        return super().parse_all(texts) or False

    def parse(self, text: str) -> Json:
        if text not in ("y", "on", "true", "1"):
            raise ValueError(self.say("checkbox"))
        return True
