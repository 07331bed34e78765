"""Every step, rule and deadline names the clauses it carries out, or says that the text is silent, and why."""

from collections.abc import Iterator

from webapp.engine.diagram import Node
from webapp.engine.elements import AS_CALLED
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title

NOT_STATED = "not-stated"
COMMON = "common_"


def articles(context: Context) -> Iterator[Finding]:
    """User tasks, timers and rule tasks have the property article; a table's own articles do for its rule task."""
    for _, node in context.nodes():
        needs = node.kind in ("userTask", "businessRuleTask") or node.timer is not None
        if needs and not node.properties.get("article", "").strip() and not _by_table(context, node):
            yield finding(
                node,
                "article-missing",
                f"“{title(node)}”没有写明依据哪一条；请加属性 article（条款编号，空格分隔，或 not-stated）",
                f'"{title(node)}" does not say which clause it carries out; add the property article '
                "(clause ids separated by blanks, or not-stated)",
            )


def _by_table(context: Context, node: Node) -> bool:
    found = context.tables.get(node.get("decisionRef") or "")
    return node.kind == "businessRuleTask" and found is not None and bool(found[1].articles)


def as_called(context: Context) -> Iterator[Finding]:
    """`as-called` stands alone, inside a common process, and whoever calls that process names its clauses."""
    for _, node in context.nodes():
        for name in ("article", "due_article"):
            codes = node.properties.get(name, "").split()
            if AS_CALLED not in codes or (codes == [AS_CALLED] and node.process_id.startswith(COMMON)):
                continue
            yield finding(
                node,
                "as-called",
                f"“{title(node)}”的 {name} 写了 as-called：它只能单独写在公共子流程（{COMMON}…）里",
                f'the {name} of "{title(node)}" says as-called, which stands alone and inside a common process '
                f"({COMMON}…) only",
            )
    for _, node in context.nodes("callActivity"):
        if (node.xml.get("calledElement") or "").startswith(COMMON) and not node.properties.get("article", "").strip():
            yield finding(
                node,
                "article-missing",
                f"“{title(node)}”调用公共子流程，请写明依据哪一条（属性 article）",
                f'"{title(node)}" calls a common process; name the clauses it carries out in the property article',
            )


def reasons(context: Context) -> Iterator[Finding]:
    """Where a text is silent, in whole or in part, the reason stands beside it in both languages."""
    for _, node in context.nodes():
        silent = any(NOT_STATED in node.properties.get(name, "").split() for name in ("article", "due_article"))
        if silent and not all(node.properties.get(name, "").strip() for name in ("reason_zh", "reason_en")):
            yield finding(
                node,
                "not-stated-reason",
                f"“{title(node)}”写了 not-stated，还应写明理由：属性 reason_zh 和 reason_en",
                f'"{title(node)}" says not-stated; give the reason in the properties reason_zh and reason_en',
            )


RULES: tuple[Rule, ...] = (articles, as_called, reasons)
