"""Every fault of a pack, before any of it is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from webapp.definitions.bundle import Bundle, make_bundle
from webapp.definitions.campaign_checks import campaign_findings
from webapp.definitions.packs import Pack
from webapp.definitions.process_checks import process_findings
from webapp.definitions.report_checks import report_findings
from webapp.documents.checks import check_documents
from webapp.engine import Finding, OperationSpec
from webapp.engine.elements import AS_CALLED
from webapp.engine.errors import DefinitionError, EngineError
from webapp.regulations.documents import Document, parse_document

GLOBAL_ROLES = ("auditor", "process_owner", "system_admin", "security_admin", "audit_admin")


def check_pack(files: Mapping[str, bytes], operations: Mapping[str, OperationSpec]) -> list[Finding]:
    """All findings of a pack's files; an empty list means that it can be deployed."""
    try:
        bundle = make_bundle(files)
    except DefinitionError as error:
        return list(error.findings)
    findings = _parts(bundle.pack)
    documents, wrong = _documents(bundle)
    findings += wrong
    clauses = {clause.id for document in documents for article in document.articles for clause in article.clauses}
    findings += _forms(bundle)
    for process in bundle.pack.processes:
        findings += _process(bundle, process.key, operations, clauses)
    findings += process_findings(bundle, operations)
    findings += campaign_findings(bundle, operations)
    findings += report_findings(bundle, operations)
    findings += _citations(bundle, clauses)
    findings += check_documents(bundle, operations, clauses)
    return findings


def _documents(bundle: Bundle) -> tuple[list[Document], list[Finding]]:
    documents: list[Document] = []
    findings: list[Finding] = []
    for path in bundle.pack.regulations:
        try:
            if path not in bundle.files:
                raise DefinitionError((Finding(path, "", "regulation", "没有这个文件", "There is no such file"),))
            documents.append(parse_document(bundle.files[path], path))
        except DefinitionError as error:
            findings += error.findings
    return documents, findings


def _parts(pack: Pack) -> list[Finding]:
    """Roles, units and kinds that name each other wrongly."""
    findings = []
    units, kinds = {unit.code for unit in pack.units}, {kind.key for kind in pack.unit_kinds}

    def wrong(place: str, zh: str, en: str) -> None:
        findings.append(Finding("pack.yaml", place, "reference", zh, en))

    for unit in pack.units:
        if unit.kind not in kinds:
            wrong(f"units.{unit.code}", f"没有单位类别“{unit.kind}”", f"There is no unit kind “{unit.kind}”")
        if unit.parent is not None and unit.parent not in units:
            wrong(f"units.{unit.code}", f"没有上级单位“{unit.parent}”", f"There is no parent unit “{unit.parent}”")
    for role in pack.roles:
        if role.found == "unit" and role.unit not in units:
            wrong(f"roles.{role.key}", f"没有单位“{role.unit}”", f"There is no unit “{role.unit}”")
        if role.found == "ancestor" and role.unit_kind not in kinds:
            wrong(f"roles.{role.key}", f"没有单位类别“{role.unit_kind}”", f"There is no unit kind “{role.unit_kind}”")
    if pack.lead_unit not in units:
        wrong("lead_unit", f"没有单位“{pack.lead_unit}”", f"There is no unit “{pack.lead_unit}”")
    series = {entry.key for entry in pack.number_series}
    if "account" not in series:
        wrong("number_series", "缺少登记号序列“account”", "The number series “account” is missing")
    return findings


def _forms(bundle: Bundle) -> list[Finding]:
    findings: list[Finding] = []
    for path in sorted(bundle.files):
        if path.startswith("forms/"):
            try:
                bundle.form(path.removeprefix("forms/").removesuffix(".form"))
            except EngineError as error:
                findings += getattr(error, "findings", ())
    return findings


def _process(bundle: Bundle, key: str, operations: Mapping[str, OperationSpec], clauses: set[str]) -> list[Finding]:
    try:
        findings = bundle.lint_process(key, operations)
        if findings:
            return findings
        definition = bundle.definition(key, operations)
    except DefinitionError as error:
        return list(error.findings)
    diagram = bundle.process(key).diagram
    roles = {role.key for role in bundle.pack.roles}
    for element in definition.elements.values():
        for role in (*element.candidate_groups, element.properties.get("escalate_to")):
            if role is not None and role not in roles:
                zh, en = f"pack.yaml 中没有角色“{role}”", f"pack.yaml declares no role “{role}”"
                findings.append(Finding(diagram, element.id, "role", zh, en))
        if element.form_key and f"forms/{element.form_key}.form" not in bundle.files:
            zh, en = f"没有表单“{element.form_key}”", f"There is no form “{element.form_key}”"
            findings.append(Finding(diagram, element.id, "form", zh, en))
        findings += _unknown(diagram, element.id, element.articles, clauses)
    return findings


def _unknown(file: str, place: str, articles: Iterable[str], clauses: set[str]) -> list[Finding]:
    return [
        Finding(file, place, "clause", f"没有条款“{code}”", f"There is no clause “{code}”")
        for code in articles
        if code not in clauses and code not in ("not-stated", AS_CALLED)
    ]


def _citations(bundle: Bundle, clauses: set[str]) -> list[Finding]:
    """Clauses cited by forms and by pack.yaml that no regulation of the pack holds."""
    findings: list[Finding] = []
    cited = re.compile(rb'"article"\s*:\s*"([^"]*)"|\barticle:\s*([^,}\n]+)')
    for path, content in bundle.files.items():
        if path.endswith(".form") or path == "pack.yaml":
            for match in cited.finditer(content):
                codes = (match[1] or match[2] or b"").decode("utf-8", "replace").strip(" \"'")
                findings += _unknown(path, codes, codes.split(), clauses)
    return findings
