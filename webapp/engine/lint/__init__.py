"""What is wrong with a pack's diagrams before they run: a sentence each, saying what, where and what to draw.

One module per family of rules; each rule is a function from a Context to findings. `docs/lint-rules.md` lists the
rule names.
"""

from collections.abc import Mapping

from webapp.engine.errors import DefinitionError, Finding
from webapp.engine.lint import (
    articles,
    blocks,
    drawing,
    expressions,
    flows,
    loops,
    names,
    signing,
    supported,
    tasks,
    timing,
)
from webapp.engine.lint.context import Context, Rule
from webapp.engine.operations import Operations

RULES: tuple[Rule, ...] = (
    *supported.RULES,
    *flows.RULES,
    *blocks.RULES,
    *loops.RULES,
    *timing.RULES,
    *tasks.RULES,
    *signing.RULES,
    *articles.RULES,
    *expressions.RULES,
    *names.RULES,
    *drawing.RULES,
)


def check(process_id: str, files: Mapping[str, bytes], operations: Operations) -> list[Finding]:
    """Everything wrong with a process, the processes it calls and the tables it asks; empty when it may run."""
    try:
        context = Context.read(process_id, files, operations)
    except DefinitionError as error:
        return list(error.findings)
    if not context.processes:
        where = next((name for name in sorted(files) if name.endswith(".bpmn")), "")
        sentence = f"找不到流程 {process_id}，请把流程的 ID 改为它"
        return [Finding(where, "", "process-missing", sentence, f"there is no process {process_id}; give it this id")]
    found = [finding for rule in RULES for finding in rule(context)]
    return list(dict.fromkeys(found))
