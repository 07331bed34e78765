"""Faults of a pack's sheets and layouts: files, names and clauses that are not there. Part of `beian packs check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from webapp.definitions.bundle import Bundle
from webapp.documents.layout import Layout, Repeat, parse_layout
from webapp.engine import Definition, Finding, OperationSpec, feel
from webapp.engine.errors import DefinitionError
from webapp.formkit.errors import FormSchemaError
from webapp.formkit.lint.conditions import CASE_MEMBERS

# Members `case` has on paper beside those every expression sees.
PRINTED = frozenset({"number", "title", "outcome", "filing_number", "receipt", "ended_at"})
CASE = CASE_MEMBERS | PRINTED
# What a step's answers hold beside the fields of its form.
ANSWERED = frozenset({"decision", "opinion", "grounds", "by", "at"})


def layouts_of(bundle: Bundle) -> list[Layout]:
    """The layouts a pack lists, in order. Raises DefinitionError when a file is missing or wrong."""
    return [_layout(bundle, path) for path in bundle.pack.documents]


def layouts_for(bundle: Bundle, process: str) -> list[Layout]:
    """The layouts that print cases of a process."""
    return [layout for layout in layouts_of(bundle) if process in layout.process]


def check_documents(bundle: Bundle, operations: Mapping[str, OperationSpec], clauses: set[str]) -> list[Finding]:
    """Everything wrong with the layouts and sheets of a pack."""
    findings: list[Finding] = []
    found: dict[str, tuple[str, Layout]] = {}
    for path in bundle.pack.documents:
        try:
            layout = _layout(bundle, path)
        except DefinitionError as error:
            findings += error.findings
            continue
        if layout.key in found:
            zh, en = f"key“{layout.key}”与 {found[layout.key][0]} 重复", f"the key {layout.key} is used twice"
            findings.append(Finding(path, "key", "layout", zh, en))
        found[layout.key] = (path, layout)
    findings += _unlisted(bundle)
    for path, layout in found.values():
        findings += _clauses(path, "article", layout.citations, clauses)
        findings += _names(bundle, path, layout, operations)
    findings += _sheets(bundle, clauses)
    return findings


def _layout(bundle: Bundle, path: str) -> Layout:
    if path not in bundle.files:
        raise DefinitionError((Finding(path, "", "layout", "没有这个文件", "There is no such file"),))
    return parse_layout(bundle.files[path], path)


def _unlisted(bundle: Bundle) -> Iterator[Finding]:
    for path in sorted(bundle.files):
        if path.startswith("documents/") and path not in bundle.pack.documents:
            zh = "pack.yaml 的 documents 里没有列出这个版式"
            yield Finding(path, "", "layout", zh, "documents in pack.yaml does not list this layout")


def _sheets(bundle: Bundle, clauses: set[str]) -> Iterator[Finding]:
    keys = [sheet.key for sheet in bundle.pack.sheets]
    for sheet in bundle.pack.sheets:
        place = f"sheets.{sheet.key}"
        if keys.count(sheet.key) > 1:
            yield Finding("pack.yaml", place, "sheet", "key 重复", "the key is used twice")
        codes = sheet.article.split()
        if not codes or (codes == ["not-stated"] and not (sheet.reason_zh and sheet.reason_en)):
            zh = "写明 article；没有规定写 not-stated 和 reason_zh、reason_en"
            yield Finding("pack.yaml", place, "sheet", zh, "name the article, or not-stated with both reasons")
    for path in sorted(bundle.files):
        if path.startswith("forms/"):
            yield from _sheet_fields(bundle, path, keys)


def _sheet_fields(bundle: Bundle, path: str, keys: Sequence[str]) -> Iterator[Finding]:
    try:
        schema = bundle.form(path.removeprefix("forms/").removesuffix(".form"))
    except (DefinitionError, FormSchemaError):
        return
    for field in schema.fields:
        if field.kind == "sheet" and field.sheet not in keys:
            zh = f"pack.yaml 的 sheets 里没有“{field.sheet}”"
            yield Finding(path, field.path, "sheet", zh, f"pack.yaml has no sheet “{field.sheet}”")


def _clauses(file: str, place: str, codes: Sequence[str], clauses: set[str]) -> Iterator[Finding]:
    for code in codes:
        if code not in clauses:
            yield Finding(file, place, "clause", f"没有条款“{code}”", f"There is no clause “{code}”")


def _names(bundle: Bundle, path: str, layout: Layout, operations: Mapping[str, OperationSpec]) -> Iterator[Finding]:
    definitions: dict[str, Definition] = {}
    for process in layout.process:
        if bundle.pack.process(process) is None:
            zh = f"pack.yaml 中没有流程“{process}”"
            yield Finding(path, "process", "layout", zh, f"pack.yaml lists no process “{process}”")
            continue
        try:
            definitions[process] = bundle.definition(process, operations)
        except DefinitionError:
            return  # the diagram's own findings say why
    if not definitions:
        return
    for place, text, inside in expressions(layout):
        yield from _expression(bundle, definitions, path, place, text, inside)
    tasks = {e.id for d in definitions.values() for e in d.elements.values() if e.kind == "userTask"}
    for place, cell, _ in layout.cells():
        for name in cell.opinion:
            if name.rsplit(".", 1)[-1] not in tasks:
                zh = f"没有用户任务“{name}”"
                yield Finding(path, f"{place}.opinion", "layout", zh, f"there is no user task “{name}”")


def expressions(layout: Layout) -> Iterator[tuple[str, str, bool]]:
    """Every expression of a layout: (place, FEEL, whether `row` is known there)."""
    for place, text in (("when", layout.when), ("number", layout.number)):
        if text is not None:
            yield place, text, False
    for number, line in enumerate(layout.head):
        if line.value is not None:
            yield f"head.{number}.value", line.value, False
    for number, entry in enumerate(layout.rows):
        if isinstance(entry, Repeat):
            yield f"rows.{number}.repeat", entry.repeat, False
    for place, cell, inside in layout.cells():
        if cell.value is not None:
            yield f"{place}.value", cell.value, inside


def _expression(
    bundle: Bundle, definitions: Mapping[str, Definition], path: str, place: str, text: str, inside: bool
) -> Iterator[Finding]:
    compiled = feel.compile(text)
    known = {name for definition in definitions.values() for name in definition.unset} | {"case"}
    for name in sorted(compiled.names - known - ({"row"} if inside else set())):
        zh = f"表达式“{text}”读取的 {name} 不存在；可以读取用户任务、结果变量和 case" + ("、row" if inside else "")
        yield Finding(path, place, "layout", zh, f"“{text}” reads {name}, which does not exist")
    for function in sorted(compiled.functions - {"today"}):
        yield Finding(path, place, "layout", f"没有函数 {function}", f"there is no function {function}")
    for read in sorted(compiled.paths):
        element, _, member = read.partition(".")
        if element == "case" and member and member.split(".", 1)[0] not in CASE:
            zh = f"case 没有 {member.split('.', 1)[0]}，可用：{'、'.join(sorted(CASE))}"
            yield Finding(path, place, "layout", zh, f"case has no {member.split('.', 1)[0]}")
        fields = _fields(bundle, definitions, element)
        if member and fields is not None and member.split(".", 1)[0] not in fields:
            zh = f"{element} 的表单没有字段“{member.split('.', 1)[0]}”"
            yield Finding(path, place, "layout", zh, f"the form of {element} has no field “{member.split('.', 1)[0]}”")


def _fields(bundle: Bundle, definitions: Mapping[str, Definition], element: str) -> set[str] | None:
    """Keys a task's answers may hold over all processes; None when it is no task with a form."""
    keys: set[str] | None = None
    for definition in definitions.values():
        found = definition.elements.get(element)
        if found is not None and found.kind == "userTask":
            keys = (keys or set()) | ANSWERED
            if found.form_key and f"forms/{found.form_key}.form" in bundle.files:
                try:
                    keys |= {field.key for field in bundle.form(found.form_key).top}
                except (DefinitionError, FormSchemaError):
                    return None
            elif found.form_key:
                return None  # a form of the common parts
    return keys
