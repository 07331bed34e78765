"""Names that expressions read: known, and written on some way to where they are read."""

from collections.abc import Iterator, Mapping

from webapp.engine import feel
from webapp.engine.diagram import Process
from webapp.engine.errors import FeelSyntaxError, Finding
from webapp.engine.lint.context import Context, Rule, finding, title
from webapp.engine.lint.expressions import Written, written
from webapp.engine.lint.flows import RESERVED
from webapp.engine.lint.graph import everywhere, reachable

CASE = frozenset(
    {"reference", "filed_at", "started_at", "institution", "unit", "applicant"}
    | {"account", "campaign", "cause", "event_on", "last_day", "late"}
)


def unknown_names(context: Context) -> Iterator[Finding]:
    """An expression reads the answers of a user task, a result variable, or the case; never anything else."""
    available = _available(context)
    for text, names, paths in _read(context):
        place = (text.process.file, text.element)
        known = available[text.process.id] | RESERVED
        for name in sorted(names - known):
            yield finding(
                place,
                "unknown-name",
                f"{text.what}读取的 {name} 不存在；可以读取用户任务的编号、结果变量和 case",
                f"{text.what_en} reads {name}, which does not exist; "
                "it may read ids of user tasks, result variables and case",
            )
        members = {path.split(".")[1] for path in paths if path.startswith("case.")}
        for member in sorted(members - CASE):
            yield finding(
                place,
                "unknown-name",
                f"{text.what}读取的 case.{member} 不存在，可用：{'、'.join(sorted(CASE))}",
                f"{text.what_en} reads case.{member}, which does not exist; there are {', '.join(sorted(CASE))}",
            )


def never_written(context: Context) -> Iterator[Finding]:
    """What is read has been written on at least one way to the place."""
    ahead: dict[tuple[str, str], set[str]] = {}
    for text, names, _ in _read(context):
        writers = text.process.writes()
        for name in sorted(names & set(writers)):
            # A condition is tested behind the node its flow leaves, and so sees what that node wrote.
            here = {text.node} if text.element != text.node else set()
            if not any(writer in here or _reaches(text.process, writer, text.node, ahead) for writer in writers[name]):
                yield finding(
                    (text.process.file, text.element),
                    "read-before-written",
                    f"{text.what}读取 {name}，但此前没有任何环节写入它；请检查顺序或名称",
                    f"{text.what_en} reads {name}, but nothing before it writes it; check the order or the name",
                )


def name_clashes(context: Context) -> Iterator[Finding]:
    """A result variable is not called like an element or like `case`: one value would hide the other."""
    taken = {node.id for _, node in context.nodes("userTask", "callActivity")} | RESERVED
    for _, node in context.nodes("serviceTask", "businessRuleTask"):
        name = node.result_variable
        if name in taken:
            yield finding(
                node,
                "name-clash",
                f"“{title(node)}”的结果变量 {name} 与环节编号或 case 重名，请改名",
                f'the result variable {name} of "{title(node)}" is also the id of a step or case; rename it',
            )


def _read(context: Context) -> Iterator[tuple[Written, frozenset[str], frozenset[str]]]:
    for text in written(context):
        try:
            compiled = feel.compile(text.text)
        except FeelSyntaxError:
            continue
        yield text, compiled.names, compiled.paths
    for process, node in context.nodes("businessRuleTask"):
        found = context.tables.get(node.get("decisionRef") or "")
        if found is not None:
            table = f"决策表 {found[1].id} "
            text = Written(process, node.id, node.id, "", table, f"the decision table {found[1].id}")
            yield text, found[1].names, frozenset()


def _available(context: Context) -> Mapping[str, frozenset[str]]:
    """For each process, the names it writes and those of the processes that call it, directly or not."""
    own = {process.id: frozenset(process.writes()) for process in context.processes}
    found = dict(own)
    for _ in context.processes:  # a chain of calls is at most as long as there are processes
        for caller in context.processes:
            for called in caller.called:
                if called in found:
                    found[called] = found[called] | found[caller.id]
    return found


def _reaches(process: Process, writer: str, reader: str, ahead: dict[tuple[str, str], set[str]]) -> bool:
    key = (process.id, writer)
    if key not in ahead:
        ahead[key] = reachable(lambda node_id: everywhere(process, node_id), [writer])
    return reader in ahead[key]


RULES: tuple[Rule, ...] = (unknown_names, never_written, name_clashes)
