"""Errors of formkit; each holds a Chinese and an English sentence, like those of the engine room."""

from collections.abc import Iterable

from webapp.engine.errors import EngineError, Finding, place


class FormSchemaError(EngineError):
    """A form file is refused; `findings` says everything that is wrong with it."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            "；".join(f"{place(f)}：{f.sentence}" for f in self.findings[:3]),
            "; ".join(f"{place(f)}: {f.sentence_en}" for f in self.findings[:3]),
        )


class ConditionError(EngineError):
    """A condition of a form cannot be evaluated over what was filled in: the form is at fault, not the person."""

    def __init__(self, form: str, element: str, cause: EngineError) -> None:
        super().__init__(
            f"表单 {form} 字段 {element} 的条件无法计算：{cause.sentence}",
            f"a condition of {element} in form {form} cannot be evaluated: {cause.sentence_en}",
        )
        self.form = form
        self.element = element
