"""Which form-js component, with which `properties.kind`, asks for what."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from webapp.formkit.specs import Kind

Component: TypeAlias = Mapping[str, Any]

# (type, properties.kind) -> Kind; our own kinds sit on standard types so that the form-js editor opens them.
KINDS: Final[Mapping[tuple[str, str], Kind]] = {
    ("textfield", ""): Kind.TEXT,
    ("textarea", ""): Kind.LONG_TEXT,
    ("number", ""): Kind.NUMBER,
    ("datetime", ""): Kind.DATE,
    ("select", ""): Kind.SELECT,
    ("select", "unit"): Kind.UNIT,
    ("select", "person"): Kind.PERSON,
    ("select", "platform"): Kind.PLATFORM,
    ("select", "account"): Kind.ACCOUNT,
    ("radio", ""): Kind.RADIO,
    ("checklist", ""): Kind.CHECKLIST,
    ("checkbox", ""): Kind.CHECKBOX,
    ("checkbox", "undertaking"): Kind.UNDERTAKING,
    ("filepicker", ""): Kind.FILES,
    ("filepicker", "sheet"): Kind.SHEET,
    ("dynamiclist", ""): Kind.ROWS,
    ("text", ""): Kind.STATIC,
    ("separator", ""): Kind.SEPARATOR,
}
TYPES: Final = tuple(dict.fromkeys(type_ for type_, _ in KINDS))

CHOICE_KINDS: Final = frozenset({Kind.SELECT, Kind.RADIO, Kind.CHECKLIST})
TEXT_KINDS: Final = frozenset({Kind.TEXT, Kind.LONG_TEXT})


def properties(component: Component) -> Mapping[str, Any]:
    """The component's `properties`, {} when it has none."""
    found = component.get("properties")
    return found if isinstance(found, dict) else {}


def prop(component: Component, name: str) -> str:
    """One property as stripped text ("" when absent); the form-js editor keeps every property as text."""
    value = properties(component).get(name)
    return "" if value is None else str(value).strip()


def names_in(text: str) -> tuple[str, ...]:
    """The names in a property that lists several, separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def kind_of(component: Component) -> Kind | None:
    """The kind of a component, None when formkit has no such component."""
    return KINDS.get((str(component.get("type", "")), prop(component, "kind")))


def key_of(component: Component) -> str:
    """The name a component's answer is kept under; a dynamiclist has it as `path`."""
    found = component.get("path" if component.get("type") == "dynamiclist" else "key")
    return found if isinstance(found, str) else ""


def listed(component: Component, name: str) -> list[Any]:
    """A list attribute, [] when absent or of another type."""
    found = component.get(name)
    return found if isinstance(found, list) else []


def children(component: Component) -> Iterator[Component]:
    """The components inside a group or dynamiclist."""
    return (c for c in listed(component, "components") if isinstance(c, dict))
