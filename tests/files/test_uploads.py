"""Uploads: refused with a sentence, owned by their uploader, tied to the case that files them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select

from tests.files.made import GOOD, PDF, png
from tests.support.records_world import NOW, World
from webapp import ledger
from webapp.errors import BeianError, Invalid, NotFound, Refused, TooLarge
from webapp.extensions import db
from webapp.files import commands, queries
from webapp.files.commands import UploadLimits
from webapp.files.models import StoredFile

LIMITS = UploadLimits(max_bytes=2_000)


def upload(world: World, user: int | None = None, name: str = "表.pdf", content: bytes = PDF) -> str:
    return commands.upload(world.user(user or world.alice), name, content, LIMITS, NOW).key


@pytest.mark.parametrize("ending", GOOD)
def test_what_is_taken_comes_back_byte_by_byte(world: World, ending: str) -> None:
    key = upload(world, name=f"文件.{ending.upper()}", content=GOOD[ending])
    found = queries.download(world.institution, key, lambda statement: statement)
    assert found is not None
    assert found.content == GOOD[ending]
    assert (found.name, found.size) == (f"文件.{ending.upper()}", len(GOOD[ending]))
    assert found.media_type.startswith(("application/", "image/"))
    assert len(key) == 43


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("大.pdf", PDF + b" " * 2_000, TooLarge, "“大.pdf”超过"),
        ("空.pdf", b"", Invalid, "空文件"),
        ("程序.exe", b"MZ", Invalid, "类型不受理"),
        ("无", PDF, Invalid, "类型不受理"),
        ("图.svg", b"<svg/>", Invalid, "类型不受理"),
        ("假.pdf", png(), Invalid, "内容不是 pdf"),
        ("假.png", b"<html>", Invalid, "内容不是 png"),
        ("假.docx", GOOD["xlsx"], Invalid, "内容不是 docx"),
    ],
)
def test_what_is_not_taken_is_refused_with_the_reason(
    world: World, name: str, content: bytes, error: type[BeianError], said: str
) -> None:
    with pytest.raises(error) as refused:
        upload(world, name=name, content=content)
    assert said in refused.value.sentence
    assert not db.session.scalars(select(StoredFile)).all()


def test_a_pack_may_take_fewer_types(world: World) -> None:
    with pytest.raises(Invalid, match="pdf"):
        commands.upload(world.applicant, "图.png", png(), UploadLimits(types=("pdf",)), NOW)


def test_a_jpeg_may_be_named_either_way(world: World) -> None:
    assert upload(world, name="图.jpeg", content=GOOD["jpg"])


def test_the_event_keeps_the_digest_and_the_name_can_be_erased(world: World) -> None:
    upload(world)
    [event] = ledger.page(db.session(), world.institution, action="files:file:uploaded")
    assert event.kept["size"] == len(PDF)
    assert event.erasable == {"name": "表.pdf"}


def test_a_file_is_seen_only_within_the_institution_and_the_policy(world: World) -> None:
    key = upload(world)
    assert queries.download(world.other_institution, key, lambda statement: statement) is None

    def only_of(user: int) -> Any:
        return lambda statement: statement.where(StoredFile.uploaded_by_id == user)

    assert queries.download(world.institution, key, only_of(world.bob)) is None
    assert queries.download(world.institution, key, only_of(world.alice)) is not None


def test_lists_do_not_load_the_bytes(world: World) -> None:
    key = upload(world)
    db.session.expire_all()
    found = queries.by_keys(world.institution, [key, "none"])
    assert "content" in inspect(found[key]).unloaded


def test_a_case_takes_the_uploaders_own_files_and_keeps_them(world: World) -> None:
    key, other = upload(world), upload(world, world.bob)
    commands.attach(world.applicant, [key, key], 7)
    commands.attach(world.applicant, [], 7)
    commands.attach(world.head, [key, other], 7)
    assert {file.instance_id for file in queries.by_keys(world.institution, [key, other]).values()} == {7}


def test_nobody_files_anothers_upload_or_a_file_of_another_case(world: World) -> None:
    key, other = upload(world), upload(world, world.bob)
    for stolen in (other, "no-such-key"):
        with pytest.raises(NotFound):
            commands.attach(world.applicant, [key, stolen], 7)
    assert queries.by_keys(world.institution, [key])[key].instance_id is None
    commands.attach(world.applicant, [key], 7)
    with pytest.raises(NotFound):
        commands.attach(world.applicant, [key], 8)
    with pytest.raises(NotFound):
        commands.attach(world.user(world.stranger), [key], 7)


def test_a_form_may_name_own_uploads_and_those_of_its_case(world: World) -> None:
    own, filed = upload(world), upload(world, world.bob)
    commands.attach(world.head, [filed], 7)
    assert queries.usable(world.applicant, own, None) is not None
    assert queries.usable(world.applicant, filed, None) is None
    assert queries.usable(world.applicant, filed, 7) is not None
    assert queries.usable(world.applicant, filed, 8) is None
    assert queries.usable(world.head, own, 7) is None


def test_only_own_unfiled_uploads_can_be_discarded(world: World) -> None:
    key = upload(world)
    with pytest.raises(NotFound):
        commands.discard(world.head, key, NOW)
    commands.discard(world.applicant, key, NOW)
    assert not queries.by_keys(world.institution, [key])
    filed = upload(world)
    commands.attach(world.applicant, [filed], 7)
    with pytest.raises(NotFound):
        commands.discard(world.applicant, filed, NOW)


def test_uploads_nobody_filed_are_deleted_after_a_while(world: World) -> None:
    old, filed = upload(world), upload(world)
    commands.attach(world.applicant, [filed], 7)
    assert commands.discard_unfiled(world.institution, NOW + timedelta(days=89)) == 0
    assert commands.discard_unfiled(world.institution, NOW + timedelta(days=91)) == 1
    assert set(queries.by_keys(world.institution, [old, filed])) == {filed}


def test_one_person_cannot_fill_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "UNFILED", 3)
    for _file in range(3):
        upload(world)
    with pytest.raises(Refused):
        upload(world)
    assert upload(world, world.bob)


def test_files_are_found_at_any_depth_of_answers() -> None:
    file = {"id": "k1", "name": "a.pdf", "size": 3, "sha256": "00"}
    answers = {"rules": [file], "rows": [{"proof": [{**file, "id": "k2"}]}], "unit": {"id": 3, "code": "xx"}}
    assert set(queries.file_keys(answers)) == {"k1", "k2"}
