"""Every sentence people see can be said in English, and is."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from tests.documentation.pages import ROOT

CATALOGUE = ROOT / "webapp" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
TEMPLATES = sorted((ROOT / "webapp").rglob("templates/**/*.html"))
CHINESE = re.compile(r"[\u3001-\u3002\u3008-\u3011\u4e00-\u9fff\uff01-\uff5e]")
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^>]+>")
GETTEXT = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "pgettext", "npgettext"}
# A number people quote looks the same in every language, and so does the word that chat robots look for.
QUOTED = re.compile(r"备〔\d{4}〕\d{4}|“备案”")
# Packages and modules that speak both languages themselves: errors with sentence_en, pairs of sentences, dates; or a
# terminal's. What follows looks at everything else.
BOTH = {
    *("webapp/engine", "webapp/formkit", "webapp/workdays", "webapp/scenarios", "webapp/migrations"),
    *("webapp/ledger/export.py", "webapp/ledger/problems.py", "webapp/ledger/reports.py", "webapp/ledger/verifier.py"),
    *("webapp/definitions/process_checks.py", "webapp/definitions/report_checks.py"),
    *("webapp/definitions/packs.py", "webapp/regulations/documents.py", "webapp/registry/checks.py"),
    *("webapp/registry/fold.py", "webapp/workflow/deadlines.py", "webapp/notifications/wording.py"),
    # What stands on an official form is Chinese in any language, and a spreadsheet's faults are pairs of sentences.
    *(f"webapp/documents/{name}.py" for name in ("cells", "checks", "filling", "layout", "pdf", "reading", "sheets")),
    *(f"webapp/documents/{name}.py" for name in ("columns", "template", "word", "wording", "workbook")),
    *("webapp/cases/printing.py", "webapp/coverage/report.py"),
    *("webapp/cases/moments.py", "webapp/front_end.py", "webapp/cli.py", "webapp/serving.py"),
}
# The seal beside the product's name is a picture made of a character, and its name stands on a page that could not be
# made in any language; patterns of
# numbers and of headings are the pack's.
MARKS = ("备</s", "社会公众", '</p><a href="/">备案</a>', "存〔{year}〕", "导〔{year}〕", "^(?:[一")

Id = str | tuple[str, str]


@lru_cache
def _wanted() -> dict[tuple[str | None, Id], str]:
    """(context, msgid) -> where, of every sentence in the code and the templates, as `make translations` collects."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(["lazy_gettext", "_l"])}
    found: dict[tuple[str | None, Id], str] = {}
    for name, line, message, _comments, context in extract_from_dir(
        str(ROOT), methods, options, keywords, directory_filter=_collected
    ):
        found.setdefault((context, message), f"{name}:{line}")
    return found


def _collected(path: str) -> bool:
    return not Path(path).name.startswith((".", "node_modules", "var", "tests"))


@lru_cache
def _catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def _messages() -> Iterator[Message]:
    return (message for message in _catalogue() if message.id)


def _strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string or "",)


def test_every_sentence_has_its_english() -> None:
    assert len(_wanted()) > 500
    done = {(message.context, message.id) for message in _messages() if all(_strings(message)) and not message.fuzzy}
    assert sorted(f"{where}: {id}" for (context, id), where in _wanted().items() if (context, id) not in done) == []


def test_the_catalogue_holds_nothing_that_nobody_says_any_more() -> None:
    held = {(message.context, message.id) for message in _messages()}
    assert sorted(str(id) for context, id in held - set(_wanted())) == []


def test_the_catalogue_is_fit_to_be_compiled() -> None:
    assert not _catalogue().fuzzy  # a catalogue marked so, or without a header, is passed over without a word
    assert not [message.id for message in _messages() if message.fuzzy]


def test_translations_keep_the_places_of_values_and_marks() -> None:
    wrong = []
    for message in _messages():
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = sorted(PLACES.findall(ids[-1]))
        wrong += [(ids[-1], text) for text in _strings(message) if text and sorted(PLACES.findall(text)) != wanted]
    assert wrong == []


def test_the_english_is_english() -> None:
    left = [text for message in _messages() for text in _strings(message) if CHINESE.search(QUOTED.sub("", text))]
    assert left == []


