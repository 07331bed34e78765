"""The documentation points at things that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
TARGET = re.compile(r"^([a-z]+):.*?##", re.MULTILINE)


def _anchor(heading: str) -> str:
    """The anchor GitHub and GitLab make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lost = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists():
            lost.append(link)
        elif anchor and target.suffix == ".md":
            anchors = {_anchor(heading) for heading in HEADING.findall(target.read_text(encoding="utf-8"))}
            if anchor not in anchors:
                lost.append(link)
    assert not lost


def test_every_make_target_a_page_names_exists() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8"))
    }
    assert {(page, target) for page, target in named if target not in targets} == set()
