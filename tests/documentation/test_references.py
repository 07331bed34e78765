"""Every setting, command, operation, field kind and rule has its line in the documentation, and no line is made up."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import services
import webapp
from tests.documentation.pages import PAGES, ROOT, first_cells, section, text_of
from webapp.cli import main
from webapp.config import Settings
from webapp.definitions.checks import GLOBAL_ROLES
from webapp.engine import dmn
from webapp.engine.feel import functions
from webapp.engine.lint import tasks
from webapp.engine.lint.context import FUNCTIONS
from webapp.formkit import lint as form_lint
from webapp.formkit.kinds import KINDS
from webapp.formkit.lint import RESERVED
from webapp.formkit.lint.attributes import PROPERTIES
from webapp.formkit.lookups import CHECKS
from webapp.ledger.canonical import LEAF_FIELDS
from webapp.organization.duties import DUTIES
from webapp.workdays import UNITS
from webapp.workflow.context import OPERATIONS

CODE = [*Path(webapp.__file__).parent.rglob("*.py"), *Path(services.__file__).parent.rglob("*.py")]


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _texts(arguments: list[ast.expr]) -> list[str]:
    return [a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def _commands(group: click.Group, path: str = "beian") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_the_table_of_settings_is_the_settings() -> None:
    rows = first_cells(text_of("docs/settings.md").split("\n## ")[0])
    assert rows == [f"BEIAN_{name.upper()}" for name in Settings.model_fields]


def test_every_variable_of_the_environment_that_is_read_is_explained() -> None:
    sources = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/**/*.py"), *CODE, ROOT / "Makefile"]
    read = {name for path in sources for name in re.findall(r"\bBEIAN_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    documented = set(first_cells(text_of("docs/settings.md")))
    assert read - documented == set()


def test_the_settings_a_page_names_exist() -> None:
    documented = set(first_cells(text_of("docs/settings.md")))
    named = {name for page in PAGES for name in re.findall(r"\bBEIAN_[A-Z_]+\b", page.read_text(encoding="utf-8"))}
    assert named - documented == set()


def test_every_command_stands_in_the_administrators_table_with_its_options() -> None:
    table = section(text_of("docs/administrator.md"), "命令")
    commands = dict(_commands(main))
    assert set(first_cells(table)) == set(commands)
    rows = {name: line for line in table.splitlines() for name in first_cells(line)}
    options = {
        (name, option)
        for name, command in commands.items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    assert {(name, option) for name, option in options if option not in rows[name]} == set()


def test_the_commands_a_page_names_exist() -> None:
    commands = dict(_commands(main))
    groups = {name.rsplit(" ", 1)[0] for name in commands}
    named = {
        (page.name, found)
        for page in PAGES
        for found in re.findall(
            r"(?:^|`|bin/)(beian [a-z]+(?: [a-z]+)?)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    known = {*commands, *groups}
    wrong = {(page, name) for page, name in named if name not in known and name.rsplit(" ", 1)[0] not in commands}
    assert wrong == set()


def test_every_make_target_is_named_by_help_and_by_a_page() -> None:
    makefile = text_of("Makefile")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) - {"FORCE"} == targets
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = {name for words in re.findall(r"\bmake((?: [a-z]+)+)", pages) for name in words.split()}
    assert sorted(targets - named) == []


def test_the_table_of_operations_is_what_services_registers() -> None:
    for module in pkgutil.iter_modules(services.__path__):
        importlib.import_module(f"services.{module.name}")
    table = [line for line in text_of("docs/operations.md").splitlines() if re.match(r"\| `[a-z]+\.[a-z_]+`", line)]
    documented = {}
    for line in table:
        name, inputs, _result, repeatable = [cell.strip() for cell in line.strip("|").split("|")][:4]
        optional = set(re.findall(r"\[`(\w+)`\]", inputs))
        documented[name.strip("`")] = (
            {given: given not in optional for given in re.findall(r"`(\w+)`", inputs)},
            repeatable == "yes",
        )
    shipped = {
        name: (dict(entry.spec.inputs), entry.spec.repeatable)
        for name, entry in OPERATIONS.items()
        if entry.call.__module__.startswith("services.")
    }
    assert documented == shipped


def test_the_table_of_field_kinds_is_what_formkit_knows() -> None:
    table = section(text_of("docs/form-fields.md"), "字段种类")
    documented = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            kind, type_, own = [re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")[:3]]
            documented[type_[0], own[0] if own else ""] = kind[0]
    assert documented == {key: kind.value for key, kind in KINDS.items()}


def test_every_property_and_reserved_key_of_fields_is_explained() -> None:
    page = text_of("docs/form-fields.md")
    known = set(re.findall(r"`(?:properties\.)?(\w+)`", page))
    assert sorted(PROPERTIES - known - {"text_en"}) == []
    assert sorted(RESERVED - known) == []


def test_the_table_of_registry_rules_is_what_forms_may_ask() -> None:
    table = section(text_of("docs/form-fields.md"), "要查登记册的规则")
    assert first_cells(table) == list(CHECKS)


def test_the_list_of_refusals_of_forms_is_what_lint_refuses() -> None:
    refused: set[str] = set()
    for module in Path(form_lint.__file__).parent.glob("*.py"):
        for call in _calls(module):
            if _name(call) in ("add", "add_cause") and len(call.args) >= 4:
                refused |= set(_texts(call.args[1:2]))
    assert len(refused) > 30
    assert set(first_cells(section(text_of("docs/form-fields.md"), "检查"))) == refused


def test_the_list_of_refusals_of_tables_is_what_the_reader_refuses() -> None:
    refused = {text for call in _calls(Path(dmn.__file__)) if _name(call) == "add" for text in _texts(call.args[1:2])}
    refused |= {"dmn-input", "dmn-output"}  # the number of columns, of either kind
    assert set(first_cells(section(text_of("docs/decision-tables.md"), "检查"))) == refused


def test_the_list_of_refusals_of_xml_is_what_the_engine_refuses() -> None:
    room = Path(dmn.__file__).parent
    refused = {
        text
        for name in ("xml.py", "definition.py")
        for call in _calls(room / name)
        if _name(call) == "_refused"
        for text in _texts(call.args[1:2])
    } - {"process-missing"}  # a rule of diagrams, listed with them
    assert set(first_cells(section(text_of("docs/decision-tables.md"), "XML"))) == refused


def test_the_list_of_refusals_of_packs_is_what_they_are_checked_for() -> None:
    refused: set[str] = set()
    for package in ("definitions", "documents", "regulations", "scenarios"):
        for module in (ROOT / "webapp" / package).glob("*.py"):
            for call in _calls(module):
                if _name(call) == "Finding" and len(call.args) == 5:
                    refused |= set(_texts(call.args[2:3]))
    assert set(first_cells(section(text_of("docs/decision-tables.md"), "流程包"))) == refused


def test_every_function_and_unit_of_expressions_is_explained() -> None:
    page = text_of("docs/process-owner.md")
    documented = {cell.split("(")[0] for cell in first_cells(section(page, "表达式"))}
    assert documented == set(functions.BUILTINS) | FUNCTIONS
    assert all(f"`{unit}`" in page for unit in UNITS)


@pytest.mark.parametrize("half", [0, 1], ids=["zh", "en"])
def test_every_property_of_elements_is_explained_in_both_languages(half: int) -> None:
    words = set(re.findall(r"\w+", text_of("docs/process-owner.md").split("\n---\n")[half]))
    known = {name for names in tasks.PROPERTIES.values() for name in names} | tasks.DECISIONS | tasks.OUTCOMES
    assert sorted(known - words) == []


def test_the_ledgers_page_names_every_field_and_every_action() -> None:
    page = text_of("docs/ledger.md")
    fields = {
        name for cell in re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    assert set(LEAF_FIELDS) <= fields
    shape = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+")
    written = {
        node.value
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and shape.fullmatch(node.value)
    } - {"package:subject:pasttense"}
    assert set(first_cells(section(page, "Actions"))) == written


def test_the_administrators_page_says_what_each_office_may_do() -> None:
    chinese, english = text_of("docs/administrator.md").split("\n---\n")
    table = section(chinese, "人员和角色")
    assert sorted(set(GLOBAL_ROLES) - set(re.findall(r"`(\w+)`", table))) == []
    assert sorted(set(DUTIES) - set(re.findall(r"`(\w+)`", english)) - {"security_admin"}) == []


def test_every_kind_of_fault_has_its_remedy() -> None:
    kinds = {
        keyword.value.value
        for path in CODE
        for call in _calls(path)
        if _name(call) in ("report", "_report")
        for keyword in call.keywords
        if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
    }
    assert len(kinds) > 4
    assert set(first_cells(section(text_of("docs/administrator.md"), "故障"))) == kinds
