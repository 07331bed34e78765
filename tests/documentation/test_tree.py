"""Nothing in the tree names a machine, a mirror or a person's telephone."""

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from tests.documentation.pages import ROOT

SKIPPED = (".git", ".venv", "node_modules", "var", "dist", "__pycache__")
FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:work|root|home|Users)/[\w.]"),
    "an address packages are loaded from": re.compile(
        r"\b(?:pypi\.org/simple|files\.pythonhosted\.org|registry\.npm|npmmirror|registry\.yarnpkg|proxy\.golang\.org"
        r"|mirrors?\.[a-z]+\.|index-url\s*=)"
    ),
    "a telephone number": re.compile(r"(?<![\w+/=.-])1[3-9]\d{9}(?![\w+/=])"),
    "a pack manager's resolved address": re.compile(r'"resolved"\s*:'),
}
# 13800000000 and the nine numbers after it: the ones everybody writes where nobody is meant.
NOBODYS = "1380000000"


@lru_cache
def _files() -> tuple[Path, ...]:
    """Files under version control, or (in an unpacked archive) all that are not made by the build."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        found = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not set(path.relative_to(ROOT).parts) & set(SKIPPED)]
    return tuple(path for path in found if path.is_file() and path != Path(__file__).resolve())


def _text(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content[:4096] else content.decode("utf-8", "replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    assert len(_files()) > 200
    found = [
        (str(path.relative_to(ROOT)), match[0])
        for path in _files()
        for match in FORBIDDEN[what].finditer(_text(path))
        if not match[0].startswith(NOBODYS)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of somebody's machine", "see /" + "home/zhang/x"),
        ("an address packages are loaded from", "https://registry." + "npmjs.org/x"),
        ("a telephone number", "call 139" + "12345678."),
        ("a pack manager's resolved address", '"resolved": "x"'),
    ],
)
def test_the_search_would_find(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)
