"""Every text of a diagram that will be evaluated compiles as FEEL and calls only functions that exist."""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.engine import feel, timers
from webapp.engine.diagram import Process
from webapp.engine.errors import FeelSyntaxError, Finding
from webapp.engine.lint.context import FUNCTIONS, Context, Rule, finding


@dataclass(frozen=True)
class Written:
    """One FEEL text: where it stands (an element id), the node whose data it sees, and what it is."""

    process: Process
    element: str
    node: str
    text: str
    what: str
    what_en: str


def written(context: Context) -> Iterator[Written]:
    """All FEEL texts of the diagrams; those of decision tables are checked by `dmn`."""
    for process, flow in context.flows():
        if flow.condition:
            yield Written(process, flow.id, flow.source, flow.condition, "条件", "the condition")
    for process, node in context.nodes():
        here = (process, node.id, node.id)
        if node.timer and not timers.is_literal(node.timer):
            yield Written(*here, node.timer, "定时", "the timer")
        if node.kind == "userTask" and node.get("dueDate"):
            yield Written(*here, node.get("dueDate") or "", "期限", "the due date")
        if node.kind == "userTask" and (node.get("assignee") or "").startswith("="):
            yield Written(*here, node.get("assignee") or "", "办理人", "the assignee")
        if node.kind == "userTask" and (node.get("candidateGroups") or "").strip().startswith("="):
            yield Written(*here, node.get("candidateGroups") or "", "办理角色", "the candidate groups")
        if node.kind == "serviceTask":
            for name, text in node.inputs.items():
                if not text:
                    continue
                yield Written(*here, text, f"输入 {name}", f"the input {name}")


def syntax(context: Context) -> Iterator[Finding]:
    """The text is an expression."""
    for text in written(context):
        try:
            compiled = feel.compile(text.text)
        except FeelSyntaxError as error:
            yield finding(
                (text.process.file, text.element),
                "expression",
                f"{text.what}“{text.text}”不是合法的表达式：{error.sentence}",
                f'{text.what_en} "{text.text}" is no expression: {error.sentence_en}',
            )
            continue
        for name in sorted(compiled.functions - FUNCTIONS):
            yield finding(
                (text.process.file, text.element),
                "unknown-function",
                f"{text.what}用了不存在的函数 {name}，可用：{'、'.join(sorted(FUNCTIONS))} 和内置函数",
                f"{text.what_en} calls the unknown function {name}; "
                f"there are {', '.join(sorted(FUNCTIONS))} and the built-in ones",
            )


def empty_inputs(context: Context) -> Iterator[Finding]:
    """An input parameter holds an expression, not nothing and no nested script, map or list."""
    for _, node in context.nodes("serviceTask"):
        for name, text in node.inputs.items():
            if not text:
                yield finding(
                    (node.file, node.id),
                    "empty-input",
                    f"输入 {name} 没有内容；请写表达式，没有值时写 null",
                    f"the input {name} is empty; write an expression, or null for no value",
                )


RULES: tuple[Rule, ...] = (syntax, empty_inputs)
