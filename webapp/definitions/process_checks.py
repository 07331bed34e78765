"""What is wrong with the processes a pack declares, beyond their diagrams: names nothing has, fields not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from webapp.definitions.bundle import Bundle
from webapp.definitions.process_entries import ProcessEntry
from webapp.engine import Finding, OperationSpec, feel
from webapp.engine.errors import EngineError
from webapp.formkit import FieldSpec, Kind

Fault = tuple[str, str, str]
_FUNCTIONS = frozenset({"today"})


def process_findings(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> list[Finding]:
    """All findings of `processes`, `inactivity` and `registers` in a pack."""
    pack = bundle.pack
    found: list[Finding] = []
    for entry in pack.processes:
        fields = _fields(bundle, entry, operations)
        for place, zh, en in (*_references(bundle, entry), *_about(entry, fields), *_deadlines(entry, fields)):
            found.append(Finding("pack.yaml", f"processes.{entry.key}{place}", "process", zh, en))
        found += _calls(bundle, entry, operations)
    idle = pack.inactivity.process if pack.inactivity else None
    if idle is not None and pack.process(idle) is None:
        zh, en = f"没有流程“{idle}”", f"There is no process “{idle}”"
        found.append(Finding("pack.yaml", "inactivity", "process", zh, en))
    return found


# Inputs that name something of the pack, by operation: (input, of what).
_NAMING = {
    "notifications.notify": ("text", "texts"),
    "bulletins.publish": ("text", "texts"),
    "cases.request": ("process", "processes"),
}
# Series that an operation takes its numbers from.
_SERIES = {"bulletins.publish": "bulletin", "registry.register_group": "group"}
_LITERAL = re.compile(r'"([^"\\]*)"')


def _calls(bundle: Bundle, entry: ProcessEntry, operations: Mapping[str, OperationSpec]) -> Iterator[Finding]:
    """Texts, processes and series that service tasks need and the pack does not have."""
    try:
        elements = bundle.definition(entry.key, operations).elements
    except EngineError:
        return
    known = {"texts": set(bundle.pack.texts), "processes": {process.key for process in bundle.pack.processes}}
    for element in elements.values():
        series = _SERIES.get(element.topic or "")
        if series is not None and bundle.pack.series(series) is None:
            zh = f"操作 {element.topic} 需要编号序列“{series}”，pack.yaml 没有"
            yield Finding(
                entry.diagram, element.id, "process", zh, f"{element.topic} needs the number series “{series}”"
            )
        name, noun = _NAMING.get(element.topic or "", ("", ""))
        said = _LITERAL.fullmatch((element.inputs.get(name) or "").strip())
        if said is not None and said[1] not in known[noun]:
            zh = f"pack.yaml 的 {noun} 里没有“{said[1]}”"
            yield Finding(entry.diagram, element.id, "process", zh, f"pack.yaml has no “{said[1]}” in {noun}")


def _fields(bundle: Bundle, entry: ProcessEntry, operations: Mapping[str, OperationSpec]) -> dict[str, FieldSpec]:
    """The fields of the start form; {} where diagram or form is faulty, which is told elsewhere."""
    try:
        element = bundle.definition(entry.key, operations).elements["Application"]
        return {spec.key: spec for spec in bundle.form(element.form_key or "").top}
    except (EngineError, KeyError):
        return {}


def _references(bundle: Bundle, entry: ProcessEntry) -> Iterator[Fault]:
    roles = {role.key for role in bundle.pack.roles}
    for role in entry.start.roles:
        if role not in roles:
            yield ".start", f"没有角色“{role}”", f"There is no role “{role}”"
    for kind in entry.start.kinds:
        if kind not in ("staff", "student"):
            yield ".start", f"没有人员类别“{kind}”", f"There is no kind of people “{kind}”"


def _about(entry: ProcessEntry, fields: Mapping[str, FieldSpec]) -> Iterator[Fault]:
    if not fields or entry.about is None:
        return
    account = fields.get("account")
    if account is None or account.kind is not Kind.ACCOUNT:
        yield (
            ".about",
            "涉及账号的流程，申请表须有种类为 account 的字段“account”",
            "A process about an account asks for it in a field “account” of kind account",
        )
    elif None in entry.account_states and account.required:
        yield (
            ".account_states",
            "account_states 列有 null，而字段“account”是必填的",
            "account_states lists null while the field “account” is required",
        )
    if entry.period_field is not None and entry.period_field not in fields:
        name = entry.period_field
        yield ".period_field", f"申请表没有字段“{name}”", f"The application has no field “{name}”"


def _deadlines(entry: ProcessEntry, fields: Mapping[str, FieldSpec]) -> Iterator[Fault]:
    for number, deadline in enumerate(entry.deadline):
        place = f".deadline.{number}"
        since = fields.get(deadline.since)
        if fields and deadline.since and (since is None or since.kind is not Kind.DATE):
            name = deadline.since
            yield place, f"申请表没有日期字段“{name}”", f"The application has no date field “{name}”"
        silent = not deadline.article or deadline.article == "not-stated"
        if silent and not (deadline.article and deadline.reason_zh and deadline.reason_en):
            yield (
                place,
                "写明 article；没有规定写 not-stated 和 reason_zh、reason_en",
                "Name the article, or not-stated with both reasons",
            )
        if deadline.condition is not None:
            yield from _condition(place, deadline.condition, fields)
        if number + 1 < len(entry.deadline) and deadline.condition is None:
            yield place, "没有 when 的一项应排在最后，其后的不会用到", "An entry without `when` comes last"


def _condition(place: str, text: str, fields: Mapping[str, FieldSpec]) -> Iterator[Fault]:
    try:
        compiled = feel.compile(text)
    except EngineError as error:
        yield place, f"when：{error.sentence}", f"when: {error.sentence_en}"
        return
    for name in sorted(compiled.names - set(fields) - {"case"}) if fields else ():
        yield place, f"when 引用了申请表没有的字段“{name}”", f"when reads “{name}”, which the application does not have"
    for name in sorted(compiled.functions - _FUNCTIONS):
        yield place, f"when：没有函数“{name}”", f"when: there is no function “{name}”"
