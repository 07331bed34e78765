"""The README says what is there."""

import re
import struct

import yaml

from tests.documentation.pages import DOCS, PAGES, ROOT, section, text_of

IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
IMAGES = sorted(DOCS.glob("images/*"))


def test_the_two_commands_exist() -> None:
    commands = re.search(r"^```\n(.*?)^```", section(text_of("README.md"), "Two commands"), re.MULTILINE | re.DOTALL)
    assert commands is not None
    assert commands[1].splitlines() == ["make run", "make test"]
    makefile = text_of("Makefile")
    assert all(re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE) for line in commands[1].splitlines())


def test_the_map_of_the_house_lists_the_packages_that_are_there() -> None:
    drawn = section(text_of("README.md"), "The map of the house")
    listed = set(re.findall(r"(?:^|\s)([a-z_]+)/(?=\s)", drawn))
    there = {folder.name for folder in (ROOT / "webapp").iterdir() if (folder / "__init__.py").is_file()}
    assert there - listed == set()
    folders = {path.name for path in ROOT.iterdir()} | {path.name for path in (ROOT / "webapp").iterdir()}
    built = {"static", "translations"}
    assert listed - folders - built == set()


def test_the_layers_of_the_architecture_page_name_every_package() -> None:
    page = section(text_of("docs/architecture.md"), "Layers")
    named = set(re.findall(r"`([a-z_]+)(?:\.py)?`", page))
    there = {folder.name for folder in (ROOT / "webapp").iterdir() if (folder / "__init__.py").is_file()}
    assert there - named == set()


def test_the_readme_shows_the_running_product() -> None:
    pictures = IMAGE.findall(text_of("README.md"))
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_pictures_are_small_and_shown_by_a_page() -> None:
    shown = {name.rsplit("/", 1)[-1] for page in PAGES for name in IMAGE.findall(page.read_text(encoding="utf-8"))}
    for path in IMAGES:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG"), path.name
        width, height = struct.unpack(">II", content[16:24])
        assert min(width, height) >= 390, path.name
        assert len(content) < 300_000, path.name
        assert path.name in shown


def test_the_demo_logins_a_page_names_exist() -> None:
    people = {
        entry["username"]
        for path in ROOT.glob("processes/*/demo.yaml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["people"]
    }
    codes = "|".join({name.split(".")[0] for name in people})
    named = {
        (page.name, name)
        for page in PAGES
        for name in re.findall(rf"`((?:{codes})\.[a-z]+)`", page.read_text(encoding="utf-8"))
    }
    assert named
    assert {(page, name) for page, name in named if name not in people} == set()


def test_every_page_of_the_documentation_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        waiting += [page.parent / link for link in links if link.endswith(".md") and "://" not in link]
    assert {page.name for page in PAGES if page.resolve() not in reached} == set()


def test_every_page_for_a_role_has_an_english_half() -> None:
    for role in ("applicant", "approver", "process-owner", "auditor", "administrator"):
        chinese, english = text_of(f"docs/{role}.md").split("\n---\n")
        assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) > 300
        assert len(re.findall(r"[A-Za-z]{3,}", english)) > 100
