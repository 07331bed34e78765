"""What tasks must say: who does them, on which form, by which operation or table, and how the case ends."""

import re
from collections.abc import Iterator

from webapp.engine import dialect, dmn
from webapp.engine.diagram import Node
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title
from webapp.engine.lint.flows import ID
from webapp.engine.lint.graph import everywhere, reachable

DECISIONS = frozenset({"approve", "request_correction", "reject", "receive"})
_JUDGING = DECISIONS - {"request_correction"}
OUTCOMES = frozenset({"approved", "refused", "received", "recorded", "withdrawn"})
_ARTICLE = frozenset({"article", "reason_zh", "reason_en"})
_ANYWHERE = _ARTICLE | {"hint_zh", "hint_en", "name_en"}
PROPERTIES = {
    "userTask": _ANYWHERE
    | {
        "decisions", "remind_before", "escalate_to", "escalate_after", "after_return", "reviews", "pauses_clock",
        "due_article", "completed_by", "roles", "countersign", "countersigners", "batch",
    },
    "endEvent": _ANYWHERE | {"outcome"},
}  # fmt: skip
_SPAN = re.compile(r"\d{1,4} (working_days|days|weeks|months|hours)")
_VALUES = {
    "remind_before": (_SPAN, "1 working_days"),
    "escalate_after": (_SPAN, "0 working_days"),
    "after_return": (re.compile("straight|again"), "straight"),
    "completed_by": (re.compile("account_update"), "account_update"),
    "countersign": (re.compile(r"any|all|sequence|veto|ratio [1-9]\d?/[1-9]\d?"), "ratio 2/3"),
    "countersigners": (re.compile("people|roles"), "people"),
    "batch": (re.compile("true|false"), "true"),
    "pauses_clock": (re.compile("true|false"), "true"),
    "outcome": (re.compile("|".join(sorted(OUTCOMES))), "approved"),
    "roles": (re.compile(r"[a-z][a-z0-9_]*(?:\s*,\s*[a-z][a-z0-9_]*)*"), "unit_head, publicity_head"),
    "reviews": (re.compile(r"[a-z][a-z0-9_]*(?:\s*,\s*[a-z][a-z0-9_]*)*"), "name, platform"),
}


def user_tasks(context: Context) -> Iterator[Finding]:
    """A user task says who does it; a plain submit task names its form."""
    for _, node in context.nodes("userTask"):
        groups, assignee = node.get("candidateGroups"), node.get("assignee")
        if bool(groups) == bool(assignee):
            yield finding(
                node,
                "who",
                f"“{title(node)}”应写明由谁办理：candidateGroups（角色）或 assignee 二者之一",
                f'"{title(node)}" must say who does it: either candidateGroups (a role) or assignee',
            )
        elif assignee and assignee != "applicant" and not assignee.startswith("="):
            yield finding(
                node,
                "assignee",
                f"“{title(node)}”的 assignee 应为 applicant 或以 = 开头的表达式",
                f'the assignee of "{title(node)}" must be applicant or an expression that begins with =',
            )
        elif assignee == "applicant" and _JUDGING & set(re.split(r"\s*,\s*", node.properties.get("decisions", ""))):
            yield finding(
                node,
                "self-approval",
                f"“{title(node)}”由申请人办理，不能作同意、不予或收存的决定；请改由某个角色办理",
                f'"{title(node)}" is the applicant\'s, who cannot approve, reject or receive; give it to a role',
            )
        yield from _given_role(node)
        if not node.get("formKey") and not node.properties.get("decisions"):
            yield finding(
                node,
                "form-missing",
                f"“{title(node)}”没有表单，也没有可选的决定；请写 camunda:formKey 或属性 decisions",
                f'"{title(node)}" has neither a form nor decisions; give camunda:formKey or the property decisions',
            )


def _given_role(node: Node) -> Iterator[Finding]:
    """Every role an expression may give is named beside it."""
    given = (node.get("candidateGroups") or "").strip().startswith("=")
    if given and not node.properties.get("roles", "").strip():
        yield finding(
            node,
            "roles-missing",
            f"“{title(node)}”的 candidateGroups 是表达式，请在属性 roles 中写出它可能得出的每个角色",
            f'the candidateGroups of "{title(node)}" is an expression; name every role it may give in the property '
            "roles",
        )
    elif not given and "roles" in node.properties:
        yield finding(
            node,
            "roles-ignored",
            f"“{title(node)}”的属性 roles 只在 candidateGroups 为表达式时有作用，请删除",
            f'the property roles of "{title(node)}" has no effect unless candidateGroups is an expression; remove it',
        )


def service_tasks(context: Context) -> Iterator[Finding]:
    """A service task names a registered operation, gives it what it needs, and keeps at most one result."""
    for _, node in context.nodes("serviceTask"):
        topic = node.get("topic") or ""
        operation = context.operations.get(topic)
        if node.get("type") != "external" or operation is None:
            known = "、".join(sorted(context.operations))
            yield finding(
                node,
                "unknown-operation",
                f'“{title(node)}”的操作“{topic}”不存在；请写 camunda:type="external" 和 camunda:topic，可用：{known}',
                f'"{title(node)}" names the unknown operation "{topic}"; set camunda:type="external" and camunda:topic '
                f"to one of {known}",
            )
            continue
        inputs = node.inputs
        for name in sorted(operation.required - set(inputs)):
            yield finding(
                node,
                "missing-input",
                f"操作 {topic} 缺少输入 {name}，请补上 camunda:inputParameter",
                f"the operation {topic} lacks its input {name}; add a camunda:inputParameter",
            )
        for name in sorted(set(inputs) - set(operation.inputs)):
            yield finding(
                node,
                "unknown-input",
                f"操作 {topic} 没有输入 {name}，请删除或改名",
                f"the operation {topic} has no input {name}; remove or rename it",
            )


