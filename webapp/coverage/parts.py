"""One part of a pack that can cite clauses."""

from __future__ import annotations

from dataclasses import dataclass

NOT_STATED = "not-stated"


@dataclass(frozen=True)
class Element:
    """Something that carries a clause out, or says that the text is silent.

    `kind` is one of `naming.kind_names`, `file` and `place` (an id in that file) say where it stands, `process` the
    process it belongs to ("" for the whole pack). `articles` as written; `reason`: whether it says why the text is
    silent. `must`: whether it has to cite something. `owner` is the form or table it is a part of.
    """

    kind: str
    file: str
    place: str
    name_zh: str
    name_en: str = ""
    process: str = ""
    articles: tuple[str, ...] = ()
    reason: bool = False
    must: bool = True
    owner: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """The clauses it cites, each once."""
        return tuple(dict.fromkeys(code for code in self.articles if code != NOT_STATED))

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it apart."""
        return (self.process, self.file, self.place)

    @property
    def cites(self) -> bool:
        """Whether it cites a clause, or says why there is none to cite."""
        return bool(self.codes) or (NOT_STATED in self.articles and self.reason)

    def name(self, locale: str) -> str:
        return (self.name_en or self.name_zh) if locale == "en" else self.name_zh
