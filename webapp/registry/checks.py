"""Rules of forms that need the register, asked while a person types and again on submission.

Each answers with Advice; whether an error may be overridden with a reason is the form's to say (check_unless),
except for rules without exceptions (formkit.lookups.INEXCUSABLE).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.extensions import db
from webapp.formkit.lookups import Advice, Level
from webapp.organization.models import Unit, User
from webapp.organization.queries import units
from webapp.registry.queries import existing_accounts
from webapp.registry.terms import similarity

ALIKE = 0.6
# Signs people put between the characters of a name to get around a check.
_BETWEEN = re.compile(r"[\s\-_.·•・‧∙・~|/\\*]")


@dataclass(frozen=True)
class Mark:
    """A protected mark of the school, as the pack lists it."""

    text: str
    ignore_case: bool = True
    article: str = ""


@dataclass(frozen=True)
class Asked:
    """Who is asking. `case` is the case object of forms and diagrams; `apart_from` the account being changed.

    `articles` names the clause a rule rests on, by rule; a mark's own article comes first.
    """

    institution_id: int
    case: Mapping[str, Any] = field(default_factory=dict)
    marks: Sequence[Mark] = ()
    articles: Mapping[str, str] = field(default_factory=dict)
    apart_from: int | None = None


def run_check(rule: str, name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    """What `rule` says about `value` of field `name`, given all answers. Raises KeyError for an unknown rule."""
    return _RULES[rule](name, value, answers, asked)


def squeeze(text: str, ignore_case: bool = True) -> str:
    """A name as marks are looked for in it: width and compatibility forms unified, and nothing between characters:
    no spaces, no zero-width or other invisible characters, no combining marks, no dots or dashes.
    """
    unified = unicodedata.normalize("NFKC", text)
    visible = "".join(char for char in unified if unicodedata.category(char)[0] not in "CZM")
    bare = _BETWEEN.sub("", visible)
    return bare.casefold() if ignore_case else bare


def found_marks(text: str, marks: Sequence[Mark]) -> list[Mark]:
    """The marks a name carries, longest first; a mark inside a longer one that was found is not named again."""
    found: list[Mark] = []
    for mark in sorted(marks, key=lambda entry: len(entry.text), reverse=True):
        wanted = squeeze(mark.text, mark.ignore_case)
        inside = any(wanted.casefold() in squeeze(other.text) for other in found)
        if wanted and wanted in squeeze(text, mark.ignore_case) and not inside:
            found.append(mark)
    return found


def _protected_mark(name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    advice = []
    for mark in found_marks(str(value or ""), asked.marks):
        article = mark.article or asked.articles.get("protected_mark", "")
        zh = f"名称含有受保护的学校标识“{mark.text}”，须经学校授权方可使用。"
        en = f"The name carries the protected school mark “{mark.text}”; using it needs the school's authorisation."
        advice.append(Advice("error", name, zh, en, article))
    return advice


def _other_department(name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    own = _unit_id(answers, asked)
    rows = {unit.id: unit for unit in units(asked.institution_id)}
    # A unit may use its own name and those of the units above it.
    mine = ""
    at = rows.get(own) if own is not None else None
    while at is not None:
        mine += squeeze(at.name_zh) + "\n"
        at = rows.get(at.parent_id) if at.parent_id is not None else None
    text = squeeze(str(value or ""))
    for unit in sorted(rows.values(), key=lambda entry: len(entry.name_zh), reverse=True):
        other = squeeze(unit.name_zh)
        # The root is the school itself: its name is a matter of the marks.
        if unit.parent_id is not None and len(other) > 1 and other in text and other not in mine:
            zh = f"名称含有其他部门的名称“{unit.name_zh}”，不得以其他部门名义申请。"
            en = f"The name carries another department's name, “{unit.name_zh}”; that is refused."
            return [Advice("error", name, zh, en, asked.articles.get("other_department", ""))]
    return []


def _single_account(name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    own, platform = _unit_id(answers, asked), answers.get("platform")
    if own is None or not isinstance(platform, str) or not platform:
        return []
    found = existing_accounts(asked.institution_id, own, platform, apart_from=asked.apart_from, limit=3)
    if not found:
        return []
    listed = "、".join(f"“{row.name}”（{row.filing_number}）" for row in found)
    listed_en = ", ".join(f"“{row.name}” ({row.filing_number})" for row in found)
    zh = f"该单位在此平台已有账号：{listed}。原则上一个单位在一个平台只设一个主账号，确需再开须说明理由。"
    en = f"The unit already has an account on this platform: {listed_en}. A second one needs a written reason."
    return [_advice("error", "single_account", name, zh, en, asked)]


def _duplicate_purpose(name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    own = _unit_id(answers, asked)
    if own is None or not isinstance(value, str):
        return []
    rows = existing_accounts(asked.institution_id, own, apart_from=asked.apart_from, limit=200)
    closest = max(rows, key=lambda row: similarity(value, row.purpose), default=None)
    if closest is None or similarity(value, closest.purpose) < ALIKE:
        return []
    zh = f"定位与本单位已有账号“{closest.name}”（{closest.filing_number}）相近，请说明两者的区别。"
    en = f"The purpose is close to that of “{closest.name}” ({closest.filing_number}) of the same unit."
    return [_advice("warning", "duplicate_purpose", name, zh, en, asked)]


def _permanent_staff(name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    person = _id(value)
    if person is not None:
        user = db.session.get(User, person)
        known = user is not None and user.institution_id == asked.institution_id
        fits = user is not None and known and user.kind == "staff" and user.permanent
    else:
        applicant = asked.case.get("applicant") or {}
        fits = applicant.get("kind") == "staff" and applicant.get("permanent") is True
    if fits:
        return []
    zh = "原则上应为在编在岗的教职工；确有特殊情况的，须说明理由并经批准。"
    en = "In principle this must be a member of the permanent staff in post; an exception needs a reason and approval."
    return [_advice("error", "permanent_staff", name, zh, en, asked)]


def _unit_required(name: str, value: Any, answers: Mapping[str, Any], asked: Asked) -> list[Advice]:
    picked = _id(value)
    unit = db.session.get(Unit, picked) if picked is not None else None
    if unit is not None and unit.institution_id == asked.institution_id and unit.active:
        return []
    zh = "账号须由校内单位主办，不受理以个人名义提出的申请。"
    en = "An account must be sponsored by a unit of the school; individuals cannot apply in their own name."
    return [_advice("error", "unit_required", name, zh, en, asked)]


def _advice(level: Level, rule: str, name: str, zh: str, en: str, asked: Asked) -> Advice:
    return Advice(level, name, zh, en, asked.articles.get(rule, ""))


def _id(value: Any) -> int | None:
    """The id inside a unit or person answer."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _unit_id(answers: Mapping[str, Any], asked: Asked) -> int | None:
    """The unit applied for, else the case's own."""
    found = _id(answers.get("unit"))
    return found if found is not None else _id(asked.case.get("unit"))


_RULES: dict[str, Callable[[str, Any, Mapping[str, Any], Asked], list[Advice]]] = {
    "protected_mark": _protected_mark,
    "other_department": _other_department,
    "single_account": _single_account,
    "duplicate_purpose": _duplicate_purpose,
    "permanent_staff": _permanent_staff,
    "unit_required": _unit_required,
}
