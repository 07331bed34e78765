"""A pack is hostile input: each mistake comes back as file, place and sentence, and nothing is deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask import Flask
from sqlalchemy import func, select

from webapp.config import ROOT
from webapp.definitions.checks import check_pack
from webapp.definitions.commands import deploy
from webapp.definitions.models import Deployment, ProcessDefinition
from webapp.definitions.packs import MAX_FILE, pack_codes, read_files
from webapp.definitions.queries import bundle, current_deployment, newest
from webapp.engine import DefinitionError, Finding
from webapp.extensions import db
from webapp.organization.queries import institution
from webapp.workflow.context import specs

Files = dict[str, bytes]
# What is found in files is the same on every database.
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


@pytest.fixture
def files() -> Files:
    return read_files(ROOT / "processes", ROOT / "forms", "wzpt")


def replace(path: str, old: str, new: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        assert old.encode() in files[path], f"{old} is not in {path}"
        files[path] = files[path].replace(old.encode(), new.encode(), 1)

    return change


def put(path: str, content: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({path: content})


def drop(path: str) -> Callable[[Files], None]:
    return lambda files: files.pop(path) and None


ENTITY = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'

DIAGRAM = "new_account.bpmn"
FLOW = 'tFormalExpression">'
MISTAKES: list[tuple[str, Callable[[Files], None], str, str]] = [
    ("no pack.yaml", drop("pack.yaml"), "pack.yaml", "pack"),
    ("pack.yaml is not YAML", put("pack.yaml", b"a: [1\nb: }"), "pack.yaml", "yaml"),
    ("pack.yaml is bytes", put("pack.yaml", b"\xff\xfe\x00"), "pack.yaml", "yaml"),
    ("pack.yaml builds an object", put("pack.yaml", b"!!python/object/apply:os.system ['id']"), "pack.yaml", "yaml"),
    ("pack.yaml is a list", put("pack.yaml", b"- 1"), "pack.yaml", "pack"),
    ("an unknown entry", replace("pack.yaml", "lead_unit:", "lead_units:"), "pack.yaml", "pack"),
    ("a lead unit that is not there", replace("pack.yaml", "lead_unit: xcb", "lead_unit: x"), "pack.yaml", "reference"),
    ("a regulation that is not there", drop("regulations/wzpt.yaml"), "regulations/wzpt.yaml", "regulation"),
    ("a diagram that is not there", drop("new_account.bpmn"), "new_account.bpmn", ""),
    ("a diagram with an entity", put("new_account.bpmn", ENTITY), "new_account.bpmn", "xml-doctype"),
    ("a diagram that is no XML", put("new_account.bpmn", b"<bpmn"), "new_account.bpmn", "xml-well-formed"),
    ("a table that is not there", drop("account_tier.dmn"), "new_account.bpmn", ""),
    ("a form that is not there", drop("forms/unit_opinion.form"), "new_account.bpmn", "form"),
    ("a form that is no JSON", put("forms/unit_opinion.form", b"{"), "forms/unit_opinion.form", ""),
    ("a role that is not declared", replace(DIAGRAM, "publicity_reviewer", "nobody"), DIAGRAM, "role"),
    ("a clause that does not exist", replace(DIAGRAM, "wzpt-11.1", "wzpt-99"), DIAGRAM, "clause"),
    ("an operation that does not exist", replace(DIAGRAM, "registry.register_account", "os.system"), DIAGRAM, ""),
    ("Python in a condition", replace(DIAGRAM, FLOW, FLOW + "__import__('os') and "), DIAGRAM, ""),
]  # fmt: skip


@SQLITE
@pytest.mark.parametrize(("change", "file", "rule"), [pytest.param(*row[1:], id=row[0]) for row in MISTAKES])
def test_a_mistake_is_named_with_its_file_and_a_sentence(
    files: Files, change: Callable[[Files], None], file: str, rule: str
) -> None:
    change(files)
    findings = check_pack(files, specs())
    named = [finding for finding in findings if finding.file == file and (not rule or finding.rule == rule)]
    assert named, findings
    assert all(finding.sentence and finding.sentence_en for finding in findings)


@pytest.fixture(autouse=True)
def _operations(app: Flask) -> None:
    """Operations are registered when the application is made."""


def counted() -> tuple[int, int]:
    return (
        db.session.scalar(select(func.count()).select_from(Deployment)) or 0,
        db.session.scalar(select(func.count()).select_from(ProcessDefinition)) or 0,
    )


def test_a_faulty_pack_leaves_nothing_behind(files: Files) -> None:
    before = counted()
    replace("new_account.bpmn", "wzpt-11.1", "wzpt-99")(files)
    with pytest.raises(DefinitionError) as refused:
        deploy(files, specs(), actor=None)
    assert refused.value.findings
    assert counted() == before


def test_the_same_files_are_not_deployed_twice(files: Files) -> None:
    before = counted()
    assert deploy(files, specs(), actor=None).created is False
    assert counted() == before


def test_a_changed_file_makes_a_new_version_and_keeps_the_old_one(files: Files) -> None:
    found = institution("wzpt")
    assert found is not None
    first = newest(found.id, "new_account")
    assert first is not None
    number, old_hash = first.version, first.deployment.hash
    replace("pack.yaml", "宣传部审核人", "宣传部审核员")(files)
    deployed = deploy(files, specs(), actor=None)
    assert deployed.created
    second = newest(found.id, "new_account")
    assert second is not None
    assert (second.version, second.deployment.hash == old_hash) == (number + 1, False)
    assert first.deployment.hash == old_hash
    current = current_deployment(found.id)
    assert current is not None
    assert "宣传部审核员".encode() in bundle(current).files["pack.yaml"]


def test_going_back_to_earlier_files_makes_them_current_again(files: Files) -> None:
    found = institution("wzpt")
    assert found is not None
    first = dict(files)
    replace("pack.yaml", "宣传部审核人", "宣传部审核员")(files)
    deploy(files, specs(), actor=None)
    again = deploy(first, specs(), actor=None)
    assert again.created
    current = newest(found.id, "new_account")
    assert current is not None
    assert (current.version, current.deployment.hash) == (3, again.deployment.hash)


@SQLITE
def test_a_pack_that_is_too_large_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    root = Path(str(tmp_path))
    (root / "processes" / "wzpt").mkdir(parents=True)
    (root / "processes" / "wzpt" / "pack.yaml").write_bytes(b"#" * (MAX_FILE + 1))
    with pytest.raises(DefinitionError, match="larger"):
        read_files(root / "processes", root / "forms", "wzpt")


@SQLITE
@pytest.mark.parametrize("code", ["../wzpt", "wzpt/../zzlg", "", "/etc", "WZPT", "no_such_pack"])
def test_a_pack_is_found_by_a_plain_code_only(code: str) -> None:
    with pytest.raises(DefinitionError):
        read_files(ROOT / "processes", ROOT / "forms", code)


@SQLITE
def test_every_pack_is_without_findings() -> None:
    found: Mapping[str, list[Finding]] = {
        code: check_pack(read_files(ROOT / "processes", ROOT / "forms", code), specs())
        for code in pack_codes(ROOT / "processes")
    }
    assert set(found) == {"culr", "qjnu", "sias", "wzpt", "zzlg"}
    assert not any(found.values())
