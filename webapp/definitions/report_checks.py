"""What is wrong with what a pack says of reports from the public."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from webapp.definitions.bundle import Bundle
from webapp.definitions.process_entries import REPORTED, PublicReportEntry
from webapp.engine import Finding, OperationSpec, feel
from webapp.engine.errors import EngineError


def report_findings(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> list[Finding]:
    """All findings of `public_report` in a pack."""
    entry = bundle.pack.public_report
    if entry is None:
        return []
    wrong = [*_expressions(entry), *_answers(bundle, entry, operations)]
    return [Finding("pack.yaml", f"public_report.{place}", "public_report", zh, en) for place, zh, en in wrong]


def _expressions(entry: PublicReportEntry) -> Iterator[tuple[str, str, str]]:
    for key, text in entry.answers.items():
        try:
            found = feel.compile(text)
        except EngineError as error:
            yield f"answers.{key}", error.sentence, error.sentence_en
            continue
        for name in sorted(found.paths | found.names - {"report"}):
            root, _dot, member = name.partition(".")
            if root != "report" or member not in REPORTED:
                known = ", ".join(f"report.{field}" for field in sorted(REPORTED))
                yield f"answers.{key}", f"没有“{name}”，可用：{known}", f"There is no “{name}”; there are {known}"


def _answers(
    bundle: Bundle, entry: PublicReportEntry, operations: Mapping[str, OperationSpec]
) -> Iterator[tuple[str, str, str]]:
    if bundle.pack.process(entry.process) is None:
        yield "process", f"没有流程“{entry.process}”", f"There is no process “{entry.process}”"
        return
    try:
        form = bundle.form(bundle.definition(entry.process, operations).elements["Application"].form_key or "")
    except EngineError:
        return  # told where the diagram or the form is at fault
    keys = {field.key for field in form.top}
    for key in sorted(set(entry.answers) - keys):
        yield f"answers.{key}", f"报告表没有“{key}”这一项", f"The application has no field “{key}”"
