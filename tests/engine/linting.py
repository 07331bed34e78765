"""Lints small drawings in tests."""

from tests.engine.drawing import Drawing
from tests.engine.running import OPERATIONS
from webapp.engine import Finding
from webapp.engine.lint import check


def findings(*drawings: Drawing, **tables: bytes) -> list[Finding]:
    """What lint says about the first drawing's process; every finding has both sentences."""
    files = {f"{drawing.process_id}.bpmn": drawing.xml() for drawing in drawings}
    files |= {f"{name}.dmn": content for name, content in tables.items()}
    found = check(drawings[0].process_id, files, OPERATIONS)
    for finding in found:
        assert finding.sentence, finding
        assert any("一" <= character <= "鿿" for character in finding.sentence), finding
        assert finding.sentence_en, finding
        assert finding.sentence_en.isprintable(), finding
    return found


def rules(*drawings: Drawing, **tables: bytes) -> set[tuple[str, str]]:
    """The findings as (element, rule)."""
    return {(finding.element, finding.rule) for finding in findings(*drawings, **tables)}


def with_element(*elements: str, xml: str = "", extra: str = "") -> Drawing:
    """Start, Application, one raw element with the id X, end."""
    drawing = Drawing()
    drawing.extra = extra
    drawing.start()
    drawing.user("Application")
    drawing.raw("X", xml)
    drawing.end()
    drawing.flow("Start", "Application", "X", *elements, "End")
    return drawing
