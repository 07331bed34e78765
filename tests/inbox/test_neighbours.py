"""The arrows of a task's page: they stay in the list that the task was opened from."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask

from tests.support.desk import tree
from tests.support.web import Visitor, visitor
from tests.tasks.bureau import Bureau


def beside(person: Visitor, path: str) -> list[str | None]:
    """Where the arrows to the previous and the next task lead."""
    page = tree(person.get(path))
    return [next(iter(page.xpath(f'//a[@rel="{way}"]/@href')), None) for way in ("prev", "next")]


def test_the_arrows_go_through_the_narrowed_list_and_no_further(app: Flask, bureau: Bureau) -> None:
    cases = [bureau.start(process, name=name) for process, name in (("line", "甲"), ("calling", "乙"), ("line", "丙"))]
    first, other, last = (bureau.seat(case, "First")[0] for case in cases)
    li = visitor(app, "bureau.li")
    assert beside(li, f"/tasks/{other}") == [f"/tasks/{first}", f"/tasks/{last}"]
    narrowed = urlencode({"list": "process=line"})
    assert beside(li, f"/tasks/{first}?{narrowed}") == [None, f"/tasks/{last}?{narrowed}"]
    assert beside(li, f"/tasks/{last}?{narrowed}") == [f"/tasks/{first}?{narrowed}", None]
    for odd in ("process=gone", "view=nonsense", "saved=999999", "%00", "q=" + "x" * 900):
        assert li.get(f"/tasks/{first}?{urlencode({'list': odd})}").status_code == 200, odd
