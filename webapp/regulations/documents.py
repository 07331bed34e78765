"""Reading a regulation as a pack keeps it: articles and clauses in our own words."""

from __future__ import annotations

from datetime import date

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from webapp.engine import DefinitionError, Finding
from webapp.engine.yaml import load_yaml

KINDS = ("step", "rule", "deadline", "role", "form", "calendar", "register", "sanction", "notice", "undertaking")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClauseEntry(_Entry):
    id: str
    kind: str
    process: str
    duty_zh: str
    duty_en: str = ""


class ArticleEntry(_Entry):
    number: str
    heading_zh: str = ""
    heading_en: str = ""
    clauses: tuple[ClauseEntry, ...]


class Document(_Entry):
    """One regulation: its reference, title, the days it is in force, and its articles in order."""

    document: str
    ref: str = ""
    title_zh: str
    title_en: str = ""
    in_force_from: date | None = None
    in_force_to: date | None = None
    articles: tuple[ArticleEntry, ...]


def parse_document(content: bytes, file: str) -> Document:
    """A regulation file as data. Raises DefinitionError naming file, place and what is wrong."""
    try:
        document = Document.model_validate(load_yaml(content))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        zh, en = f"不是合法的 YAML：{error}", f"Not valid YAML: {error}"
        raise DefinitionError((Finding(file, "", "yaml", zh, en),)) from None
    except ValidationError as error:
        places = [(".".join(str(part) for part in problem["loc"]), problem["msg"]) for problem in error.errors()]
        raise DefinitionError(
            tuple(Finding(file, place, "regulation", f"“{place}”不合要求：{text}", text) for place, text in places)
        ) from None
    seen: set[str] = set()
    findings = []
    for article in document.articles:
        for clause in article.clauses:
            if clause.kind not in KINDS:
                zh, en = f"没有条款类别“{clause.kind}”", f"There is no kind of clause “{clause.kind}”"
                findings.append(Finding(file, clause.id, "regulation", zh, en))
            if clause.id in seen:
                findings.append(Finding(file, clause.id, "regulation", "条款编号重复", "This clause id occurs twice"))
            seen.add(clause.id)
    if findings:
        raise DefinitionError(tuple(findings))
    return document
