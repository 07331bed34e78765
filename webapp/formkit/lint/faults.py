"""Collecting what is wrong with one form file."""

from dataclasses import dataclass, field

from webapp.engine.errors import EngineError, Finding


@dataclass
class Faults:
    """Findings of one file in the order found."""

    file: str
    found: list[Finding] = field(default_factory=list)

    def add(self, element: str, rule: str, zh: str, en: str) -> None:
        """Note that `element` (a key, or "" for the whole file) breaks `rule`."""
        finding = Finding(self.file, element, rule, zh, en)
        if finding not in self.found:
            self.found.append(finding)

    def add_cause(self, element: str, rule: str, where: str, error: EngineError) -> None:
        """Note that the expression in attribute `where` of `element` is no expression."""
        self.add(element, rule, f"{where}：{error.sentence}", f"{where}: {error.sentence_en}")
