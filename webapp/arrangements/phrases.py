"""The phrases offered under an opinion box."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_login import current_user

from webapp.arrangements import queries


def usual() -> list[str]:
    """What is offered to who has kept no phrase."""
    return [_("情况属实，同意"), _("请补充材料"), _("不符合规定")]


class PhraseBox:
    """The phrases of who is signed in, read when they are first gone through; the usual ones for who has none."""

    def __iter__(self) -> Iterator[str]:
        own = [phrase.words for phrase in queries.phrases(current_user)] if current_user.is_authenticated else []
        return iter(own or usual())
