"""Errors that carry a sentence for the person and an HTTP status; rendered in one place (`webapp.create_app`)."""

from __future__ import annotations


class BeianError(Exception):
    """Base of every refusal. `sentence` is shown to the person as it stands, already translated."""

    status = 400

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(BeianError):
    """The act is understood and not allowed in this state or by this rule."""

    status = 409


class Forbidden(BeianError):
    """The person may see the object but not do this to it."""

    status = 403


class NotFound(BeianError):
    """Absent, or not visible to the person: both answer the same."""

    status = 404


class Stale(BeianError):
    """Somebody else acted first; the sentence says who and when."""

    status = 409


class Invalid(BeianError):
    """Input that cannot be accepted. `details` lists (place, sentence) pairs."""

    status = 422

    def __init__(self, sentence: str, details: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(sentence)
        self.details = details


class TooLarge(BeianError):
    status = 413


class Unavailable(BeianError):
    status = 503
