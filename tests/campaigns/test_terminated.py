"""A case of a campaign that an administrator ends: nothing was decided, so its target has not filed."""

from __future__ import annotations

from tests.campaigns.school import School, at, work
from webapp.campaigns import queries
from webapp.organization.commands import grant_role
from webapp.tasks.suspending import terminate


def test_a_terminated_case_counts_as_not_filed(school: School) -> None:
    school.register("sj", "设计学院微博", "zhang")
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    opened = school.campaign("yearly")
    (item,) = school.items(opened)
    school.file(item, at(2026, 6, 2))
    before = queries.figures(None, opened, at(2026, 6, 3))
    assert before.of("filed") == 1
    grant_role(school.institution, school.user("wang").id, "system_admin", school.units["drill"], actor=None)
    assert item.instance_id is not None
    terminate(school.user("wang"), item.instance_id, "账号已不存在", now=at(2026, 6, 3))
    found = queries.figures(None, opened, at(2026, 6, 4))
    assert (found.of("filed"), found.of("failed"), found.of("unfiled")) == (0, 0, before.of("unfiled") + 1)
