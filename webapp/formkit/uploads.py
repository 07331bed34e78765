"""Files that came with a post, sorted to their fields before anything is stored."""

from dataclasses import dataclass
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from webapp.formkit.posting import Posting, spec_named
from webapp.formkit.specs import UPLOAD_KINDS, FormSchema, Kind

SUFFIX: Final = "-new"


@dataclass(frozen=True)
class PendingUpload:
    """One posted file. `name` is the field to `attach` it to once stored, `item` the web framework's file object,
    `accept` the form's accepted endings ((): any)."""

    name: str
    item: Any
    accept: tuple[str, ...]


def pending(schema: FormSchema, posting: Posting, uploads: "MultiDict[str, Any] | None") -> list[PendingUpload]:
    """The files posted under "<field>-new"; empty file inputs are nothing, other names are noted as unexpected."""
    found: list[PendingUpload] = []
    for posted, item in uploads.items(multi=True) if uploads else ():
        if not getattr(item, "filename", ""):
            continue
        target = posted.removesuffix(SUFFIX)
        spec = spec_named(schema, target) if posted.endswith(SUFFIX) else None
        if spec is None or spec.kind not in UPLOAD_KINDS:
            posting.unexpected.append(posted)
        else:
            accept = spec.limits.accept or ((".xlsx",) if spec.kind is Kind.SHEET else ())
            found.append(PendingUpload(posting.name_of(target), item, accept))
    return found
