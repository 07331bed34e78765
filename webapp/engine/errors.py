"""Errors of the engine room; each holds a Chinese and an English sentence for the person who must act."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One fault of a definition: where it is, which rule it breaks, and what to draw or write instead.

    `element` is the id of the XML element or the key of the form field, "" when the fault concerns the whole file.
    """

    file: str
    element: str
    rule: str
    sentence: str
    sentence_en: str


class EngineError(Exception):
    """Base of all errors raised by webapp.engine; `sentence` is Chinese, `sentence_en` English."""

    def __init__(self, sentence: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence = sentence
        self.sentence_en = sentence_en


class DefinitionError(EngineError):
    """A diagram, decision table or form is refused; `findings` says everything that is wrong with it."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        shown = self.findings[:3]
        more = len(self.findings) - len(shown)
        zh = "；".join(f"{place(f)}：{f.sentence}" for f in shown)
        en = "; ".join(f"{place(f)}: {f.sentence_en}" for f in shown)
        super().__init__(
            zh + (f"；另有 {more} 处问题" if more else ""), en + (f"; and {more} more faults" if more else "")
        )


class FeelSyntaxError(EngineError):
    """A text that is no expression of our FEEL subset; `position` counts characters of `text` from 0."""

    def __init__(self, sentence: str, sentence_en: str, *, text: str = "", position: int = 0) -> None:
        super().__init__(sentence, sentence_en)
        self.text = text
        self.position = position


class FeelError(EngineError):
    """An expression that cannot be evaluated over the values it was given."""


class BudgetExceeded(FeelError):
    """An evaluation that would need more steps, text, list entries or digits than allowed."""


class DecisionError(FeelError):
    """A decision table without a lawful answer; `rules` are the numbers (from 1) of the rules concerned."""

    def __init__(self, sentence: str, sentence_en: str, *, table: str, rules: tuple[int, ...] = ()) -> None:
        super().__init__(sentence, sentence_en)
        self.table = table
        self.rules = rules


class OperationError(EngineError):
    """A service operation failed; the reason is kept as `__cause__`."""

    def __init__(self, sentence: str, sentence_en: str, *, operation: str, element: str) -> None:
        super().__init__(sentence, sentence_en)
        self.operation = operation
        self.element = element


class StoreFormatError(EngineError):
    """A stored case was written in a format this version does not know."""


class RestartRefused(EngineError):
    """A case may not be sent back to the element asked for."""


def place(finding: Finding) -> str:
    """Where a finding lies, for display: the file, and the element when there is one."""
    return f"{finding.file} {finding.element}".strip()
