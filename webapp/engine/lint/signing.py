"""What steps say of several signers, of batches, and of what happens after a return."""

import re
from collections.abc import Iterator

from webapp.engine.diagram import Node
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title

_AGREEING = frozenset({"approve", "receive"})
_RATIO = re.compile(r"ratio (\d+)/(\d+)")


def countersigning(context: Context) -> Iterator[Finding]:
    """A countersigned step is decided by roles, and its ratio is a share of them."""
    for _, node in context.nodes("userTask"):
        rule = node.properties.get("countersign")
        if rule is None:
            if "countersigners" in node.properties:
                yield finding(
                    node,
                    "countersigners-ignored",
                    f"“{title(node)}”的属性 countersigners 只在写了 countersign 时有作用，请删除",
                    f'the property countersigners of "{title(node)}" has no effect without countersign; remove it',
                )
            continue
        if not node.get("candidateGroups") or not _AGREEING & _decisions(node):
            yield finding(
                node,
                "countersign-who",
                f"“{title(node)}”会签，须由角色办理（candidateGroups），decisions 中要有 approve 或 receive",
                f'"{title(node)}" is countersigned, so it needs candidateGroups, and approve or receive among its '
                "decisions",
            )
        share = _RATIO.fullmatch(rule.strip())
        if share and int(share[1]) > int(share[2]):
            yield finding(
                node,
                "countersign-ratio",
                f"“{title(node)}”的会签比例 {rule} 大于全体，请改小",
                f'the ratio of "{title(node)}", {rule}, is more than all of them; make it smaller',
            )


def batches(context: Context) -> Iterator[Finding]:
    """What is approved together with others can be approved, and by one person."""
    for _, node in context.nodes("userTask"):
        if node.properties.get("batch") == "true" and not _AGREEING & _decisions(node):
            yield finding(
                node,
                "batch-decision",
                f"“{title(node)}”允许批量办理，decisions 中要有 approve 或 receive",
                f'"{title(node)}" may be approved in a batch, so approve or receive must be among its decisions',
            )


def after_returns(context: Context) -> Iterator[Finding]:
    """A step that is not done again names what it reviews; one that always is need not."""
    for _, node in context.nodes("userTask"):
        straight, reviews = node.properties.get("after_return") == "straight", node.properties.get("reviews", "")
        if straight and not reviews.strip():
            yield finding(
                node,
                "reviews-missing",
                f"“{title(node)}”退回后可不再办理（after_return），请用属性 reviews 写明它审查申请的哪些项",
                f'"{title(node)}" need not be done again after a return; name the fields of the application it reviews '
                "in the property reviews",
            )
        elif straight and not _AGREEING & _decisions(node):
            yield finding(
                node,
                "straight-decision",
                f"“{title(node)}”没有“同意”可选，退回后不能沿用；请删除属性 after_return",
                f'"{title(node)}" offers no agreement that could carry over; remove the property after_return',
            )
        elif reviews and not straight:
            yield finding(
                node,
                "reviews-ignored",
                f"“{title(node)}”的属性 reviews 只在 after_return 为 straight 时有作用，请删除",
                f'the property reviews of "{title(node)}" has no effect unless after_return is straight; remove it',
            )


def _decisions(node: Node) -> set[str]:
    return set(re.split(r"\s*,\s*", node.properties.get("decisions", "")))


RULES: tuple[Rule, ...] = (countersigning, batches, after_returns)
