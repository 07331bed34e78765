"""Decision tables: what they decide, and which are refused."""

from typing import Any

import pytest

from webapp.engine import dmn
from webapp.engine.decision_tables import DecisionTable
from webapp.engine.errors import BudgetExceeded, DecisionError, DefinitionError

DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
TIER_RULES = [
    (['"weibo","douyin"', ">= 10000"], ['"1"'], "article: wzpt-5"),
    (['"weibo","douyin"', "< 10000"], ['"2"'], "大号之外\narticle: wzpt-5 wzpt-6"),
    (['not("weibo","douyin")', "-"], ['"3"'], ""),
]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _rule(number: int, inputs: list[str], outputs: list[str], description: str = "") -> str:
    cells = "".join(
        f'<inputEntry id="i{number}_{n}"><text>{_escape(c)}</text></inputEntry>' for n, c in enumerate(inputs)
    )
    cells += "".join(
        f'<outputEntry id="o{number}_{n}"><text>{_escape(c)}</text></outputEntry>' for n, c in enumerate(outputs)
    )
    return f'<rule id="r{number}"><description>{description}</description>{cells}</rule>'


def _source(
    rules: list[tuple[list[str], list[str], str]],
    *,
    policy: str = 'hitPolicy="UNIQUE"',
    inputs: tuple[str, ...] = ("Application.platform", "Application.followers"),
    outputs: tuple[str, ...] = ("tier",),
    namespace: str = DMN_13,
    column: str = "",
    output: str = "",
    beside: str = "",
    inside: str = "",
) -> bytes:
    columns = "".join(
        f'<input id="in{n}" label="{_escape(e)}">'
        f"<inputExpression><text>{_escape(e)}</text></inputExpression>{column if n == 0 else ''}</input>"
        for n, e in enumerate(inputs)
    ) + "".join(f'<output id="out{n}" name="{name}">{output}</output>' for n, name in enumerate(outputs))
    written = "".join(_rule(number, *rule) for number, rule in enumerate(rules, 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="{namespace}" id="d" name="d" namespace="x">{beside}'
        f'<decision id="wzpt_tier" name="分级"><description>按影响力分级\narticle: wzpt-4</description>{inside}'
        f'<decisionTable id="t" {policy}>{columns}{written}</decisionTable></decision></definitions>'
    ).encode()


def _table(rules: list[tuple[list[str], list[str], str]], **options: Any) -> DecisionTable:
    return dmn.load(_source(rules, **options), "wzpt/wzpt_tier.dmn")


def _asked(platform: Any, followers: Any) -> dict[str, Any]:
    return {"Application": {"platform": platform, "followers": followers}}


def _refusals(source: bytes) -> set[tuple[str, str]]:
    findings = dmn.check(source, "wzpt/wzpt_tier.dmn")
    with pytest.raises(DefinitionError) as caught:
        dmn.load(source, "wzpt/wzpt_tier.dmn")
    assert caught.value.findings == tuple(findings)
    assert all(
        finding.file == "wzpt/wzpt_tier.dmn" and finding.sentence and finding.sentence_en for finding in findings
    )
    return {(finding.element, finding.rule) for finding in findings}


@pytest.mark.parametrize("namespace", dmn.NAMESPACES)
@pytest.mark.parametrize(
    ("platform", "followers", "tier"),
    [("weibo", 10_000, "1"), ("douyin", 9_999, "2"), ("qq_group", None, "3"), ("weibo", None, None)],
)
def test_a_unique_table_decides_by_the_one_rule_that_matches(
    namespace: str, platform: str, followers: int | None, tier: str | None
) -> None:
    assert _table(TIER_RULES, namespace=namespace).evaluate(_asked(platform, followers)) == tier


def test_two_matching_rules_of_a_unique_table_are_an_error_naming_both() -> None:
    table = _table([*TIER_RULES, (['"weibo"', "[1..20000]"], ['"9"'], "")])
    with pytest.raises(DecisionError) as caught:
        table.evaluate(_asked("weibo", 12_000))
    assert caught.value.rules == (1, 4)
    assert caught.value.table == "wzpt_tier"
    assert "第 1、4 条规则" in caught.value.sentence
    assert "rules 1, 4" in caught.value.sentence_en


def test_a_table_without_hit_policy_is_unique() -> None:
    table = _table([(["< 5"], ["1"], ""), (["< 9"], ["2"], "")], policy="", inputs=("n",))
    assert table.evaluate({"n": 7}) == 2
    with pytest.raises(DecisionError):
        table.evaluate({"n": 3})


def test_the_first_matching_rule_decides_under_first() -> None:
    rules = [(["< 5"], ['"low"'], ""), (["< 9"], ['"mid"'], ""), (["-"], ['"high"'], "")]
    table = _table(rules, policy='hitPolicy="FIRST"', inputs=("n",))
    assert [table.evaluate({"n": n}) for n in (1, 5, 9, None)] == ["low", "mid", "high", "high"]


@pytest.mark.parametrize(
    ("aggregation", "some", "none"),
    [("", [10, 20], []), ("SUM", 30, 0), ("MIN", 10, None), ("MAX", 20, None), ("COUNT", 2, 0)],
)
def test_collect_gives_a_list_or_its_aggregate(aggregation: str, some: object, none: object) -> None:
    written = f'hitPolicy="COLLECT" aggregation="{aggregation}"' if aggregation else 'hitPolicy="COLLECT"'
    table = _table(
        [(["> 1"], ["10"], ""), (["> 2"], ["20"], ""), (["> 3"], ["n * 10"], "")], policy=written, inputs=("n",)
    )
    assert table.evaluate({"n": 3}) == some
    assert table.evaluate({"n": 0}) == none


def test_an_aggregate_of_texts_is_an_error() -> None:
    table = _table([(["-"], ['"x"'], "")], policy='hitPolicy="COLLECT" aggregation="SUM"', inputs=("n",))
    with pytest.raises(DecisionError, match="aggregate"):
        table.evaluate({"n": 1})


def test_several_outputs_give_an_object_and_no_rule_gives_null() -> None:
    table = _table([(["> 1"], ['"1"', "n + 1"], "")], inputs=("n",), outputs=("tier", "score"))
    assert table.evaluate({"n": 2}) == {"tier": "1", "score": 3}
    assert table.evaluate({"n": 1}) is None


def test_a_verdict_names_the_rows_that_made_it_and_their_clauses() -> None:
    verdict = _table(TIER_RULES).decide(_asked("weibo", 5))
    assert verdict.value == "2"
    assert [row.number for row in verdict.rows] == [2]
    assert verdict.articles == ("wzpt-5", "wzpt-6")


def test_rows_show_the_table_as_written() -> None:
    table = _table(TIER_RULES)
    assert table.articles == ("wzpt-4",)
    assert table.description == "按影响力分级"
    assert (table.id, table.name, table.hit_policy, table.aggregation) == ("wzpt_tier", "分级", "UNIQUE", None)
    second = table.rows[1]
    assert (second.number, second.id) == (2, "r2")
    assert second.inputs == ('"weibo","douyin"', "< 10000")
    assert second.outputs == ('"2"',)
    assert second.description == "大号之外"
    assert second.articles == ("wzpt-5", "wzpt-6")
    assert [column.label for column in table.inputs] == ["Application.platform", "Application.followers"]


def test_a_table_tells_what_it_reads() -> None:
    table = _table([(["< limit(1)"], ["other.value"], "")], inputs=("Application.n",))
    assert table.names == {"Application", "other"}
    assert table.functions == {"limit"}
    assert table.evaluate({"Application": {"n": 1}, "other": {"value": "x"}}, {"limit": lambda n: n + 1}) == "x"


def test_a_failing_cell_names_table_rule_and_reason() -> None:
    with pytest.raises(DecisionError) as caught:
        _table(TIER_RULES).evaluate(_asked("weibo", "many"))
    assert caught.value.rules == (1,)
    assert "决策表“分级”第 1 条规则条件：" in caught.value.sentence
    with pytest.raises(DecisionError, match=r"the input .*Application.platform.* no data named"):
        _table(TIER_RULES).evaluate({})


def test_a_table_shares_one_budget_among_its_cells() -> None:
    rules = [([f"list_contains(long, ?) and {n} = 0"], ["1"], "") for n in range(30)]
    table = _table(rules, inputs=("n",))
    with pytest.raises(DecisionError) as caught:
        table.evaluate({"n": -1, "long": list(range(4_000))})
    assert isinstance(caught.value.__cause__, BudgetExceeded)


def test_a_value_outside_the_allowed_ones_is_an_error() -> None:
    allowed = '<inputValues><text>"weibo","qq_group"</text></inputValues>'
    table = _table([(['"weibo"', "-"], ["1"], "")], column=allowed)
    assert table.evaluate(_asked("qq_group", 1)) is None
    with pytest.raises(DecisionError, match="not among those allowed"):
        table.evaluate(_asked("douyin", 1))
    outputs = "<outputValues><text>[1..3]</text></outputValues>"
    with pytest.raises(DecisionError, match="not among those allowed"):
        _table([(["-"], ["4"], "")], inputs=("n",), output=outputs).evaluate({"n": 1})


@pytest.mark.parametrize("policy", ["ANY", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "unique"])
def test_other_hit_policies_are_refused(policy: str) -> None:
    assert _refusals(_source(TIER_RULES, policy=f'hitPolicy="{policy}"')) == {("t", "dmn-hit-policy")}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (_source(TIER_RULES, policy='hitPolicy="FIRST" aggregation="SUM"'), ("t", "dmn-aggregation")),
        (_source(TIER_RULES, policy='hitPolicy="COLLECT" aggregation="AVG"'), ("t", "dmn-aggregation")),
        (
            _source(
                [(["-"], ["1", "2"], "")],
                inputs=("n",),
                outputs=("a", "b"),
                policy='hitPolicy="COLLECT" aggregation="SUM"',
            ),
            ("t", "dmn-aggregation"),
        ),
        (_source([(["-", "-"], ["1"], "")], inputs=("n", "")), ("in1", "dmn-input")),
        (_source([(["-"], ["1"], "")], inputs=("n ==",)), ("in0", "feel")),
        (_source([([], ["1"], "")], inputs=()), ("t", "dmn-input")),
        (_source([(["-"], [], "")], inputs=("n",), outputs=()), ("t", "dmn-output")),
        (_source([(["-"], ["1", "2"], "")], inputs=("n",), outputs=("a", "a")), ("t", "dmn-output")),
        (_source([(["-"], ["1", "2"], "")], inputs=("n",), outputs=("a", "")), ("t", "dmn-output")),
        (_source([]), ("t", "dmn-rules")),
        (_source([(["-"], ["1"], "")]), ("r1", "dmn-cells")),
        (_source([(["-", "-"], ["1", "2"], "")]), ("r1", "dmn-cells")),
        (_source([(["weibo douyin", "-"], ["1"], "")]), ("i1_0", "feel")),
        (_source([(["-", "-"], ["[1..3]"], "")]), ("o1_0", "feel")),
        (_source([(["-", "-"], [""], "")]), ("o1_0", "feel")),
        (_source([(["-", "-"], ["?"], "")]), ("o1_0", "feel")),
        (_source([(["1", "-"], ["1"], ""), (["1", ""], ["2"], "")]), ("r2", "dmn-overlap")),
        (_source([(["-", "-"], ["1"], ""), (["1", ""], ["2"], "")], policy='hitPolicy="FIRST"'), ("r2", "dmn-overlap")),
        (
            _source(TIER_RULES, output="<defaultOutputEntry><text>1</text></defaultOutputEntry>"),
            ("out0", "dmn-default"),
        ),
        (_source(TIER_RULES, column='<x expressionLanguage="javascript"/>'), ("", "dmn-language")),
        (_source(TIER_RULES, column="<inputValues><text>1..</text></inputValues>"), ("in0", "feel")),
        (_source(TIER_RULES, beside='<businessKnowledgeModel id="b"/>'), ("b", "dmn-elsewhere")),
        (_source(TIER_RULES, beside='<import id="i"/>'), ("i", "dmn-elsewhere")),
        (_source(TIER_RULES, beside='<decision id="other"/>'), ("", "dmn-one-decision")),
        (
            _source(
                TIER_RULES, inside='<informationRequirement><requiredDecision href="#x"/></informationRequirement>'
            ),
            ("wzpt_tier", "dmn-elsewhere"),
        ),
        (_source(TIER_RULES, namespace="https://www.omg.org/spec/DMN/20230324/MODEL/"), ("", "dmn-version")),
        (_source(TIER_RULES).replace(b"decisionTable", b"literalExpression"), ("wzpt_tier", "dmn-table")),
        (_source(TIER_RULES).replace(b'<decision id="wzpt_tier"', b"<decision"), ("", "dmn-id")),
        (b"<!DOCTYPE a><a/>", ("", "xml-doctype")),
    ],
)
def test_a_table_we_would_misread_is_refused(source: bytes, expected: tuple[str, str]) -> None:
    assert expected in _refusals(source)


def test_all_findings_come_at_once() -> None:
    source = _source([(["==", "True"], ["eval(1)"], "")], policy='hitPolicy="ANY"')
    assert _refusals(source) == {("t", "dmn-hit-policy"), ("i1_0", "feel"), ("i1_1", "feel"), ("o1_0", "feel")}


@pytest.mark.parametrize("cell", ["__import__('os').system('id')", '__import__("os")', "().__class__", "lambda: 1"])
def test_python_is_refused_in_every_kind_of_cell(cell: str) -> None:
    for source in (
        _source([(["-"], ["1"], "")], inputs=(cell,)),
        _source([([cell], ["1"], "")], inputs=("n",)),
        _source([([f"? = 0 or {cell}"], ["1"], "")], inputs=("n",)),
        _source([(["-"], [cell], "")], inputs=("n",)),
    ):
        assert {rule for _, rule in _refusals(source)} == {"feel"}


def test_a_comment_inside_a_cell_does_not_change_it() -> None:
    source = _source([(["&lt; 5"], ["1"], "")], inputs=("n",)).replace(b"&amp;lt; 5", b"&lt; 5<!-- x -->0")
    assert dmn.load(source, "f").evaluate({"n": 40}) == 1
