"""Fields that pick from the outside world: units, people, platforms, uploads; and undertakings signed by name."""

import unicodedata
from typing import Final

from webapp.engine.feel import Json
from webapp.formkit.fields import FormkitField
from webapp.formkit.lookups import Choice, FileInfo, SheetReading
from webapp.formkit.sentences import shortened

MAX_QUERY: Final = 100
MAX_CANDIDATES: Final = 20


class PickerField(FormkitField):
    """A unit or a person. Posted as its id under the field's name; or searched for by the text under `<name>-query`,
    in which case several results leave `candidates` to choose from under `<name>-pick`."""

    missing = "no_unit"

    def find(self, id: str) -> Choice | None:
        """The choice with this id."""
        return self.setting.lookups.unit(id)

    def search(self, query: str) -> list[Choice]:
        """Choices matching a typed text."""
        return self.setting.lookups.units(self.spec.pick_kind, query)

    def answer(self, choice: Choice) -> Json:
        """The JSON kept for a choice."""
        return {"id": int(choice.value), "code": choice.code, "name": choice.label}

    def parse_all(self, texts: list[str]) -> Json:
        self.chosen: Choice | None = None
        self.candidates: list[Choice] = []
        if len(texts) > 1:
            raise ValueError(self.say("one_value", n=len(texts)))
        self.chosen = self._choose(self.text.strip(), self._beside("query"), self._beside("pick") or "")
        return self.answer(self.chosen) if self.chosen else None

    @property
    def query(self) -> str:
        """What the search box shows: the choice made, or what was typed."""
        return self.chosen.text(self.locale) if self.chosen else (self._beside("query") or "")

    @property
    def is_untouched(self) -> bool:
        return super().is_untouched and not self._beside("query") and not self._beside("pick")

    def _beside(self, suffix: str) -> str | None:
        found = self.setting.posting.values.get(f"{self.name}-{suffix}")
        return found[0].strip() if found else None

    def _choose(self, id: str, query: str | None, pick: str) -> Choice | None:
        """An id alone decides; beside a search text it counts only while the text still names it."""
        if query is None:
            return self._by_id(id) if id else None
        current = self._find(id)
        if current and query in (current.label, current.text(self.locale)) and not pick:
            return self._fitting(current)
        return self._searched(query, pick) if query else None

    def _searched(self, query: str, pick: str) -> Choice | None:
        found = self.search(query) if len(query) <= MAX_QUERY else []
        exact = [c for c in found if query in (c.label, c.code, c.text(self.locale))]
        picked = [c for c in found if c.value == pick]
        for few in (picked, exact, found):
            if len(few) == 1:
                return self._fitting(few[0])
        if not found:
            raise ValueError(self.say(self.missing, value=shortened(query)))
        self.candidates = found[:MAX_CANDIDATES]
        raise ValueError(self.say("several", value=shortened(query), n=len(found)))

    def _find(self, id: str) -> Choice | None:
        # Only ids as this program writes them: no sign, no leading zero, no other script's digits.
        return self.find(id) if id.isascii() and id.isdigit() and len(id) < 19 and id == str(int(id)) else None

    def _by_id(self, id: str) -> Choice:
        found = self._find(id)
        if found is None:
            raise ValueError(self.say(self.missing, value=shortened(id)))
        return self._fitting(found)

    def _fitting(self, choice: Choice) -> Choice:
        if self.spec.pick_kind and choice.kind != self.spec.pick_kind:
            raise ValueError(self.say("wrong_kind", value=choice.label))
        return choice


class PersonField(PickerField):
    """A person of the institution."""

    missing = "no_person"

    def find(self, id: str) -> Choice | None:
        return self.setting.lookups.person(id)

    def search(self, query: str) -> list[Choice]:
        return self.setting.lookups.people(self.spec.pick_kind, query)

    def answer(self, choice: Choice) -> Json:
        return {"id": int(choice.value), "name": choice.label}


class AccountField(PickerField):
    """A registered account."""

    missing = "no_account"

    def find(self, id: str) -> Choice | None:
        return self.setting.lookups.account(id, self.spec.scope, self.spec.states)

    def search(self, query: str) -> list[Choice]:
        return self.setting.lookups.accounts(self.spec.scope, self.spec.states, query)

    def answer(self, choice: Choice) -> Json:
        return {
            "id": int(choice.value),
            "filing_number": choice.code,
            "name": choice.label,
            "platform": choice.kind,
        }


class PlatformField(FormkitField):
    """A platform of the institution's pack, by key."""

    def platforms(self) -> list[Choice]:
        """The platforms that may be chosen here."""
        wanted = self.spec.pick_kind
        return [c for c in self.setting.lookups.platforms() if wanted is None or c.kind == wanted]

    def parse(self, text: str) -> Json:
        if text not in {choice.value for choice in self.platforms()}:
            raise ValueError(self.say("choice", value=shortened(text)))
        return text


class FilesField(FormkitField):
    """Uploads already stored, by id; `attach` adds one that came with this very post."""

    def parse_all(self, texts: list[str]) -> Json:
        ids = list(dict.fromkeys(text for text in texts if text))
        found = [self.setting.lookups.file(id) for id in ids]
        self.data = [as_answer(info) for info in found if info]
        if len(self.data) < len(ids):
            raise ValueError(self.say("no_file"))
        return list(self.data)

    def attach(self, info: FileInfo) -> None:
        """Add a stored upload, once."""
        if info.id not in self.typed:
            self.typed.append(info.id)
            self.data = [*self.data, as_answer(info)]


class SheetField(FilesField):
    """One uploaded spreadsheet, read row by row: all of it, or nothing with every fault in `reading`."""

    reading: SheetReading | None = None

    def parse_all(self, texts: list[str]) -> Json:
        self.reading = None
        ids = [text for text in texts if text]
        # A new upload takes the place of the one before.
        self.typed = ids[-1:]
        return self._read(ids[-1]) if ids else None

    def attach(self, info: FileInfo) -> None:
        """Read the upload that came with this post."""
        self.typed, self.process_errors = [info.id], []
        try:
            self.data = self._read(info.id)
        except ValueError as error:
            self.data = None
            self.process_errors = [str(error)]

    def _read(self, id: str) -> Json:
        info = self.setting.lookups.file(id)
        reading = self.setting.lookups.sheet(self.spec.sheet, id) if info else None
        if info is None or reading is None:
            raise ValueError(self.say("no_file"))
        self.reading = reading
        if reading.refused is not None:
            raise ValueError(reading.refused[1 if self.locale == "en" else 0])
        if reading.problems:
            bad = len({problem.row for problem in reading.problems})
            raise ValueError(self.say("sheet_problems", n=bad, got=reading.count))
        return {"file": as_answer(info), "rows": [dict(row) for row in reading.rows]}


class UndertakingField(FormkitField):
    """A text accepted by typing one's own name below it."""

    def parse(self, text: str) -> Json:
        if _plain(text) != _plain(self.setting.signer):
            raise ValueError(self.say("signature", name=self.setting.signer))
        return {
            "accepted_by": self.setting.signer,
            "at": self.setting.now.isoformat(),
            "text_sha256": self.spec.text_sha256,
        }


def as_answer(info: FileInfo) -> dict[str, Json]:
    """The JSON kept for an upload."""
    return {"id": info.id, "name": info.name, "size": info.size, "sha256": info.sha256}


def _plain(name: str) -> str:
    """A name without the differences a keyboard makes."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