def results(context: Context) -> Iterator[Finding]:
    """Result variables are names, at most one per service task, and its output parameter has no script."""
    for _, node in context.nodes("serviceTask", "businessRuleTask"):
        path = "./bpmn:extensionElements/camunda:inputOutput/camunda:outputParameter"
        outputs = node.xml.findall(path, dialect.NAMESPACES) if node.kind == "serviceTask" else []
        name = node.result_variable
        if len(outputs) > 1 or any(dialect.text_of(output) or len(output) for output in outputs):
            yield finding(
                node,
                "one-result",
                f"“{title(node)}”至多有一个空的 camunda:outputParameter，其名称就是结果变量",
                f'"{title(node)}" may have one empty camunda:outputParameter, whose name is the result variable',
            )
        elif (name is None and node.kind == "businessRuleTask") or (name is not None and not ID.fullmatch(name)):
            yield finding(
                node,
                "result-variable",
                f"“{title(node)}”需要结果变量，名称只用字母、数字和下划线",
                f'"{title(node)}" needs a result variable made of letters, digits and _',
            )


def decisions(context: Context) -> Iterator[Finding]:
    """A business rule task names a decision table that is there and can be read."""
    for _, node in context.nodes("businessRuleTask"):
        wanted = node.get("decisionRef") or ""
        if wanted not in context.tables:
            yield finding(
                node,
                "unknown-decision",
                f"“{title(node)}”的决策表“{wanted}”不存在或有错；请写 camunda:decisionRef，"
                f"文件为 {wanted or '<id>'}.dmn",
                f'the decision table "{wanted}" of "{title(node)}" is missing or faulty; set camunda:decisionRef and '
                f"keep the table in {wanted or '<id>'}.dmn",
            )
    used = {file for id, (file, _) in context.tables.items() if id in context.wanted_tables}
    for name in sorted(context.files):
        stem = name.rsplit("/", 1)[-1].removesuffix(".dmn")
        if name.endswith(".dmn") and (name in used or stem in context.wanted_tables):
            yield from dmn.check(context.files[name], name)


def known_properties(context: Context) -> Iterator[Finding]:
    """Properties are those the product knows, with values it understands."""
    for _, node in context.nodes():
        allowed = PROPERTIES.get(node.kind, _ANYWHERE)
        for name, value in node.properties.items():
            if name not in allowed:
                yield finding(
                    node,
                    "unknown-property",
                    f"“{title(node)}”的属性 {name} 没有作用，请删除或改名（可用：{'、'.join(sorted(allowed))}）",
                    f'the property {name} of "{title(node)}" has no effect; remove it or correct its name '
                    f"(known: {', '.join(sorted(allowed))})",
                )
            elif not _understood(name, value):
                example = _VALUES[name][1] if name in _VALUES else "approve, request_correction, reject"
                yield finding(
                    node,
                    "property-value",
                    f"“{title(node)}”的属性 {name} 不能是“{value}”，请写成例如 {example}",
                    f'the property {name} of "{title(node)}" cannot be "{value}"; write for example {example}',
                )


def _understood(name: str, value: str) -> bool:
    if name == "decisions":
        return {part.strip() for part in value.split(",")} <= DECISIONS
    return name not in _VALUES or _VALUES[name][0].fullmatch(value.strip()) is not None


def reminders(context: Context) -> Iterator[Finding]:
    """Reminders and escalations count from a due date."""
    for _, node in context.nodes("userTask"):
        given = [name for name in ("remind_before", "escalate_to", "due_article") if name in node.properties]
        if given and not node.get("dueDate"):
            yield finding(
                node,
                "no-due-date",
                f"“{title(node)}”有 {given[0]} 却没有期限，请写 camunda:dueDate",
                f'"{title(node)}" has {given[0]} but no due date; set camunda:dueDate',
            )
        if "escalate_after" in node.properties and "escalate_to" not in node.properties:
            yield finding(
                node,
                "escalate-to-whom",
                f"“{title(node)}”写了 escalate_after 却没有 escalate_to，请写明交给哪个角色",
                f'"{title(node)}" has escalate_after without escalate_to; name the role',
            )


def outcomes(context: Context) -> Iterator[Finding]:
    """The ends of the main process have a name and say what became of the case."""
    process = context.main
    side: set[str] = set()
    for node in process.nodes.values():
        if node.kind == "boundaryEvent" and not node.interrupting:
            side |= reachable(lambda node_id: everywhere(process, node_id), [node.id])
    for node in process.inside(process.id):
        if node.kind != "endEvent" or node.id in side:
            continue
        if not node.name or "outcome" not in node.properties:
            yield finding(
                node,
                "outcome",
                f"结束事件“{title(node)}”应有名称和属性 outcome（{'、'.join(sorted(OUTCOMES))} 之一）",
                f'the end event "{title(node)}" needs a name and the property outcome '
                f"(one of {', '.join(sorted(OUTCOMES))})",
            )


RULES: tuple[Rule, ...] = (
    user_tasks,
    service_tasks,
    results,
    decisions,
    known_properties,
    reminders,
    outcomes,
)
