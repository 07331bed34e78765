"""Buttons that change a form's shape, and uploads, all without script."""

from dataclasses import dataclass
from io import BytesIO

import pytest
from werkzeug.datastructures import FileStorage, MultiDict

from tests.formkit.outside import CASE, FILES, Outside, field, form, post, rows
from webapp.formkit import BoundForm, StructuralAction, bind

SCHEMA = form(
    field("textfield", "name"),
    field("filepicker", "papers", multiple=True, accept=".pdf"),
    rows("members", field("textfield", "who"), field("filepicker", "photo"), properties={"min": "1", "max": "3"}),
)
THREE = [(f"members-{i}-who", name) for i, name in ((0, "甲"), (4, "乙"), (9, "丙"))]


def names(bound: BoundForm) -> list[str]:
    members = bound.field("members")
    assert members is not None
    return [row.fields[0].value for row in members.rows]


def test_adding_a_row_keeps_what_was_typed() -> None:
    bound = post(SCHEMA, *THREE[:2], ("name", "温职"), ("add-members", "1"))
    assert bound.structural_action == StructuralAction("add", "members")
    assert names(bound) == ["甲", "乙", ""]
    assert bound.typed["name"] == ["温职"]


def test_no_row_is_added_beyond_the_most() -> None:
    bound = post(SCHEMA, *THREE, ("add-members", "1"))
    assert names(bound) == ["甲", "乙", "丙"]
    members = bound.field("members")
    assert members is not None
    assert not members.can_add


@pytest.mark.parametrize(("row", "left"), [(0, ["乙", "丙"]), (4, ["甲", "丙"]), (9, ["甲", "乙"])])
def test_the_row_whose_button_was_pressed_is_removed(row: int, left: list[str]) -> None:
    bound = post(SCHEMA, *THREE, (f"remove-members-{row}", "1"))
    assert names(bound) == left
    assert bound.structural_action is not None
    assert bound.structural_action.kind == "remove"


def test_removing_a_row_that_was_not_posted_removes_nothing() -> None:
    assert names(post(SCHEMA, *THREE, ("remove-members-1", "1"))) == ["甲", "乙", "丙"]


def test_a_plain_submission_has_no_action_and_refresh_is_one() -> None:
    assert post(SCHEMA, ("name", "x")).structural_action is None
    assert post(SCHEMA, ("refresh", "1")).structural_action == StructuralAction("refresh")


def test_an_upload_is_dropped_by_its_id() -> None:
    bound = post(SCHEMA, ("papers", "5"), ("papers", "6"), ("drop-papers", "5"))
    assert [f["id"] for f in bound.answers["papers"]] == ["6"]  # type: ignore[index,union-attr]


@dataclass
class Posted:
    name: str
    file: str

    def pair(self) -> tuple[str, FileStorage]:
        return self.name, FileStorage(BytesIO(b"%PDF"), filename=self.file)


def uploading(*files: Posted, pairs: list[tuple[str, str]] | None = None) -> BoundForm:
    return bind(SCHEMA, Outside(), CASE, posted=MultiDict(pairs or []), uploads=MultiDict([f.pair() for f in files]))


def test_uploads_are_sorted_to_their_renumbered_fields() -> None:
    pairs = [("members-7-who", "甲")]
    bound = uploading(Posted("papers-new", "a.pdf"), Posted("members-7-photo-new", "b.png"), pairs=pairs)
    assert [(u.name, u.item.filename) for u in bound.pending_uploads] == [
        ("papers", "a.pdf"),
        ("members-0-photo", "b.png"),
    ]
    bound.attach("members-0-photo", FILES["6"])
    assert bound.validate()
    assert bound.typed["members-0-photo"] == ["6"]


def test_an_empty_file_input_is_nothing() -> None:
    bound = uploading(Posted("papers-new", ""), pairs=[("members-0-who", "甲")])
    assert bound.pending_uploads == []
    assert bound.validate()


def test_a_file_for_a_field_that_takes_none_is_refused() -> None:
    bound = uploading(Posted("name-new", "a.pdf"), Posted("papers", "a.pdf"), pairs=[("members-0-who", "甲")])
    assert bound.pending_uploads == []
    assert not bound.validate()
    assert "name-new" in bound.errors[""][0]


def test_an_attached_upload_counts_once() -> None:
    bound = uploading(pairs=[("papers", "5"), ("members-0-who", "甲")])
    bound.attach("papers", FILES["5"])
    assert bound.validate()
    assert len(bound.answers["papers"]) == 1  # type: ignore[arg-type]


def test_an_upload_that_could_not_be_stored_stops_the_form() -> None:
    bound = uploading(pairs=[("members-0-who", "甲")])
    bound.refuse("papers", "文件是空的")
    assert not bound.validate()
    assert bound.errors == {"papers": ["文件是空的"]}
