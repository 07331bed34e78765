"""What a browser would post for the answers of a scenario."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from werkzeug.datastructures import FileStorage, MultiDict

from webapp.formkit import FieldSpec, FormSchema, Kind
from webapp.organization.queries import unit_by_code, user_by_name
from webapp.scenarios.errors import ScenarioFailed

# The smallest files that pass the check of their type.
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==")


@dataclass
class Posting:
    """Posted pairs and files; units are named by code, people by login, files by name."""

    institution_id: int
    posted: MultiDict[str, str] = field(default_factory=MultiDict)
    uploads: MultiDict[str, Any] = field(default_factory=MultiDict)

    def add(self, name: str, spec: FieldSpec, value: Any) -> None:
        """Post `value` for the field `spec` under `name`."""
        kinds: dict[Kind, Callable[[str, FieldSpec, Any], None]] = {
            Kind.ROWS: self._rows,
            Kind.FILES: self._files,
            Kind.UNIT: self._unit,
            Kind.PERSON: self._person,
            Kind.CHECKLIST: self._checklist,
        }
        kinds.get(spec.kind, self._plain)(name, spec, value)

    def _rows(self, name: str, spec: FieldSpec, value: Any) -> None:
        children = {child.key: child for child in spec.children}
        for index, row in enumerate(value):
            self.posted.add(f"{name}-{index}", "1")
            for key, item in row.items():
                if key not in children:
                    raise ScenarioFailed(f"{name} has no field {key}")
                self.add(f"{name}-{index}-{key}", children[key], item)

    def _files(self, name: str, spec: FieldSpec, value: Any) -> None:
        for file_name in value:
            content = PNG if str(file_name).endswith(".png") else PDF
            self.uploads.add(f"{name}-new", FileStorage(BytesIO(content), filename=str(file_name)))

    def _unit(self, name: str, spec: FieldSpec, value: Any) -> None:
        unit = unit_by_code(self.institution_id, str(value))
        self.posted.add(name, str(unit.id) if unit else str(value))

    def _person(self, name: str, spec: FieldSpec, value: Any) -> None:
        person = user_by_name(str(value))
        self.posted.add(name, str(person.id) if person else str(value))

    def _checklist(self, name: str, spec: FieldSpec, value: Any) -> None:
        for item in value:
            self.posted.add(name, str(item))

    def _plain(self, name: str, spec: FieldSpec, value: Any) -> None:
        if value is True:
            self.posted.add(name, "y")
        elif value is not None and value is not False:
            self.posted.add(name, str(value))


def posting_of(
    schema: FormSchema, answers: dict[str, Any], institution_id: int
) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    """What a browser would post for a scenario's answers: units by code, people by login, files by name."""
    posting = Posting(institution_id)
    known = {spec.key: spec for spec in schema.top}
    for key, value in answers.items():
        if key not in known:
            raise ScenarioFailed(f"form {schema.key} has no field {key}")
        posting.add(key, known[key], value)
    return posting.posted, posting.uploads
