"""Lint of form files: every fault is a sentence that names file and element."""

from webapp.engine.errors import Finding
from webapp.formkit.lint.components import check_components
from webapp.formkit.lint.conditions import check_conditions
from webapp.formkit.lint.document import PAGE_NAMES, RESERVED, read
from webapp.formkit.lint.faults import Faults

__all__ = ["PAGE_NAMES", "RESERVED", "check"]


def check(source: bytes, name: str) -> list[Finding]:
    """Everything wrong with the form file `name` (a path; its stem must equal the form's id), [] when it is sound."""
    faults = Faults(name)
    document = read(source, faults)
    if document is not None:
        check_components(document, faults)
        check_conditions(document, faults)
    return faults.found
