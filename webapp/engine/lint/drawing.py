"""Diagram interchange: an element without a shape would be executed and never seen."""

from collections.abc import Iterator

from webapp.engine import dialect
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding


def shapes(context: Context) -> Iterator[Finding]:
    """Every node has a shape and every flow an edge."""
    drawn = {
        (file, shape.get("bpmnElement"))
        for file, root in context.diagrams.roots.items()
        for tag in ("BPMNShape", "BPMNEdge")
        for shape in root.iter(f"{{{dialect.BPMNDI}}}{tag}")
    }
    for process in context.processes:
        parts = [*process.nodes, *(flow.id for flow in process.flows)]
        missing = [part for part in parts if (process.file, part) not in drawn]
        if missing:
            listed, more = "、".join(missing[:5]), len(missing) - 5
            yield finding(
                (process.file, missing[0]),
                "no-shape",
                f"图上没有画出 {listed}{f' 等 {len(missing)} 个元素' if more > 0 else ''}；请在流程编辑器中打开并保存",
                f"{', '.join(missing[:5])}{f' and {more} more' if more > 0 else ''} are not drawn; "
                "open the file in the diagram editor and save it",
            )


RULES: tuple[Rule, ...] = (shapes,)
