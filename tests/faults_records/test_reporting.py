"""Faults: reported once at a place, seen by their institution, resolved once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.records_world import NOW, World
from webapp import ledger
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.faults import commands, queries


def report(world: World, **more: Any) -> int:
    facts: dict[str, Any] = {"kind": "operation", "sentence": "登记失败", "now": NOW, "instance_id": 5, "element": "R"}
    return commands.report(world.institution, **{**facts, **more}).id


def test_a_fault_stays_open_until_resolved_and_both_are_in_the_ledger(world: World) -> None:
    fault_id = report(world, detail="Traceback ...")
    [fault] = queries.open_faults(world.institution)
    assert (fault.sentence, fault.detail, fault.occurred_at) == ("登记失败", "Traceback ...", NOW)
    commands.resolve(world.institution, fault_id, by=world.head, now=NOW + timedelta(hours=1))
    commands.resolve(world.institution, fault_id, by=world.applicant, now=NOW + timedelta(hours=2))
    found = queries.fault(world.institution, fault_id)
    assert found is not None
    assert (found.resolved_by_id, found.resolved_at) == (world.bob, NOW + timedelta(hours=1))
    assert not queries.open_faults(world.institution)
    tags = [event.action for event in ledger.page(db.session(), world.institution, object_type="fault")]
    assert tags == ["faults:fault:resolved", "faults:fault:reported"]


def test_the_same_fault_again_is_one_fault_with_the_newest_words(world: World) -> None:
    first = report(world)
    assert report(world, sentence="又失败了", detail="x" * 30_000) == first
    [fault] = queries.open_faults(world.institution)
    assert fault.sentence == "又失败了"
    assert len(fault.detail) == commands.MAX_DETAIL


@pytest.mark.parametrize("elsewhere", [{"kind": "timer"}, {"instance_id": 6}, {"element": "S"}, {"task_id": 3}])
def test_a_fault_elsewhere_is_another_fault(world: World, elsewhere: dict[str, Any]) -> None:
    report(world)
    report(world, **elsewhere)
    assert queries.count_open(world.institution) == 2


def test_a_fault_that_comes_back_after_it_was_resolved_is_a_new_one(world: World) -> None:
    first = report(world)
    commands.resolve(world.institution, first, by=None, now=NOW)
    assert report(world) != first
    assert len(queries.faults_of_instance(world.institution, 5)) == 2


def test_another_institution_neither_sees_nor_resolves_it(world: World) -> None:
    fault_id = report(world)
    assert not queries.open_faults(world.other_institution)
    assert queries.fault(world.other_institution, fault_id) is None
    assert queries.count_open(world.other_institution) == 0
    with pytest.raises(NotFound):
        commands.resolve(world.other_institution, fault_id, by=None, now=NOW)


def test_open_faults_page_by_key(world: World) -> None:
    ids = [report(world, instance_id=number) for number in range(5)]
    first = queries.open_faults(world.institution, limit=3)
    rest = queries.open_faults(world.institution, before=first[-1].id, limit=3)
    assert [fault.id for fault in (*first, *rest)] == ids[::-1]
    assert queries.count_open(world.institution, at_most=4) == 4
