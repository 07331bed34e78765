"""What a person posts with a decision, apart from the step's own form."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_urlsafe

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webapp.errors import Invalid
from webapp.formkit import BoundForm

MAX_OPINION = 4000
MAX_KEY = 64
# Files beside an opinion: keys of those kept under ATTACHMENTS, new ones under UPLOADS.
ATTACHMENTS = "opinion-files"
UPLOADS = "opinion-files-new"
MOST_ATTACHMENTS = 50
# The applicant as the target of 退回; every other target is an element id.
APPLICANT = "applicant"


def new_key() -> str:
    """A submission key: the same post sent twice has one effect."""
    return token_urlsafe(24)


def typed_out_of_sight(bound: BoundForm) -> list[tuple[str, str]]:
    """What was typed into fields that are hidden now: the page carries it along, so that it is there again."""
    typed = bound.typed
    shown = {key: bound.field(key) is not None for key in {name.partition("-")[0] for name in typed}}
    return [(name, value) for name, values in typed.items() if not shown[name.partition("-")[0]] for value in values]


def take_refusal(bound: BoundForm, refused: Invalid) -> bool:
    """Put what a command refused beside the fields of the form; False when it is about none of them."""
    placed = [(name, sentence) for name, sentence in refused.details if bound.field(name) is not None]
    for name, sentence in placed:
        bound.refuse(name, sentence)
    return bool(placed)


@dataclass
class DecisionForm:
    """As typed. `errors` holds sentences by place: "decision", "opinion", "grounds", "return_to", "opinion-files".

    `attachments` are keys of stored files; what is unticked is not among them.
    """

    decision: str = ""
    opinion: str = ""
    grounds: tuple[str, ...] = ()
    return_to: str = ""
    attachments: tuple[str, ...] = ()
    seat_version: int = 0
    key: str = field(default_factory=new_key)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, posted: MultiDict[str, str], version: int) -> DecisionForm:
        """What was posted or drafted; `version` stands in where the page named none, not for one that can't be read."""
        stated = posted.get("seat_version", "")
        seen = int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 10 else 0
        key = posted.get("submission_key", "")
        return cls(
            decision=posted.get("decision", ""),
            opinion=posted.get("opinion", "").replace("\r\n", "\n").strip(),
            grounds=tuple(dict.fromkeys(posted.getlist("grounds"))),
            return_to=posted.get("return_to", ""),
            attachments=tuple(dict.fromkeys(posted.getlist(ATTACHMENTS)))[:MOST_ATTACHMENTS],
            seat_version=seen if "seat_version" in posted else version,
            key=key if key and len(key) <= MAX_KEY and key.isascii() else new_key(),
        )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As a draft keeps it; the button pressed and the seat's version belong to the moment."""
        told = [("opinion", self.opinion), ("return_to", self.return_to), ("submission_key", self.key)]
        told += [("grounds", code) for code in self.grounds]
        told += [(ATTACHMENTS, key) for key in self.attachments]
        return [(name, value) for name, value in told if value]

    def check(self, known_grounds: frozenset[str]) -> bool:
        """Judge what can be judged without the case; False when something must be put right."""
        if len(self.opinion) > MAX_OPINION:
            self.errors["opinion"] = _("意见最长 %(n)s 字", n=MAX_OPINION)
        if set(self.grounds) - known_grounds:
            self.errors["grounds"] = _("所选条款不在可用之列，请重新选定")
        return not self.errors

    def take(self, refused: Invalid) -> None:
        """Put the sentences of a refused decision beside their fields."""
        for place, sentence in refused.details or (("decision", refused.sentence),):
            self.errors[place] = sentence

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(id of the control, sentence) for the list of errors."""
        ids = {"opinion": "opinion", "grounds": "reject", "return_to": "return", ATTACHMENTS: ATTACHMENTS}
        return [(ids.get(place, ""), sentence) for place, sentence in self.errors.items() if sentence]
