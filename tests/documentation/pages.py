"""The pages of the documentation, and what stands in their tables."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def text_of(name: str) -> str:
    """The page's text; `name` is its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def first_cells(text: str) -> list[str]:
    """What stands in code marks at the beginning of each table row, in order."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def section(text: str, heading: str) -> str:
    """The part of a page under the first heading that contains `heading`, up to the next of its level or above."""
    found = re.search(rf"^(#+) [^\n]*{re.escape(heading)}[^\n]*\n", text, re.MULTILINE)
    assert found, f"no heading with {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest
