"""Hardened YAML: the safe subset, read by libyaml where it is there, and nested only so deep.

libyaml's composer recurses on the C stack, which a file of brackets would overflow; events come without recursion.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 60
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(content: bytes) -> Any:
    """The data of one YAML document. Raises yaml.YAMLError, with the place of a mistake where it has one.

    Bytes that are no text raise UnicodeDecodeError; what is nested deeper than 60 levels counts as a mistake.
    """
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem="nested too deep", problem_mark=mark)
    loader = _LOADER(content)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
