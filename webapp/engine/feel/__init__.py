"""The one expression language of diagrams, forms and decision tables: a subset of FEEL (DMN 1.3 chapter 10).

No text is ever given to Python's own compiler: an LALR grammar makes a tree, the tree becomes closures over JSON
values, and every evaluation has a budget (`limits`).
"""

from functools import lru_cache

from webapp.engine.feel import unary
from webapp.engine.feel.compiler import Compiler, parts
from webapp.engine.feel.expression import Expression, Reads, UnaryTests, truth
from webapp.engine.feel.functions import BUILTINS
from webapp.engine.feel.grammar import parse
from webapp.engine.feel.limits import Functions, Json, Names
from webapp.engine.feel.rules import RULES

__all__ = [
    "BUILTINS",
    "Expression",
    "Functions",
    "Json",
    "Names",
    "Reads",
    "UnaryTests",
    "compile",
    "compile_unary",
    "truth",
]


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """The expression `text`, a leading "=" allowed. Raises FeelSyntaxError."""
    stripped = text.lstrip()
    if stripped.startswith("=") and not stripped.startswith("=="):
        # Blanked, not cut off, so that positions in errors keep pointing into the text as written.
        text = text.replace("=", " ", 1)
    tree = parse(text, "expression")
    compiler = Compiler(text, RULES, in_cell=False)
    run = compiler.compile(parts(tree)[0])
    return Expression(text.strip(), compiler.reads(), run)


@lru_cache(maxsize=4096)
def compile_unary(text: str) -> UnaryTests:
    """The tests of a table cell; an empty cell and "-" let everything pass. Raises FeelSyntaxError."""
    if text.strip() in ("", "-"):
        return UnaryTests(text.strip(), Reads(), unary.anything)
    tree = parse(text, "cell")
    compiler = Compiler(text, RULES, in_cell=True)
    run = unary.cell(compiler, parts(tree)[0])
    return UnaryTests(text.strip(), compiler.reads(), run)
