"""The limits of a single field, one WTForms validator each. They run only on visible fields."""

from datetime import date
from typing import TYPE_CHECKING

from wtforms.form import BaseForm
from wtforms.validators import StopValidation, ValidationError

from webapp.formkit.specs import FieldSpec, Kind

if TYPE_CHECKING:
    from webapp.formkit.fields import FormkitField

_MISSING = {
    Kind.SELECT: "required_pick",
    Kind.RADIO: "required_pick",
    Kind.CHECKLIST: "required_pick",
    Kind.UNIT: "required_pick",
    Kind.PERSON: "required_pick",
    Kind.PLATFORM: "required_pick",
    Kind.ACCOUNT: "required_pick",
    Kind.CHECKBOX: "required_check",
    Kind.FILES: "required_file",
    Kind.SHEET: "required_file",
    Kind.UNDERTAKING: "required_signature",
}


class Required:
    """A field that must be filled in is; nothing further is asked of an empty one."""

    def __call__(self, form: BaseForm, field: "FormkitField") -> None:
        """Raises StopValidation, without a sentence when empty is fine."""
        if field.is_blank:
            missing = _MISSING.get(field.spec.kind, "required")
            raise StopValidation(field.say(missing, label=field.spec.label.say(field.locale)) if field.must else "")


class Length:
    """Characters of a text; stops so that no over-long value reaches a pattern."""

    def __call__(self, form: BaseForm, field: "FormkitField") -> None:
        """Raises StopValidation."""
        limits, got = field.spec.limits, len(str(field.data))
        if limits.min_length and got < limits.min_length:
            raise StopValidation(field.say("too_short", n=limits.min_length, got=got))
        if got > limits.max_length:
            raise StopValidation(field.say("too_long", n=limits.max_length, got=got))


class Pattern:
    """A text in the form asked for."""

    def __call__(self, form: BaseForm, field: "FormkitField") -> None:
        """Raises ValidationError."""
        limits = field.spec.limits
        if limits.pattern is not None and not limits.pattern.fullmatch(str(field.data)):
            raise ValidationError(limits.pattern_message.say(field.locale) or field.say("pattern"))


class Range:
    """A number within its bounds."""

    def __call__(self, form: BaseForm, field: "FormkitField") -> None:
        """Raises ValidationError."""
        limits = field.spec.limits
        if limits.minimum is not None and field.data < limits.minimum:
            raise ValidationError(field.say("too_low", n=limits.minimum))
        if limits.maximum is not None and field.data > limits.maximum:
            raise ValidationError(field.say("too_high", n=limits.maximum))


class NotPast:
    """A date that is not over yet in the institution's time zone."""

    def __call__(self, form: BaseForm, field: "FormkitField") -> None:
        """Raises ValidationError."""
        today = field.setting.surroundings.today
        if field.spec.limits.not_before_today and date.fromisoformat(str(field.data)) < today:
            raise ValidationError(field.say("past", today=today.isoformat()))


class FileCount:
    """Uploads within their number and of the accepted types (by the name's ending; the store looks at the bytes)."""

    def __call__(self, form: BaseForm, field: "FormkitField") -> None:
        """Raises ValidationError."""
        limits = field.spec.limits
        if len(field.data) > limits.max_files:
            raise ValidationError(field.say("too_many_files", n=limits.max_files, got=len(field.data)))
        endings = tuple(a.lower() for a in limits.accept if a.startswith("."))
        for info in field.data:
            if endings and not str(info["name"]).lower().endswith(endings):
                raise ValidationError(field.say("file_type", name=info["name"], accept=" ".join(endings)))


def validators_of(spec: FieldSpec) -> list[object]:
    """The validators of a field, in the order they run."""
    by_kind: dict[Kind, list[object]] = {
        Kind.TEXT: [Length(), Pattern()],
        Kind.LONG_TEXT: [Length(), Pattern()],
        Kind.NUMBER: [Range()],
        Kind.DATE: [NotPast()],
        Kind.FILES: [FileCount()],
    }
    return [Required(), *by_kind.get(spec.kind, [])]
