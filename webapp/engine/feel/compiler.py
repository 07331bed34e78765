"""What the compilation of one text knows: its budget, the variables in scope, and what the text reads."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from lark import Token, Tree

from webapp.engine.errors import FeelSyntaxError
from webapp.engine.feel.expression import Evaluate, Reads
from webapp.engine.feel.grammar import Node
from webapp.engine.feel.limits import MAX_DEPTH, MAX_NODES
from webapp.engine.feel.mistakes import refuse, refused_name


class Compiler:
    """Compiles the tree of one `text` by `rules` (name of a node -> function making its closure).

    `nodes` counts the nodes compiled so far, `subjects` how often `?` was met; `in_cell`: whether `?` has a meaning.
    """

    def __init__(self, text: str, rules: Mapping[str, "Rule"], *, in_cell: bool) -> None:
        self.text = text
        self.in_cell = in_cell
        self.nodes = 0
        self.subjects = 0
        self._rules = rules
        self._depth = 0
        self._locals: dict[str, int] = {}
        self._names: set[str] = set()
        self._paths: set[str] = set()
        self._functions: set[str] = set()

    def reads(self) -> Reads:
        """What the compiled text asks its surroundings for."""
        return Reads(frozenset(self._names), frozenset(self._paths), frozenset(self._functions))

    def compile(self, node: Node) -> Evaluate:
        """The closure of an expression node. Raises FeelSyntaxError when the text is too complex or says nonsense."""
        self.count(node)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.refuse(node, "表达式嵌套过深", "the expression is nested too deep")
        run = self._rules[str(node.data)](self, node)
        self._depth -= 1
        return run

    def count(self, node: Node) -> None:
        """Take one node from the budget of the text. Raises FeelSyntaxError."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.refuse(
                node, "表达式过于复杂，请改用决策表", "the expression is too complex; use a decision table"
            )

    def refuse(self, node: Node | Token, sentence: str, sentence_en: str) -> FeelSyntaxError:
        """The error pointing at `node`."""
        return refuse(self.text, position_of(node), sentence, sentence_en)

    def spelled(self, token: Token) -> str:
        """The name a token spells. Raises FeelSyntaxError for names nobody may use."""
        refused = refused_name(self.text, position_of(token), str(token))
        if refused is not None:
            raise refused
        return str(token)

    def slot(self, name: str) -> int | None:
        """Where the state keeps the quantifier's variable `name`; None when no such variable is in scope."""
        return self._locals.get(name)

    @contextmanager
    def variable(self, name: str) -> Iterator[int]:
        """Bring the variable `name` into scope; gives its slot."""
        hidden = dict(self._locals)
        self._locals[name] = slot = len(self._locals) + 1
        try:
            yield slot
        finally:
            self._locals = hidden

    def reads_path(self, path: str) -> None:
        """Note that the text reads the dotted `path` of a top-level name."""
        self._names.add(path.split(".", 1)[0])
        self._paths.add(path)

    def calls(self, function: str) -> None:
        """Note that the text calls `function`, which the caller must supply."""
        self._functions.add(function)


Rule = Callable[[Compiler, Node], Evaluate]


def position_of(node: Node | Token) -> int:
    """Where `node` begins, in characters from 0."""
    if isinstance(node, Token):
        return node.start_pos or 0
    return 0 if node.meta.empty else int(node.meta.start_pos)


def parts(node: Node) -> list[Node]:
    """The sub-trees of a node, its tokens left out."""
    return [child for child in node.children if isinstance(child, Tree)]


def tokens(node: Node) -> list[Token]:
    """The tokens standing directly in a node."""
    return [child for child in node.children if isinstance(child, Token)]
