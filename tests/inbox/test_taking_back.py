"""拿回 from the list of what one has done: offered where it may still go, in one statement for all rows."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.desk import decide, text_of, tree
from tests.support.web import visitor
from tests.tasks.bureau import Bureau

BUTTON = '//main//td//form[contains(@action, "/take-back")]'


@pytest.mark.parametrize("view", ["flowing", "done"])
def test_the_list_offers_to_take_back_what_nobody_has_acted_on(app: Flask, bureau: Bureau, view: str) -> None:
    case_id = bureau.start("line")
    li, sun = visitor(app, "bureau.li"), visitor(app, "bureau.sun")
    assert decide(li, bureau.seat(case_id, "First")[0], "approve", opinion="同意").status_code == 302
    page = li.get(f"/inbox?view={view}")
    assert len(tree(page).xpath(BUTTON)) == 1
    assert li.post(tree(page).xpath(BUTTON)[0].get("action")).status_code == 302
    reopened = bureau.seat(case_id, "First")[0]
    assert not tree(li.get(f"/inbox?view={view}")).xpath(BUTTON), "it is one's own again"
    assert decide(li, reopened, "approve", opinion="还是同意").status_code == 302
    assert len(tree(li.get(f"/inbox?view={view}")).xpath(BUTTON)) == 1
    assert decide(sun, bureau.seat(case_id, "Second")[0], "approve", opinion="同意").status_code == 302
    gone_on = li.get(f"/inbox?view={view}")
    assert "逐级" in text_of(gone_on)
    assert not tree(gone_on).xpath(BUTTON), "the next office has decided"
