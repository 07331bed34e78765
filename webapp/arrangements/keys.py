"""The keys of the inbox: one letter or sign for each action, and how a person may change them."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

USUAL = {
    "next": "j",
    "previous": "k",
    "approve": "a",
    "return": "r",
    "reject": "b",
    "tick": "x",
    "search": "/",
    "help": "?",
}


def action_names() -> dict[str, str]:
    """What each key does, in the order of the help."""
    return {
        "next": _("下一件"),
        "previous": _("上一件"),
        "approve": _("同意（或收存、提交）"),
        "return": _("退回，选定退给谁"),
        "reject": _("不予同意，选定条款"),
        "tick": _("勾选这一件，供批量同意"),
        "search": _("到查找框"),
        "help": _("看快捷键"),
    }


def merged(changed: Mapping[str, str]) -> dict[str, str]:
    """The usual keys with a person's own in their place."""
    return {**USUAL, **{action: key for action, key in changed.items() if action in USUAL}}


def problems(keys: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, a sentence for each action: no key, more than a key, or one that another action has."""
    found: dict[str, str] = {}
    seen: dict[str, str] = {}
    names = action_names()
    for action in USUAL:
        key = keys.get(action, "")
        if len(key) != 1 or not key.isascii() or not key.isprintable() or key == " ":
            found[action] = _("请填一个英文字母、数字或符号")
        elif key in seen:
            found[action] = _("「%(key)s」已用于：%(name)s", key=key, name=names[seen[key]])
        else:
            seen[key] = action
    return found
