"""The house as DESIGN draws it: imports point down, one commit, one user of the engine's library, no code in packs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from webapp.config import ROOT

PACKAGES = ("webapp", "services")
MOST_LINES = 350
CODE = {".py", ".pyc", ".pyi", ".js", ".mjs", ".ts", ".sh", ".so", ".html", ".jinja", ".sql", ".php"}
DATA = {
    "processes": {".yaml", ".bpmn", ".dmn"},
    "forms": {".form"},
}
# Whole rooms of a migration tool's own making.
MADE = ("webapp/migrations/versions",)


def modules() -> list[Path]:
    """Every Python module of the product."""
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in found if "__pycache__" not in path.parts]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The module as it is written; only looked at, so that one parsing does for every test."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Top-level names of what a module imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_imports_point_down() -> None:
    check = "from importlinter.cli import lint_imports_command as check; check()"
    done = subprocess.run(
        [sys.executable, "-c", check, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]


def test_only_extensions_commits() -> None:
    committing = set()
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in ("commit", "begin_nested"):
                committing.add(named(path))
    # Alembic commits its migrations by itself, before the product serves anybody.
    assert committing - {"webapp/migrations/env.py"} == {"webapp/extensions.py"}


def test_only_the_engine_room_knows_spiffworkflow() -> None:
    users = {named(path) for path in modules() if "SpiffWorkflow" in set(imports(path))}
    assert users
    assert all(user.startswith("webapp/engine/") for user in users), users


def test_the_engine_room_knows_neither_web_nor_session() -> None:
    web = {"flask", "flask_babel", "flask_login", "flask_sqlalchemy", "sqlalchemy", "werkzeug", "jinja2"}
    for path in modules():
        room = named(path).split("/")[1]
        if room in ("engine", "workdays"):
            assert not web & set(imports(path)), path
        elif room == "formkit":
            assert not (web - {"werkzeug"}) & set(imports(path)), path


def test_nobody_evaluates_text_as_code() -> None:
    """Neither Python's own evaluators nor an unsafe reader of YAML, nor pickles, nor a shell."""
    for path in modules():
        assert not {"pickle", "marshal", "shelve", "dill"} & set(imports(path)), path
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "compile", "os.system", "__import__"), (path, node.lineno)
                assert called not in ("yaml.load", "yaml.unsafe_load", "yaml.full_load"), (path, node.lineno)
                shell = [word.value for word in node.keywords if word.arg == "shell"]
                assert not shell, (path, node.lineno)


def test_templates_never_turn_escaping_off() -> None:
    templates = sorted((ROOT / "webapp" / "templates").rglob("*"))
    assert len(templates) > 10
    for path in templates:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "|safe" not in text.replace(" ", ""), path
            assert "autoescape" not in text, path
            assert path.suffix in (".html", ".txt"), f"{path}: Jinja escapes by this ending"
    # Each of these escapes first: citations by a template, static texts of forms by markupsafe.
    marked = {named(path) for path in modules() if "Markup(" in path.read_text(encoding="utf-8")}
    assert marked <= {"webapp/cases/citations.py", "webapp/formkit/statics.py"}


@pytest.mark.parametrize("room", DATA)
def test_packs_hold_no_code(room: str) -> None:
    files = [path for path in (ROOT / room).rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert path.suffix in DATA[room], path
        assert path.suffix not in CODE
        assert not os.access(path, os.X_OK), path


def test_no_institution_is_named_in_the_product() -> None:
    """A second institution needs no line of Python; an example in a docstring may name a clause."""
    for path in modules():
        for text in texts(tree(path)):
            for word in ("wzpt", "zzlg", "温州", "郑州"):
                assert word not in text, (path, word)


def texts(module: ast.Module) -> Iterator[str]:
    """The texts of a module that are not docstrings."""
    told = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            told.add(id(first.value))
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_modules_stay_short() -> None:
    lengths = {
        named(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
        if not named(path).startswith(MADE)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
    ordered = sorted(lengths.values())
    assert ordered[len(ordered) // 2] <= 120


def test_words_that_are_not_used() -> None:
    """See the words of DESIGN: a class says what it is."""
    unused = ("Manager", "Handler", "Util", "Utils", "Helper", "Service")
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and node.name != "CamundaService":  # BPMN's service task
                assert not node.name.endswith(unused), (path, node.name)


def test_nothing_is_left_undone() -> None:
    for path in modules():
        text = path.read_text(encoding="utf-8")
        for word in ("TODO", "FIXME", "XXX"):
            assert word not in text, (path, word)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, (path, node.lineno)
            if isinstance(node, ast.Raise) and node.exc is not None:
                assert "NotImplementedError" not in ast.unparse(node.exc), (path, node.lineno)


def test_no_command_or_query_asks_who_is_logged_in() -> None:
    """The actor is passed; only pages know a session."""
    for path in modules():
        if path.name in ("commands.py", "queries.py", "models.py") or named(path).startswith("services/"):
            assert "current_user" not in path.read_text(encoding="utf-8"), path
            assert "flask_login" not in set(imports(path)), path
