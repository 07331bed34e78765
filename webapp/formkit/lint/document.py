"""The file as a whole: JSON, form-js version, its own name, the keys it may use."""

import json
import re
from pathlib import PurePosixPath
from typing import Any, Final

from webapp.engine import feel
from webapp.engine.errors import EngineError
from webapp.formkit.lint.faults import Faults

MAX_BYTES = 512 * 1024
MAX_FIELDS = 200
KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)

# Names the pages themselves post beside a form's fields; no form may use them as keys.
PAGE_NAMES: Final = frozenset(
    {"csrf_token", "version", "action", "submission_key", "decision", "opinion", "grounds", "return_to"}
    | {"seat_version", "draft"}
)
# Names of the buttons that change a form's shape, and names that conditions already know.
RESERVED: Final = PAGE_NAMES | {"add", "remove", "drop", "upload", "refresh", "case", "today", "item"}


class _Repeated(ValueError):
    """A JSON object names one member twice."""


def read(source: bytes, faults: Faults) -> dict[str, Any] | None:
    """The form file as parsed JSON, or None with the reason noted."""
    if len(source) > MAX_BYTES:
        faults.add("", "size", "表单文件超过 512 KB", "the form file is larger than 512 KB")
        return None
    try:
        document = json.loads(source.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        faults.add("", "json", f"不是有效的 JSON：{error}", f"not valid JSON: {error}")
        return None
    if not isinstance(document, dict) or not isinstance(document.get("components"), list):
        faults.add("", "shape", "缺少 components 列表", 'there is no list "components"')
        return None
    _head(document, faults)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(f"member given twice: {next(n for n in names if names.count(n) > 1)!r}")
    return made


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _head(document: dict[str, Any], faults: Faults) -> None:
    if document.get("type") != "default":
        faults.add("", "type", '"type" 须为 "default"', '"type" must be "default"')
    if not isinstance(document.get("schemaVersion"), int):
        faults.add(
            "", "schema_version", "缺少 schemaVersion（form-js 1.x 写 19）", "schemaVersion is missing (write 19)"
        )
    stem = PurePosixPath(faults.file).stem
    if document.get("id") != stem:
        faults.add("", "id", f'"id" 须与文件名一致："{stem}"', f'"id" must be the file\'s name "{stem}"')


def check_key(key: str, element: str, taken: set[str], faults: Faults) -> None:
    """Whether `key` may name an answer; `taken` holds the keys of the same level and receives this one."""
    if not KEY.fullmatch(key):
        faults.add(
            element,
            "bad_key",
            f"键“{key}”不合规：用小写字母开头，只含小写字母、数字、下划线，最多 60 个字符",
            f'the key "{key}" is not a lower-case letter followed by at most 59 of a-z, 0-9, _',
        )
        return
    if key in RESERVED or not _usable(key):
        faults.add(
            element, "reserved_key", f"键“{key}”已被系统占用，请换一个", f'the key "{key}" is taken by the system'
        )
    if key in taken:
        faults.add(element, "duplicate_key", f"键“{key}”重复", f'the key "{key}" is used twice')
    taken.add(key)


def _usable(key: str) -> bool:
    """Whether the key can be written in an expression, which keywords cannot."""
    try:
        return feel.compile(key).names == frozenset({key})
    except EngineError:
        return False
