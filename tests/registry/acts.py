"""What tests do to a register: lodge a filing, decide on it, register its account."""

from __future__ import annotations

from typing import Any

from tests.support.records_world import NOW, World
from webapp.registry import commands


def lodge(world: World, reference: str = "备〔2026〕0001", **more: Any) -> int:
    return commands.file(
        world.institution, reference=reference, kind="new_account", filed_by=world.applicant, now=NOW, **more
    ).id


def application(world: World, **more: Any) -> dict[str, Any]:
    return {
        "platform": "wechat_official",
        "name": "信息学院团学",
        "unit": {"id": world.college, "code": "xx", "name": "信息学院"},
        "purpose": "发布学院新闻和学生活动",
        "audience": ["学生", "家长"],
        "first_responsible": {"id": world.bob, "name": "李老师"},
        "administrators": [
            {"person": {"id": world.charlie, "name": "王同学"}, "kind": "student", "until": "2026-07-01"}
        ],
        "payment": False,
        "aims": "服务学生",
        "office_phone": "0577-00000000",
        **more,
    }


def register(world: World, filing_id: int, **more: Any) -> int:
    return commands.register_account(
        filing_id,
        application(world, **more),
        series="account",
        number_format="备〔{year}〕{n:03d}号",
        tier="2",
        now=NOW,
        year=2026,
        actor=world.head,
    ).id


def decide(world: World, filing_id: int, *, grounds: tuple[str, ...] = (), **more: Any) -> int:
    wanted: dict[str, Any] = {
        "seat_id": 7,
        "element": "UnitOpinion",
        "element_name": "部门意见",
        "round": 1,
        "role": "unit_head",
        "outcome": "approve",
        "opinion": "同意",
        "decided_by": world.head,
        "on_behalf_of": None,
        "now": NOW,
    }
    return commands.record_decision(filing_id, **{**wanted, **more}, grounds=grounds).id
