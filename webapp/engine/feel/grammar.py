"""The grammar of the FEEL subset (DMN 1.3 chapter 10, restricted) and its LALR parser: text in, syntax tree out."""

from typing import Literal

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from webapp.engine.feel.limits import MAX_LENGTH
from webapp.engine.feel.mistakes import explain, refuse

Node = Tree[Token]

# Ranges stand only after `in` and in cells; a "[" after the upper bound closes the range and never indexes the bound.
_GRAMMAR = r"""
expression: expr
cell: tests

?expr: "if" expr "then" expr "else" expr -> choice
     | (SOME | EVERY) NAME "in" sum "satisfies" expr -> quantified
     | disjunction
?disjunction: conjunction ("or" conjunction)*
?conjunction: comparison ("and" comparison)*
?comparison: sum
     | sum COMPARE sum                -> compare
     | sum "between" sum "and" sum    -> between
     | sum "in" _among                -> within
?sum: product ((PLUS | MINUS) product)*
?product: sign ((STAR | SLASH) sign)*
?sign: "-" sign                       -> negative
     | postfix
?postfix: primary
     | primary trailer+               -> path
?primary: _atom | "(" expr ")"
_atom: literal | name | call | list | context | negation | subject
?trailer: "." NAME                    -> member
     | "[" expr "]"                   -> index

_among: range | "(" tests ")" | target
?target: _atom
     | _atom trailer+                 -> path
tests: _test ("," _test)*
_test: range | compared | expr
compared: COMPARE sum
!range: ("[" | "(" | "]") sum ".." bound ("]" | ")" | "[")
?bound: literal | "-" literal         -> negative
     | name | bound_path | call | "(" expr ")"
bound_path: name bound_member+        -> path
bound_member: "." NAME                -> member

negation: "not" "(" tests ")"
call: NAME "(" [expr ("," expr)*] ")"
list: "[" [expr ("," expr)*] "]"
context: "{" [entry ("," entry)*] "}"
entry: (NAME | STRING) ":" expr
name: NAME
subject: "?"
literal: NUMBER | STRING | TRUE | FALSE | NULL

TRUE: "true"
FALSE: "false"
NULL: "null"
SOME: "some"
EVERY: "every"
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
COMPARE: /!=|<=|>=|=|<|>/
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /"([^"\\\n]|\\["\\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/
NAME: /(starts with|ends with|string length|list contains|lower case|upper case|is blank)(?=\s*\()|[^\W\d]\w*/
%ignore /\s+/
"""

_PARSER = Lark(
    _GRAMMAR,
    parser="lalr",
    lexer="basic",
    start=["expression", "cell"],
    maybe_placeholders=False,
    propagate_positions=True,
)


def parse(text: str, start: Literal["expression", "cell"]) -> Node:
    """The syntax tree of `text`. Raises FeelSyntaxError, its position pointing into `text`."""
    if len(text) > MAX_LENGTH:
        raise refuse(
            text,
            MAX_LENGTH,
            f"表达式超过 {MAX_LENGTH} 个字符",
            f"the expression is longer than {MAX_LENGTH} characters",
        )
    if not text.strip():
        raise refuse(text, 0, "表达式为空", "the expression is empty")
    try:
        return _PARSER.parse(text, start=start)
    except UnexpectedInput as error:
        raise explain(text, _position(error, text)) from error


def _position(error: UnexpectedInput, text: str) -> int:
    if isinstance(error, UnexpectedToken):
        return len(text) if error.token.type == "$END" else (error.token.start_pos or 0)
    return (error.pos_in_stream or 0) if isinstance(error, UnexpectedCharacters) else len(text)
