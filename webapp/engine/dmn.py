"""Decision tables read from DMN 1.1 to 1.3 XML. Whatever would be ignored is refused, with what to do instead."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from lxml import etree

from webapp.engine import feel, xml
from webapp.engine.decision_tables import Aggregation, DecisionTable, HitPolicy, Input, Output, Row, Rule
from webapp.engine.errors import DefinitionError, FeelSyntaxError, Finding
from webapp.engine.feel import UnaryTests

NAMESPACES: Final = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
)
MAX_RULES: Final = 500
MAX_COLUMNS: Final = 30

_HIT_POLICIES: Final[dict[str, HitPolicy]] = {"UNIQUE": "UNIQUE", "FIRST": "FIRST", "COLLECT": "COLLECT"}
_AGGREGATIONS: Final[dict[str, Aggregation]] = {"SUM": "SUM", "MIN": "MIN", "MAX": "MAX", "COUNT": "COUNT"}
_ARTICLE_LINE: Final = re.compile(r"^[ \t]*articles?[ \t]*[:：](.*)$", re.IGNORECASE | re.MULTILINE)
_NAME: Final = re.compile(r"(?!__)[^\W\d]\w*")
_ELSEWHERE: Final = ("import", "businessKnowledgeModel", "decisionService")

Compiled = TypeVar("Compiled")


def load(source: bytes, file: str) -> DecisionTable:
    """The one decision table in `source`. Raises DefinitionError with every finding; `file` is named in them."""
    table, findings = read(source, file)
    if table is None:
        raise DefinitionError(findings)
    return table


def check(source: bytes, file: str) -> list[Finding]:
    """Everything wrong with `source`; empty when `load` would read it."""
    return read(source, file)[1]


def read(source: bytes, file: str) -> tuple[DecisionTable | None, list[Finding]]:
    """The table in `source` and no findings, or None and the findings."""
    try:
        root = xml.read(source, file)
    except DefinitionError as error:
        return None, list(error.findings)
    reader = _Reader(file, etree.QName(root).namespace or "")
    table = reader.table(root)
    return (None if reader.findings else table), reader.findings


def split_articles(description: str) -> tuple[str, tuple[str, ...]]:
    """A description without its `article: wzpt-5 wzpt-7` lines, and the clause ids these name, each once."""
    ids = [word for line in _ARTICLE_LINE.findall(description) for word in re.split(r"[\s,，]+", line) if word]
    return _ARTICLE_LINE.sub("", description).strip(), tuple(dict.fromkeys(ids))


class _Reader:
    """Walks one file, collecting findings instead of stopping at the first."""

    def __init__(self, file: str, namespace: str) -> None:
        self.file = file
        self.namespace = namespace
        self.findings: list[Finding] = []

    def add(self, element: str, rule: str, sentence: str, sentence_en: str) -> None:
        self.findings.append(Finding(self.file, element, rule, sentence, sentence_en))

    def all(self, parent: etree._Element, tag: str) -> list[etree._Element]:
        return parent.findall(f"{{{self.namespace}}}{tag}")

    def text(self, parent: etree._Element, *tags: str) -> str:
        found = parent.find("/".join(f"{{{self.namespace}}}{tag}" for tag in tags))
        return "" if found is None else (found.text or "").strip()

    def table(self, root: etree._Element) -> DecisionTable | None:
        if self.namespace not in NAMESPACES or etree.QName(root).localname != "definitions":
            self.add(
                "",
                "dmn-version",
                "不是 DMN 1.1 至 1.3 的决策表文件",
                "the file is not a decision table of DMN 1.1 to 1.3",
            )
            return None
        for tag in _ELSEWHERE:
            for element in self.all(root, tag):
                self.add(
                    _id(element), "dmn-elsewhere", f"不支持 {tag}，请把规则都写进一张决策表",
                    f"{tag} is not supported; put all rules in one table",
                )  # fmt: skip
        decisions = self.all(root, "decision")
        if len(decisions) != 1:
            self.add(
                "", "dmn-one-decision", f"一个文件应有一个决策，这里有 {len(decisions)} 个，请分成多个文件",
                f"a file holds one decision, this one has {len(decisions)}; use a file for each",
            )  # fmt: skip
            return None
        return self.decision(decisions[0])

    def decision(self, decision: etree._Element) -> DecisionTable | None:
        name = decision.get("name") or _id(decision)
        if not _id(decision):
            self.add("", "dmn-id", "决策没有 id", "the decision has no id")
        if decision.find(f".//{{{self.namespace}}}requiredDecision") is not None:
            self.add(
                _id(decision), "dmn-elsewhere", "决策不能引用另一个决策，请在流程图中依次放两个业务规则任务",
                "a decision cannot require another; draw two business rule tasks one after the other",
            )  # fmt: skip
        tables = self.all(decision, "decisionTable")
        if not tables:
            self.add(
                _id(decision),
                "dmn-table",
                "决策不是决策表，请改用决策表",
                "the decision is no table; make it a decision table",
            )
            return None
        table = tables[0]
        self.languages(table)
        policy, aggregation = self.policy(table)
        inputs, outputs = self.inputs(table), self.outputs(table)
        if aggregation is not None and len(outputs) > 1:
            self.add(
                _id(table), "dmn-aggregation", "汇总只能用于一个输出列", "an aggregation needs a single output column"
            )
        rules = self.rules(table, len(self.all(table, "input")), len(outputs))
        self.overlaps(policy, rules)
        description, articles = split_articles(self.text(decision, "description"))
        return DecisionTable(_id(decision), name, policy, aggregation, inputs, outputs, rules, description, articles)

    def languages(self, table: etree._Element) -> None:
        for element in table.iter():
            language = element.get("expressionLanguage", "feel")
            if "feel" not in language.lower():
                self.add(
                    _id(element), "dmn-language", f"不支持表达式语言 {language}，请用 FEEL",
                    f"the expression language {language} is not supported; use FEEL",
                )  # fmt: skip

    def policy(self, table: etree._Element) -> tuple[HitPolicy, Aggregation | None]:
        written, aggregation = table.get("hitPolicy", "UNIQUE"), table.get("aggregation")
        policy = _HIT_POLICIES.get(written)
        if policy is None:
            self.add(
                _id(table), "dmn-hit-policy", f"不支持命中策略 {written}，请用 UNIQUE、FIRST 或 COLLECT",
                f"the hit policy {written} is not supported; use UNIQUE, FIRST or COLLECT",
            )  # fmt: skip
        if aggregation is not None and (policy != "COLLECT" or aggregation not in _AGGREGATIONS):
            self.add(
                _id(table), "dmn-aggregation", "汇总方式只能与 COLLECT 同用：SUM、MIN、MAX 或 COUNT",
                "an aggregation goes with COLLECT only: SUM, MIN, MAX or COUNT",
            )  # fmt: skip
        return policy or "UNIQUE", _AGGREGATIONS.get(aggregation or "")

    def inputs(self, table: etree._Element) -> tuple[Input, ...]:
        columns = self.all(table, "input")
        self.number_of_columns(table, len(columns), "输入", "input")
        inputs = []
        for column in columns:
            text = self.text(column, "inputExpression", "text")
            if not text:
                self.add(
                    _id(column), "dmn-input", "输入列没有表达式，请写明取哪个值，如 Application.platform",
                    "the input column has no expression; say which value it reads, such as Application.platform",
                )  # fmt: skip
                continue
            expression = self.compiled(_id(column), text, feel.compile)
            if expression is not None:
                allowed = self.allowed(column, "inputValues")
                inputs.append(Input(_id(column), column.get("label") or text, expression, allowed))
        return tuple(inputs)

    def outputs(self, table: etree._Element) -> tuple[Output, ...]:
        columns = self.all(table, "output")
        self.number_of_columns(table, len(columns), "输出", "output")
        names = [column.get("name", "") for column in columns]
        if len(columns) > 1 and (len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names)):
            self.add(
                _id(table), "dmn-output", "有多个输出列时，每列要有不同的名称（字母、汉字、数字、下划线）",
                "with several outputs each needs a name of its own (letters, digits, underscores)",
            )  # fmt: skip
        for column in columns:
            if self.all(column, "defaultOutputEntry"):
                self.add(
                    _id(column), "dmn-default", "不支持默认输出，请用 FIRST 并在最后加一条条件都为 - 的规则",
                    "default outputs are not supported; use FIRST and add a last rule with - in every condition",
                )  # fmt: skip
        return tuple(
            Output(_id(column), column.get("label") or name or _id(column), name, self.allowed(column, "outputValues"))
            for column, name in zip(columns, names, strict=True)
        )

    def number_of_columns(self, table: etree._Element, number: int, kind: str, kind_en: str) -> None:
        if not 1 <= number <= MAX_COLUMNS:
            self.add(
                _id(table), f"dmn-{kind_en}", f"决策表应有 1 至 {MAX_COLUMNS} 个{kind}列",
                f"a decision table has 1 to {MAX_COLUMNS} {kind_en} columns",
            )  # fmt: skip

    def allowed(self, column: etree._Element, tag: str) -> UnaryTests | None:
        text = self.text(column, tag, "text")
        return self.compiled(_id(column), text, feel.compile_unary) if text else None

    def rules(self, table: etree._Element, inputs: int, outputs: int) -> tuple[Rule, ...]:
        elements = self.all(table, "rule")
        if not 1 <= len(elements) <= MAX_RULES:
            self.add(
                _id(table), "dmn-rules", f"决策表应有 1 至 {MAX_RULES} 条规则",
                f"a decision table has 1 to {MAX_RULES} rules",
            )  # fmt: skip
        return tuple(
            self.rule(element, number, inputs, outputs) for number, element in enumerate(elements[:MAX_RULES], 1)
        )

    def rule(self, element: etree._Element, number: int, inputs: int, outputs: int) -> Rule:
        where = _id(element) or f"rule {number}"
        conditions, results = self.all(element, "inputEntry"), self.all(element, "outputEntry")
        if (len(conditions), len(results)) != (inputs, outputs):
            self.add(
                where, "dmn-cells", f"第 {number} 条规则的单元格数与列数不符，请用编辑器重新保存",
                f"rule {number} has another number of cells than the table has columns; save it with the editor",
            )  # fmt: skip
        tests, values = [], []
        for cell in conditions:
            test = self.compiled(_id(cell) or where, self.text(cell, "text"), feel.compile_unary)
            if test is not None:
                tests.append(test)
        for cell in results:
            value = self.compiled(_id(cell) or where, self.text(cell, "text"), feel.compile)
            if value is not None:
                values.append(value)
        description, articles = split_articles(self.text(element, "description"))
        row = Row(
            number,
            _id(element),
            tuple(self.text(cell, "text") for cell in conditions),
            tuple(self.text(cell, "text") for cell in results),
            description,
            articles,
        )
        return Rule(row, tuple(tests), tuple(values))

    def overlaps(self, policy: HitPolicy, rules: tuple[Rule, ...]) -> None:
        """Rules that cannot decide: the same conditions written twice, or (FIRST) after a rule that always holds."""
        if policy == "COLLECT":
            return
        seen: dict[tuple[str, ...], int] = {}
        for rule in rules:
            row = rule.row
            conditions = tuple("-" if cell in ("", "-") else cell for cell in row.inputs)
            always = ("-",) * len(conditions)
            earlier = seen.get(conditions) or (seen.get(always) if policy == "FIRST" else None)
            if earlier is not None:
                self.add(
                    row.id, "dmn-overlap", f"第 {row.number} 条规则已包含在第 {earlier} 条中，请删除或修改",
                    f"rule {row.number} is covered by rule {earlier}; remove or change it",
                )  # fmt: skip
            seen.setdefault(conditions, row.number)

    def compiled(self, element: str, text: str, compiler: Callable[[str], Compiled]) -> Compiled | None:
        try:
            return compiler(text)
        except FeelSyntaxError as error:
            self.add(element, "feel", f"“{text[:80]}”{error.sentence}", f'"{text[:80]}" {error.sentence_en}')
            return None


def _id(element: etree._Element) -> str:
    return element.get("id", "")
