"""What a new version of a process changed, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FileChange:
    """One file of the pack: `change` added, changed or removed; `own`: the process itself uses it."""

    path: str
    change: str
    own: bool


def file_changes(old: Mapping[str, str], new: Mapping[str, str], own: Iterable[str]) -> Sequence[FileChange]:
    """The files that differ between two deployments (path -> digest), those of the process first."""
    used = set(own)
    found = []
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            change = "added" if path not in old else "removed" if path not in new else "changed"
            found.append(FileChange(path, change, path in used))
    return sorted(found, key=lambda entry: not entry.own)
