"""From the bytes of a form file to a FormSchema."""

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from webapp.formkit import lint
from webapp.formkit.components import rule_of, spec_of
from webapp.formkit.conditions import Texts, driving
from webapp.formkit.errors import FormSchemaError
from webapp.formkit.kinds import Component, children, listed
from webapp.formkit.lint.conditions import hide_of
from webapp.formkit.specs import Bilingual, FormSchema, SectionSpec

Placed = tuple[int, Bilingual, Component, Texts]


@lru_cache(maxsize=512)
def load(source: bytes, name: str) -> FormSchema:
    """The form held in `source` (form-js JSON, UTF-8). `name` is its path within the pack, its stem the form's key.

    The result is shared: do not change it. Raises FormSchemaError with every finding of `lint.check`.
    """
    if findings := lint.check(source, name):
        raise FormSchemaError(findings)
    document: dict[str, Any] = json.loads(source)
    drivers = driving(document)
    sections = tuple(
        SectionSpec(next(title for _, title, _, _ in items), tuple(spec_of(c, h, drivers) for _, _, c, h in items))
        for items in (list(run) for _, run in groupby(_placed(document), key=lambda placed: placed[0]))
    )
    rules = tuple(rule_of(rule) for rule in listed(document, "beianRules"))
    return FormSchema(str(document["id"]), hashlib.sha256(source).hexdigest(), sections, rules, document)


def _placed(document: Component) -> Iterator[Placed]:
    """Each top-level item with the number and title of its section and the texts of the conditions that hide it."""
    number = 0
    loose = False
    for component in children(document):
        own = (text,) if (text := hide_of(component)) else ()
        if component.get("type") == "group":
            number, loose = number + 1, False
            for child in children(component):
                inner = (text,) if (text := hide_of(child)) else ()
                yield number, label_of(component), child, own + inner
            continue
        if not loose:
            number, loose = number + 1, True
        yield number, Bilingual(), component, own


def label_of(component: Component) -> Bilingual:
    """The label of a component in both languages."""
    held = component.get("properties") or {}
    return Bilingual(str(component.get("label") or "").strip(), str(held.get("label_en") or "").strip())
