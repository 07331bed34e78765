"""A small decision table for tests."""

from xml.sax.saxutils import escape


def tier_table(
    *,
    asks: str = "Application.followers",
    first: str = ">= 10000",
    result: str = '"1"',
    policy: str = "FIRST",
    article: str = "",
) -> bytes:
    """The table `tier`: "1" from 10,000 followers on, else "2"; `article` rests the whole table on a clause."""
    about = f"<description>article: {article}</description>" if article else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="tier_definitions" name="tier" '
        f'namespace="http://beian.example/dmn"><decision id="tier" name="tier">{about}'
        f'<decisionTable id="tier_table" hitPolicy="{policy}"><input id="followers" label="followers">'
        f'<inputExpression id="followers_text" typeRef="number"><text>{escape(asks)}</text></inputExpression></input>'
        '<output id="result" label="tier" name="tier" typeRef="string"/>'
        '<rule id="rule_1"><description>article: wzpt-5.1</description>'
        f'<inputEntry id="in_1"><text>{escape(first)}</text></inputEntry>'
        f'<outputEntry id="out_1"><text>{escape(result)}</text></outputEntry></rule>'
        '<rule id="rule_2"><inputEntry id="in_2"><text>-</text></inputEntry>'
        '<outputEntry id="out_2"><text>"2"</text></outputEntry></rule>'
        "</decisionTable></decision></definitions>"
    ).encode()