def test_beginnings_are_capital_where_the_chinese_is_a_whole_sentence() -> None:
    small = [
        text
        for message in _messages()
        for text in _strings(message)
        if isinstance(message.id, str) and message.id.endswith("。") and text[:1].islower()
    ]
    assert small == []


def _bare(parent: nodes.Node) -> Iterator[tuple[int, str]]:
    """Chinese of a template that no translation is asked for, with its line."""
    for node in parent.iter_child_nodes():
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in GETTEXT:
            for argument in [*node.args[2:], *node.kwargs]:
                yield from _bare(argument)
            continue
        text = node.data if isinstance(node, nodes.TemplateData) else getattr(node, "value", None)
        said = text if isinstance(node, nodes.TemplateData | nodes.Const) and isinstance(text, str) else ""
        if CHINESE.search(said) and not any(mark in said for mark in MARKS):
            yield node.lineno, said.strip()[:60]
        yield from _bare(node)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "webapp")))
def test_a_template_says_nothing_untranslated(template: Path) -> None:
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(template.read_text(encoding="utf-8"))
    assert list(_bare(tree)) == []


def test_an_untranslated_word_would_be_found() -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for bare in ("<p>你好</p>", "{{ '你好' }}", "{{ x('你好') }}", "{% set a = ['你好'] %}", '<a title="你好">'):
        assert list(_bare(environment.parse(bare))), bare
    for fine in ("{{ _('你好') }}", "{% trans %}你好{% endtrans %}", "{# 你好 #}", "{{ ngettext('一', '二', 3) }}"):
        assert not list(_bare(environment.parse(fine))), fine


def _said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Chinese of a module outside comments, docstrings, translation, and sentences that stand beside their English."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                skipped.add(id(first.value))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in GETTEXT:
            skipped |= {id(inner) for inner in ast.walk(node)}
        if _bilingual(node):
            skipped |= {id(inner) for child in _siblings(node) for inner in ast.walk(child)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else None
        if isinstance(text, str) and re.search(r"[\u4e00-\u9fff]", text) and not text.startswith(MARKS):
            yield node.lineno, text[:60]


def _asked(tree: ast.AST) -> Iterator[tuple[int, str | None]]:
    """Every call for a translation: its line and its first argument where that is a plain text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in GETTEXT:
            first = node.args[0] if node.args else None
            yield node.lineno, first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _siblings(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    return list(node.elts) if isinstance(node, ast.Tuple | ast.List) else []


def _bilingual(node: ast.AST) -> bool:
    """Whether texts in Chinese and in plain English stand side by side: an error's two sentences, a pair of names."""
    texts = [_text(child) for child in _siblings(node)]
    chinese = [text for text in texts if re.search(r"[\u4e00-\u9fff]", text)]
    english = [text for text in texts if re.search(r"[A-Za-z]{2,}[ ,]|^[A-Z][a-z]+$", text) and text not in chinese]
    return bool(chinese and english)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.IfExp):
        return _text(node.body)
    return ""


MODULES = [
    path
    for path in sorted([*(ROOT / "webapp").rglob("*.py"), *(ROOT / "services").rglob("*.py")])
    if not any(str(path.relative_to(ROOT)).startswith(room) for room in BOTH)
]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_nothing_untranslated(module: Path) -> None:
    assert list(_said(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_translation_a_module_asks_for_is_one_that_was_collected(module: Path) -> None:
    """Babel reads tokens: what stands inside an f-string, or is put together first, it does not see."""
    collected = {id if isinstance(id, str) else id[0] for _context, id in _wanted()}
    asked = list(_asked(ast.parse(module.read_text(encoding="utf-8"))))
    assert [(line, text) for line, text in asked if text not in collected] == []


def test_a_bare_sentence_of_a_module_would_be_found() -> None:
    assert list(_said(ast.parse('raise Invalid("请写明意见。")')))
    assert list(_said(ast.parse('x = {"a": "已通过"}')))
    assert not list(_said(ast.parse('"""说明"""\nraise Invalid(_("请写明意见。"))\n# 注释\n')))
    assert not list(_said(ast.parse('raise LedgerError("没有这本账册。", "There is no such log.")')))
