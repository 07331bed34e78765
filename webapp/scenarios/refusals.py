"""What a form or a command said when it refused, held against what the step expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from webapp.errors import BeianError
from webapp.formkit import BoundForm
from webapp.scenarios.documents import ScenarioStep
from webapp.scenarios.errors import ScenarioFailed

Errors = Mapping[str, Sequence[str]]


def errors_of(bound: BoundForm) -> Errors:
    """A bound form's errors by field; for a sheet also those of its rows, as “3 名称：…”."""
    found = {name: list(sentences) for name, sentences in bound.errors.items()}
    for name, sentences in found.items():
        field = bound.field(name)
        for row, problems in field.bad_rows if field is not None else ():
            sentences += [f"{row} {problem.column_zh}：{problem.sentence_zh}" for problem in problems]
    return found


def form_refused(step: ScenarioStep, valid: bool, errors: Errors) -> bool:
    """Whether the form was refused as expected. Raises ScenarioFailed when it was refused otherwise."""
    if valid:
        return False
    if step.refused is None:
        raise ScenarioFailed(f"the form was refused: {dict(errors)}")
    for name, part in step.refused.items():
        if not any(part in sentence for sentence in errors.get(name, ())):
            raise ScenarioFailed(f"expected “{part}” at {name}, got {dict(errors)}")
    return True


def command_refused(step: ScenarioStep, act: Callable[[], object]) -> bool:
    """Run a command; whether it was refused with what the step expects (the names of `refused` do not matter then).

    Raises ScenarioFailed when it was accepted all the same, and the command's own error when none was expected.
    """
    try:
        act()
    except BeianError as error:
        told = [error.sentence, *(why for _name, why in getattr(error, "details", ()))]
        if not step.refused or not all(any(part in text for text in told) for part in step.refused.values()):
            raise
        return True
    if step.refused:
        raise ScenarioFailed(f"expected {dict(step.refused)}, but it was accepted")
    return False
