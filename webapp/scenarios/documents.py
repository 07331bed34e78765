"""Scenarios: answers in; path, decisions and register out. Written beside each diagram by its process owner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from webapp.definitions.packs import read_yaml
from webapp.engine import DefinitionError, Finding


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GivenAccount(_Entry):
    """An account that is registered already when the scenario begins."""

    platform: str
    name: str
    unit: str
    platform_account_id: str = ""
    purpose: str = ""


class Given(_Entry):
    accounts: tuple[GivenAccount, ...] = ()


class ScenarioStep(_Entry):
    """One act: a task answered, sent back or refused on the form; the application withdrawn; time passing."""

    task: str | None = None
    by: str | None = None
    answers: dict[str, Any] = {}
    decision: str = "submit"
    opinion: str = ""
    grounds: tuple[str, ...] = ()
    return_to: str | None = None
    refused: dict[str, str] | None = None
    cancel: bool = False
    wait: str | None = None
    at: datetime | None = None


class ExpectedNotice(_Entry):
    to: str
    text: str


class Expected(_Entry):
    """What must have come of it; a field left out is not looked at."""

    state: str
    path: tuple[str, ...] | None = None
    open: tuple[str, ...] | None = None
    account: dict[str, Any] | None = None
    decisions: dict[str, str] = {}
    notices: tuple[ExpectedNotice, ...] = ()


class Scenario(_Entry):
    key: str
    title_zh: str
    title_en: str = ""
    clauses: tuple[str, ...] = ()
    applicant: str
    at: datetime
    given: Given = Given()
    steps: tuple[ScenarioStep, ...]
    expect: Expected


class ScenarioFile(_Entry):
    process: str
    scenarios: tuple[Scenario, ...]


def parse_scenarios(content: bytes, file: str) -> ScenarioFile:
    """A scenario file as data. Raises DefinitionError naming each wrong entry."""
    try:
        return ScenarioFile.model_validate(read_yaml(content, file))
    except ValidationError as error:
        places = [(".".join(str(part) for part in problem["loc"]), problem["msg"]) for problem in error.errors()]
        raise DefinitionError(
            tuple(Finding(file, place, "scenario", f"“{place}”不合要求：{text}", text) for place, text in places)
        ) from None
