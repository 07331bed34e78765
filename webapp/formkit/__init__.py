"""form-js JSON becomes WTForms forms: loaded with lint, bound to posts or answers, shown read-only, compared.

Knows neither the web framework nor the database; asks the outside only through `Lookups`.
"""

from webapp.formkit.bind import BoundForm, BoundSection, bind
from webapp.formkit.bound_field import BoundField, BoundRow
from webapp.formkit.current import Registered, compare
from webapp.formkit.differences import Change, Difference, changed_fields, differences
from webapp.formkit.display import Row, describe
from webapp.formkit.errors import ConditionError, FormSchemaError
from webapp.formkit.lint import PAGE_NAMES, RESERVED, check
from webapp.formkit.lookups import (
    CHECKS,
    Advice,
    Choice,
    FileInfo,
    Level,
    Locale,
    Lookups,
    SheetProblem,
    SheetReading,
    SheetTable,
)
from webapp.formkit.posting import StructuralAction
from webapp.formkit.schema import load
from webapp.formkit.specs import Basis, Bilingual, FieldSpec, FormSchema, Kind, RuleSpec, SectionSpec
from webapp.formkit.uploads import PendingUpload

__all__ = [
    "CHECKS",
    "PAGE_NAMES",
    "RESERVED",
    "Advice",
    "Basis",
    "Bilingual",
    "BoundField",
    "BoundForm",
    "BoundRow",
    "BoundSection",
    "Change",
    "Choice",
    "ConditionError",
    "Difference",
    "FieldSpec",
    "FileInfo",
    "FormSchema",
    "FormSchemaError",
    "Kind",
    "Level",
    "Locale",
    "Lookups",
    "PendingUpload",
    "Registered",
    "Row",
    "RuleSpec",
    "SectionSpec",
    "SheetProblem",
    "SheetReading",
    "SheetTable",
    "StructuralAction",
    "bind",
    "changed_fields",
    "check",
    "compare",
    "describe",
    "differences",
    "load",
]
